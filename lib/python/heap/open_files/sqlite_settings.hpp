// SPDX-License-Identifier: BSD-3-Clause
// What setlimit() and setconfig() (from Python 3.12 on) have told sqlite3 connections. Small limits
// leave no room for the queries that a save and a load make on a connection. All need the GIL and
// throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// ([(limit, value)], [(option, value)]): where the connection has another value than `fresh`.
Ref changed_settings(PyObject* connection, PyObject* fresh);
void change_settings(PyObject* connection, PyObject* changed);

// While it lives, the connection has the limits of `fresh`.
class OrdinaryLimits {
 public:
  OrdinaryLimits(PyObject* connection, PyObject* fresh, PyObject* changed);
  ~OrdinaryLimits();
  OrdinaryLimits(const OrdinaryLimits&) = delete;
  OrdinaryLimits& operator=(const OrdinaryLimits&) = delete;

 private:
  Ref connection_, limits_;
};

}  // namespace chkpt::heap
