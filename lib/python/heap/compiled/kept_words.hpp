// SPDX-License-Identifier: BSD-3-Clause
// What is in the variables of compiled code, word by word. Plain bytes are taken as they are, an
// address in a loaded library goes as its place there, the address of a Python object as the
// object, that of memory that belongs to one as a place in it. Any other address that was not there
// when the library was loaded leads to memory of which nothing is known. One that was there stays
// as the library makes it again, and so do objects that an import makes and nobody changes.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

#include "python/heap/compiled/first_addresses.hpp"

namespace chkpt::heap {

// A dict, for set_words(). `library`: what a refusal names. Throws CannotSave.
Ref packed_words(const std::vector<KeptMemory>& memories, const FirstAddresses& first,
                 const std::string& library);
// The same variables as they were. Throws Raised.
void set_words(const std::vector<KeptMemory>& memories, const FirstAddresses& first,
               PyObject* packed);

}  // namespace chkpt::heap
