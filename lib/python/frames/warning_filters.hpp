// SPDX-License-Identifier: BSD-3-Clause
// How often the filters of warnings have changed: a number of the interpreter's that no API shows.
// Every module's record of the warnings it has shown is cleared when it was made under another one
// (CPython: already_warned() in Python/_warnings.c). Needs the GIL.
#pragma once

namespace chkpt::frames {

long warning_filters_version();
void set_warning_filters_version(long version);

}  // namespace chkpt::frames
