// SPDX-License-Identifier: BSD-3-Clause
// One embedded interpreter per test program, and scripts run in its __main__. Scripts have two
// extra builtins: log(...) adds a line to log_text(), block(...) calls the hook set here.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>

namespace chkpt::test {

void ensure_interpreter();

// Runs `source` in a fresh __main__. Returns whether it ended without an exception; the traceback
// of one goes to the log as "name:line" entries.
bool run_script(const std::string& source, const std::string& file = "test_script.py");

std::string& log_text();
void log_exception();  // the pending one, which is cleared

// What block(...) and Blocker().wait(...) do: with their arguments; the result is returned.
void set_block_hook(std::function<Ref(PyObject* args)> hook);

}  // namespace chkpt::test
