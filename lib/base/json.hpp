// SPDX-License-Identifier: BSD-3-Clause
// JSON texts: one parser and one writer for the whole project. Numbers stay 64-bit integers, keys
// are written in alphabetical order, text that is not UTF-8 is replaced, not refused.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/json_fwd.hpp"

namespace chkpt {

// Throws FormatError "<what> is not valid JSON: ..." for anything else than one JSON document, for
// duplicate keys and for more than 64 levels of nesting.
Json parse_json(std::string_view text, const std::string& what);

// One line when indent is negative.
std::string dump_json(const Json& value, int indent = -1);

}  // namespace chkpt
