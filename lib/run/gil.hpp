// SPDX-License-Identifier: BSD-3-Clause
// Holding Python's global interpreter lock for a scope on a thread that Python knows, with the
// script's pending exception put aside.
#pragma once

#include "python/error.hpp"

namespace chkpt::run {

class Gil {
 public:
  Gil() : state_(PyGILState_Ensure()) {}
  ~Gil() { PyGILState_Release(state_); }
  Gil(const Gil&) = delete;
  Gil& operator=(const Gil&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace chkpt::run
