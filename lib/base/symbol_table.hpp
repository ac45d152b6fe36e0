// SPDX-License-Identifier: BSD-3-Clause
// The variables of a loaded library, local ones too, as the file that it was loaded from names
// them. A file that has been stripped names none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/loaded_images.hpp"

namespace chkpt {

struct Symbol {
  std::string name;      // as it is in the file
  std::uintptr_t begin;  // its address; of a thread's variable: its offset in the thread's block
  std::size_t size;
  bool is_of_thread;
};

struct SymbolTable {
  std::vector<Symbol> variables;  // as far as they have a size; constants too
  bool is_stripped = true;
  std::string identity;  // the same for the same library in another process
};

// What cannot be told (the file is gone, or another one by now) is as if it had been stripped.
SymbolTable read_symbol_table(const LoadedImage& image);

// As a programmer has written it: "pybind11::options::global_state()::instance"; a name that no C++
// compiler has made stays as it is.
std::string readable_symbol(const std::string& name);

}  // namespace chkpt
