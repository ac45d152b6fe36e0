// SPDX-License-Identifier: BSD-3-Clause
// The type Json for headers that only name it: the library's own header takes seconds to compile.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace chkpt {

using Json = nlohmann::json;

}  // namespace chkpt
