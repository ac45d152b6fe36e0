// SPDX-License-Identifier: BSD-3-Clause
// Process parts and foreign types of all modules.
#pragma once

namespace chkpt::run {

// Once per process, after the interpreter has started: the same before saving and loading.
void register_parts();

}  // namespace chkpt::run
