// SPDX-License-Identifier: BSD-3-Clause
// CPython 3.11. A frame's prev_instr is the unit before the next one to execute; every call that is
// not inlined enters a new C-level eval loop, marked by is_entry and a _PyCFrame on the C stack.
#pragma once

extern "C" {
#include "internal/pycore_ceval.h"
#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_genobject.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_opcode.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include <opcode.h>
PyFrameObject* PyFrame_New(PyThreadState*, PyCodeObject*, PyObject*, PyObject*);
}

#include "python/frames/task_layout.hpp"

namespace chkpt::frames::shim {

using InterpreterFrame = _PyInterpreterFrame;

// ---- opcodes that not every version has; -1: this one has none
constexpr int kKwNames = KW_NAMES;
constexpr int kPrecall = PRECALL;
constexpr int kCallKw = -1;

constexpr bool stores_fast_zero_in_pair(int /*opcode*/, int /*arg*/) { return false; }

// Instructions that end a basic block without falling through.
constexpr bool never_falls_through(int opcode) {
  return opcode == RETURN_VALUE || opcode == RAISE_VARARGS || opcode == RERAISE ||
         opcode == JUMP_FORWARD || opcode == JUMP_BACKWARD || opcode == JUMP_BACKWARD_NO_INTERRUPT;
}

constexpr bool jumps_backward(int opcode) {
  return opcode == JUMP_BACKWARD || opcode == JUMP_BACKWARD_NO_INTERRUPT ||
         opcode == POP_JUMP_BACKWARD_IF_TRUE || opcode == POP_JUMP_BACKWARD_IF_FALSE ||
         opcode == POP_JUMP_BACKWARD_IF_NONE || opcode == POP_JUMP_BACKWARD_IF_NOT_NONE;
}

// Backward jumps that look at the eval breaker.
constexpr bool checks_breaker_when_jumping(int opcode) {
  return jumps_backward(opcode) && opcode != JUMP_BACKWARD_NO_INTERRUPT;
}

constexpr bool has_jump(int opcode) {
  return jumps_backward(opcode) || opcode == FOR_ITER || opcode == SEND || opcode == JUMP_FORWARD ||
         opcode == JUMP_IF_FALSE_OR_POP || opcode == JUMP_IF_TRUE_OR_POP ||
         opcode == POP_JUMP_FORWARD_IF_TRUE || opcode == POP_JUMP_FORWARD_IF_FALSE ||
         opcode == POP_JUMP_FORWARD_IF_NONE || opcode == POP_JUMP_FORWARD_IF_NOT_NONE;
}

// PyCompile_OpcodeStackEffect spreads a call's effect over PRECALL and CALL; the interpreter does
// not. The value sent into a generator is on the stack after RETURN_GENERATOR.
inline int stack_effect(int opcode, int arg, bool jump) {
  if (opcode == PRECALL) return 0;
  if (opcode == CALL) return -arg - 1;
  if (opcode == RETURN_GENERATOR) return 1;
  return PyCompile_OpcodeStackEffectWithJump(opcode, arg, jump);
}

// Instructions that leave a new, exact dict on the stack.
constexpr bool makes_dict(int opcode) {
  return opcode == DICT_MERGE || opcode == BUILD_MAP || opcode == BUILD_CONST_KEY_MAP;
}

// The instructions that mean "all of *args went through list-to-tuple": the call's argument tuple
// is then the interpreter's own.
constexpr bool makes_args_tuple(int opcode, int /*arg*/) { return opcode == LIST_TO_TUPLE; }

// Loads that push a callable, possibly with a null or a self: how a name index is packed.
constexpr int global_name_index(int arg) { return arg >> 1; }
constexpr int attribute_name_index(int arg) { return arg; }
constexpr bool attribute_is_method_load(int /*arg*/) { return false; }

// ---- layout of a call on the value stack: [method|NULL, self|callable, arguments...]
struct CallSlots {
  int callable;
  int self;  // -1: none
};
inline CallSlots call_slots(PyObject** base, int depth, int arg, bool /*with_kwnames*/) {
  const int first = depth - arg - 2;
  if (base[first]) return {first, first + 1};
  return {first + 1, -1};
}
// CALL_FUNCTION_EX: [NULL, callable, arguments, keywords?]
inline CallSlots call_ex_slots(int depth, int arg) { return {depth - 2 - (arg & 1), -1}; }
constexpr bool kCallableOutlivesCall = true;  // address of a plain callable, above the result
constexpr bool kExitIsOnStackDuringEnter = true;
constexpr int kForIterExitSkip = 0;  // units of END_FOR at FOR_ITER's jump target
constexpr bool kSendKeepsReceiver = false;
constexpr bool kEvalClearsFrames = false;
constexpr bool kEvalFinishesGenerators = false;
constexpr bool kThrowLooksAtCallSite = false;
constexpr bool kSumCompensates = false;  // sum() of floats

// ---- frames
inline PyCodeObject* code(InterpreterFrame* f) { return f->f_code; }
inline PyObject* function(InterpreterFrame* f) { return reinterpret_cast<PyObject*>(f->f_func); }
inline _Py_CODEUNIT*& instruction(InterpreterFrame* f) { return f->prev_instr; }
constexpr int kLagBehindNext = 1;
inline bool is_eval_entry(InterpreterFrame*) { return false; }
inline bool entered_from_c(InterpreterFrame* f) { return f->is_entry; }
// The object under construction if f is the interpreter's helper frame around an inlined __init__.
inline PyObject* object_of_init_helper(InterpreterFrame*) { return nullptr; }
inline InterpreterFrame* current(PyThreadState* ts) { return ts->cframe->current_frame; }
inline int next_after_inlined_call(InterpreterFrame* /*f*/, int offset) { return offset + 1; }
inline int& recursion_remaining(PyThreadState* ts) { return ts->recursion_remaining; }
inline void set_code(InterpreterFrame* f, PyCodeObject* co) {
  f->f_code = reinterpret_cast<PyCodeObject*>(Py_NewRef(reinterpret_cast<PyObject*>(co)));
}
inline void set_function(InterpreterFrame* f, PyFunctionObject* function) {
  f->f_func = reinterpret_cast<PyFunctionObject*>(Py_NewRef(reinterpret_cast<PyObject*>(function)));
  f->f_globals = function->func_globals;
  f->f_builtins = function->func_builtins;
}
// A frame is cleared together with its function: gives one to a frame that was never filled.
inline void ensure_function(InterpreterFrame* f) {
  if (!f->f_func) f->f_func = reinterpret_cast<PyFunctionObject*>(Py_NewRef(Py_None));
}
inline InterpreterFrame* push_frame(PyThreadState* ts, int slots) {
  return _PyThreadState_BumpFramePointer(ts, static_cast<std::size_t>(slots));
}
inline void clear_frame(PyThreadState* ts, InterpreterFrame* f) {
  --ts->recursion_remaining;
  _PyFrame_Clear(f);
  ++ts->recursion_remaining;
}
inline void drop_unused_frame(PyThreadState* ts, InterpreterFrame* f) {
  clear_frame(ts, f);
  _PyThreadState_PopFrame(ts, f);
}

// Places `f` under the frames that are pending while one of them is evaluated.
class EvalBase {
 public:
  explicit EvalBase(PyThreadState* ts) : ts_(ts), base_(current(ts)) {
    cframe_ = {};
    cframe_.use_tracing = ts->cframe->use_tracing;
    cframe_.previous = ts->cframe;
    cframe_.current_frame = base_;
    ts->cframe = &cframe_;
  }
  ~EvalBase() {
    ts_->cframe = cframe_.previous;
    ts_->cframe->use_tracing = cframe_.use_tracing;
  }
  EvalBase(const EvalBase&) = delete;
  EvalBase& operator=(const EvalBase&) = delete;
  InterpreterFrame* base() const { return base_; }
  void stand_on(InterpreterFrame* f) { cframe_.current_frame = f; }

