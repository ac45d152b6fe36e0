// SPDX-License-Identifier: BSD-3-Clause
// The writable memory of shared libraries: what their code keeps between two calls lies there, most
// of it without a name. What has changed since a library was loaded is state. For libraries of
// which it is known that they keep no Python objects there.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chkpt::heap {

// Remembers the memory of the library from this file, as soon as it has been loaded; does nothing
// for others, and the second time. Needs the GIL, as the others do.
void note_image_memory(const std::string& path);

// The changes since then, or None if there are none or no such library is loaded. `allocated`:
// addresses of memory that is saved in another way, to which the library may point. Throws
// CannotSave if it has got the address of any other memory, or nobody saw it being loaded.
Ref image_changes(const std::string& path, const std::vector<std::uintptr_t>& allocated);
// Makes the same changes to its memory in this process. Throws Raised if it is another library, or
// not loaded.
void set_image_changes(const std::string& path, PyObject* changes);

}  // namespace chkpt::heap
