// SPDX-License-Identifier: BSD-3-Clause
// How one frame of the stack can be resumed, given what its callee is. A frame whose callee was
// entered through C code is resumable only if everything that C code still does with the callee's
// result is known exactly (see Kind); every other C caller is refused by name.
#pragma once

#include "python/frames/stack.hpp"

#include "python/frames/depth.hpp"

namespace chkpt::frames {

// The frame that waits for `callee` inside C code called by its current instruction. Fills *plan,
// or says in *reason what the C code is.
bool plan_c_boundary(_PyInterpreterFrame* frame, const CodeAnalysis& code,
                     _PyInterpreterFrame* callee, FramePlan* plan, std::string* reason);

// The innermost frame, which waits for a C function that its current instruction calls: planned to
// stand before that call.
bool plan_blocked_call(_PyInterpreterFrame* frame, const CodeAnalysis& code, FramePlan* plan,
                       std::string* reason);

// CALL_FUNCTION_EX keeps its argument tuple and dict in C variables and may have replaced them by
// converted copies, leaving stale pointers on the stack. They are the same objects if the compiler
// itself made them, or if one of the frame's own variables holds the very tuple.
bool arguments_are_alive(_PyInterpreterFrame* frame, const CodeAnalysis& code, int at, int depth);

// The self of a running method, if its code provably never rebinds it. Borrowed; null otherwise.
PyObject* unchanged_first_argument(_PyInterpreterFrame* frame);
bool keeps_first_argument(PyCodeObject* code);

// The CALL that belongs to a PRECALL (3.11).
int following_call(const CodeAnalysis& code, int precall);

// "fit.py:88 in main"
std::string place_of(_PyInterpreterFrame* frame);

// "<builtin sorted>", "numpy.linalg.solve", "class Foo": what a user recognises. Borrowed argument.
std::string name_of_callable(PyObject* callable);

// The globals of the script, which it may run under another module's name later: a script that is
// run by it (runpy.run_path) or a worker's copy of it can take its place as __main__.
void remember_script(PyObject* globals);  // borrowed
bool knows_script();

// Why the frames that lie outside __main__ are no script's (atexit, shutdown, start-up); empty: the
// stack belongs to the script. `outermost_first`.
std::string why_not_the_script(const std::vector<_PyInterpreterFrame*>& outermost_first);

// Outermost frame whose callee cannot be resumed from, as an address that identifies its eval loop
// on the C stack (see shim): where to wait for. Null: none.
char* blocking_eval_loop(PyThreadState* ts);
// The frame that C code called by that eval loop runs; null: that loop itself runs, or has ended.
_PyInterpreterFrame* called_by_eval_loop(PyThreadState* ts, const char* eval_loop);

}  // namespace chkpt::frames
