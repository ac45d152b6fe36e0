// SPDX-License-Identifier: BSD-3-Clause
// The variables of a compiled module or library of the script's own, by their names in the file.
// Left out is what is no state of the script: the machinery that Cython, pybind11 and other makers
// of bindings put into a module, types, and what belongs to the linker.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "base/loaded_images.hpp"
#include "base/symbol_table.hpp"

namespace chkpt::heap {

// A variable, or memory between variables, of which nothing is known but where it lies.
struct Variable {
  std::string name;  // for people; "" if it has none
  std::uintptr_t begin, end;
};

// `types`: all there are.
std::vector<Variable> variables_of(const LoadedImage& image, const SymbolTable& symbols,
                                   const std::vector<PyTypeObject*>& types);
// Of the thread that calls.
std::vector<Variable> thread_variables_of(const LoadedImage& image, const SymbolTable& symbols);

// Whether Cython has made this library.
bool is_made_by_cython(const LoadedImage& image);

}  // namespace chkpt::heap
