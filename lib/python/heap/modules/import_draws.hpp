// SPDX-License-Identifier: BSD-3-Clause
// Libraries that draw from random, or from the generators of numpy.random and of torch for the CPU,
// while they are imported (sympy numbers its dummy symbols from such a number): on resume each is
// imported with the generators in the state in which it found them, so that it draws the same. All
// throw Raised.
#pragma once

#include "python/ref.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace chkpt::heap {

// Around one outermost import.
class ImportDraws {
 public:
  static constexpr std::size_t kCount = 3;  // of generators

  explicit ImportDraws(PyObject* spec);
  void finish();  // notes the module for each generator that has moved

 private:
  Ref name_;
  std::array<Ref, kCount> before_;  // null if the generator was not there yet
};

// A module has just been loaded: it may be one with a generator.
void note_new_generator(const std::string& module);

Ref import_draws();  // [(module name, module of the generator, state before)]
void draw_again(PyObject* draws, PyObject* name);  // before `name` is imported

}  // namespace chkpt::heap