 private:
  PyThreadState* ts_;
  InterpreterFrame* base_;
  _PyCFrame cframe_;
};

// ---- generators
inline bool frame_has_code(InterpreterFrame* f) { return f->f_code != nullptr; }
constexpr int kGeneratorExecuting = FRAME_EXECUTING;
constexpr int kGeneratorCleared = FRAME_CLEARED;
constexpr bool suspended(int state) { return state == FRAME_SUSPENDED; }
// The generator and its frame own the code each; the frame's is dropped when it has finished.
inline void init_generator_code(PyGenObject* g, PyObject* code) {
  g->gi_code = reinterpret_cast<PyCodeObject*>(Py_NewRef(code));
  set_code(reinterpret_cast<InterpreterFrame*>(g->gi_iframe), g->gi_code);
}
inline PyObject* generator_code(PyGenObject* g) { return reinterpret_cast<PyObject*>(g->gi_code); }
inline void drop_frame_code(PyGenObject* g) {
  Py_CLEAR(reinterpret_cast<InterpreterFrame*>(g->gi_iframe)->f_code);
}

// ---- frame objects
inline PyObject* frame_extra(PyFrameObject*) { return nullptr; }
inline void set_frame_extra(PyFrameObject*, PyObject*) {}
// Views of a frame's variables: f_locals is a plain dict in this version.
inline PyTypeObject* frame_view_type() { return nullptr; }
inline PyFrameObject** frame_of_view(PyObject*) { return nullptr; }

// ---- dicts
inline std::uint64_t dict_version(PyObject* dict) {
  return reinterpret_cast<PyDictObject*>(dict)->ma_version_tag;
}

// ---- asyncio's Future and Task, by offset
constexpr TaskLayout kTaskLayout{128, 176,       120,       128,        136,        144, 152,
                                 88,  {92, ~0U}, {96, ~0U}, {160, ~0U}, {164, ~0U}, 168};

// ---- interpreter
inline bool finalizing() { return _Py_IsFinalizing() != 0; }
inline bool gil_is_free() { return !_Py_atomic_load_relaxed(&_PyRuntime.ceval.gil.locked); }
inline bool add_pending_call(int (*call)(void*)) {
  return _PyEval_AddPendingCall(PyInterpreterState_Main(), call, nullptr) == 0;
}
// A pending call added by another thread leaves the eval breaker alone, and threads that take the
// GIL may reset it.
inline void poke_eval_breaker() {
  _Py_atomic_store_relaxed(&PyInterpreterState_Main()->ceval.eval_breaker, 1);
}
// The eval breaker as it is due. One that is set with nothing to do is never reset: every check is
// slow from then on, and one at the beginning of a function that is traced never ends, as it comes
// again for as long as the breaker is set (DO_TRACING in CPython's Python/ceval.c). Needs the GIL.
inline void settle_eval_breaker() {
  auto& ceval = PyInterpreterState_Main()->ceval;
  // Reset first: who has something to do meanwhile says so before they set it.
  _Py_atomic_store(&ceval.eval_breaker, 0);
  if (_Py_atomic_load(&ceval.gil_drop_request) || _Py_atomic_load(&ceval.pending.calls_to_do) ||
      ceval.pending.async_exc || _Py_atomic_load(&_PyRuntime.ceval.signals_pending))
    poke_eval_breaker();
}
inline bool holds_gil(PyThreadState* ts) {
  return !gil_is_free() && _Py_atomic_load_relaxed(&_PyRuntime.ceval.gil.last_holder) ==
                               reinterpret_cast<std::uintptr_t>(ts);
}
// Signals that have come and whose handlers have not run yet. Once forgotten no eval loop runs them
// until they are pending again.
inline bool signals_pending() {
  return _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) != 0;
}
inline void forget_pending_signals() {
  _Py_atomic_store_relaxed(&_PyRuntime.ceval.signals_pending, 0);
  settle_eval_breaker();
}
inline void pend_signals() { _PyEval_SignalReceived(PyInterpreterState_Main()); }
// While a trace or profile function is active, a check at the beginning of a function comes again
// and again as long as there is something to do.
inline bool repeats_checks(PyThreadState* ts) { return ts->cframe->use_tracing != 0; }
// An address on the C stack that identifies the running eval loop.
inline char* eval_loop(PyThreadState* ts) { return reinterpret_cast<char*>(ts->cframe); }

// The eval loop around the one at `loop`.
inline char* outer_eval_loop(char* loop) {
  return reinterpret_cast<char*>(reinterpret_cast<_PyCFrame*>(loop)->previous);
}

}  // namespace chkpt::frames::shim
