// SPDX-License-Identifier: BSD-3-Clause
// Where libraries lie: the folders of the standard library and of installed packages. What a module
// is made from decides whether a resume imports it again or takes it from the snapshot.
#pragma once

#include <string>

namespace chkpt::heap {

// Of a module's file; what was asked for once is remembered. Needs the GIL.
bool is_library_file(const std::string& path);
// Of the origin in a module's spec: whether Python code was made of it, as of a text in another
// language by a loader of a library; not so of an extension or "built-in".
bool is_python_source(const std::string& origin);
// Of the same: what is no Python source is always a library's. Needs the GIL.
bool is_library_origin(const std::string& origin);
// Of an installed package, not of the standard library. Needs the GIL.
bool is_package_file(const std::string& path);
// Of a shared library's or an extension module's file: it is the script's own, and lies neither in
// the system's folders nor where libraries are installed. Needs the GIL.
bool is_own_binary(const std::string& path);

}  // namespace chkpt::heap
