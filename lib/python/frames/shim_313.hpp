// SPDX-License-Identifier: BSD-3-Clause
// CPython 3.13. A frame's instr_ptr is the instruction being executed, or the next one of a frame
// that is about to run; every C-level eval loop has an entry frame of its own on the C stack.
#pragma once

extern "C" {
#include "internal/pycore_gil.h"
#include "internal/pycore_ceval.h"
#include "internal/pycore_code.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_genobject.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_intrinsics.h"
#include "internal/pycore_opcode_metadata.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include <opcode.h>
extern PyTypeObject _PyAnextAwaitable_Type;
extern const struct _PyCode_DEF(8) _Py_InitCleanup;
PyFrameObject* PyFrame_New(PyThreadState*, PyCodeObject*, PyObject*, PyObject*);
}

#include "python/frames/task_layout.hpp"

namespace chkpt::frames::shim {

using InterpreterFrame = _PyInterpreterFrame;

// ---- opcodes that not every version has; -1: this one has none
constexpr int kKwNames = -1;
constexpr int kPrecall = -1;
constexpr int kCallKw = CALL_KW;

// Does an instruction of two packed variables store to variable 0?
constexpr bool stores_fast_zero_in_pair(int opcode, int arg) {
  return (opcode == STORE_FAST_STORE_FAST && ((arg >> 4) == 0 || (arg & 15) == 0)) ||
         (opcode == STORE_FAST_LOAD_FAST && (arg >> 4) == 0);
}

// Instructions that end a basic block without falling through.
constexpr bool never_falls_through(int opcode) {
  return opcode == RETURN_VALUE || opcode == RETURN_CONST || opcode == RAISE_VARARGS ||
         opcode == RERAISE || opcode == INTERPRETER_EXIT || opcode == JUMP_FORWARD ||
         opcode == JUMP_BACKWARD || opcode == JUMP_BACKWARD_NO_INTERRUPT;
}

constexpr bool jumps_backward(int opcode) {
  return opcode == JUMP_BACKWARD || opcode == JUMP_BACKWARD_NO_INTERRUPT;
}

// Backward jumps that look at the eval breaker.
constexpr bool checks_breaker_when_jumping(int opcode) {
  return jumps_backward(opcode) && opcode != JUMP_BACKWARD_NO_INTERRUPT;
}

constexpr bool has_jump(int opcode) {
  return jumps_backward(opcode) || opcode == FOR_ITER || opcode == SEND || opcode == JUMP_FORWARD ||
         opcode == POP_JUMP_IF_TRUE || opcode == POP_JUMP_IF_FALSE || opcode == POP_JUMP_IF_NONE ||
         opcode == POP_JUMP_IF_NOT_NONE;
}

inline int stack_effect(int opcode, int arg, bool jump) {
  return PyCompile_OpcodeStackEffectWithJump(opcode, arg, jump);
}

// Instructions that leave a new, exact dict on the stack.
constexpr bool makes_dict(int opcode) {
  return opcode == DICT_MERGE || opcode == BUILD_MAP || opcode == BUILD_CONST_KEY_MAP;
}

// The instructions that mean "all of *args went through list-to-tuple": the call's argument tuple
// is then the interpreter's own.
constexpr bool makes_args_tuple(int opcode, int arg) {
  return opcode == CALL_INTRINSIC_1 && arg == INTRINSIC_LIST_TO_TUPLE;
}

// Loads that push a callable, possibly with a null or a self: how a name index is packed.
constexpr int global_name_index(int arg) { return arg >> 1; }
constexpr int attribute_name_index(int arg) { return arg >> 1; }
constexpr bool attribute_is_method_load(int arg) { return (arg & 1) != 0; }

// ---- layout of a call on the value stack: [callable, self|NULL, arguments..., keyword names?]
struct CallSlots {
  int callable;
  int self;  // -1: none
};
inline CallSlots call_slots(PyObject** base, int depth, int arg, bool with_kwnames) {
  const int first = depth - arg - 2 - (with_kwnames ? 1 : 0);
  return {first, base[first + 1] ? first + 1 : -1};
}
// CALL_FUNCTION_EX: [callable, NULL, arguments, keywords?]
inline CallSlots call_ex_slots(int depth, int arg) { return {depth - 3 - (arg & 1), -1}; }
constexpr bool kCallableOutlivesCall = false;
constexpr bool kExitIsOnStackDuringEnter = false;
constexpr int kForIterExitSkip = 2;  // units of END_FOR, POP_TOP at FOR_ITER's jump target
constexpr bool kSendKeepsReceiver = true;
constexpr bool kEvalClearsFrames = true;
constexpr bool kEvalFinishesGenerators = true;
constexpr bool kThrowLooksAtCallSite = true;
constexpr bool kSumCompensates = true;  // sum() of floats

// ---- frames
inline PyCodeObject* code(InterpreterFrame* f) { return _PyFrame_GetCode(f); }
inline PyObject* function(InterpreterFrame* f) { return f->f_funcobj; }
inline _Py_CODEUNIT*& instruction(InterpreterFrame* f) { return f->instr_ptr; }
constexpr int kLagBehindNext = 0;
inline bool is_eval_entry(InterpreterFrame* f) { return f->owner == FRAME_OWNED_BY_CSTACK; }
inline bool entered_from_c(InterpreterFrame* f) {
  return f->previous && is_eval_entry(f->previous);
}
// The object under construction if f is the interpreter's helper frame around an inlined __init__.
inline PyObject* object_of_init_helper(InterpreterFrame* f) {
  const bool helper = f->f_executable == reinterpret_cast<const PyObject*>(&_Py_InitCleanup);
  return helper ? f->localsplus[0] : nullptr;
}
inline InterpreterFrame* current(PyThreadState* ts) { return ts->current_frame; }
inline int next_after_inlined_call(InterpreterFrame* f, int offset) {
  return offset + f->return_offset;
}
inline int& recursion_remaining(PyThreadState* ts) { return ts->py_recursion_remaining; }
inline void set_code(InterpreterFrame* f, PyCodeObject* co) {
  f->f_executable = Py_NewRef(reinterpret_cast<PyObject*>(co));
}
inline void set_function(InterpreterFrame* f, PyFunctionObject* function) {
  f->f_funcobj = Py_NewRef(reinterpret_cast<PyObject*>(function));
  f->f_globals = function->func_globals;
  f->f_builtins = function->func_builtins;
}
// A frame is cleared together with its function: gives one to a frame that was never filled.
inline void ensure_function(InterpreterFrame* f) {
  if (!f->f_funcobj) f->f_funcobj = Py_NewRef(Py_None);
}
inline InterpreterFrame* push_frame(PyThreadState* ts, int slots) {
  return _PyThreadState_PushFrame(ts, static_cast<std::size_t>(slots));
}
inline void clear_frame(PyThreadState*, InterpreterFrame* f) { _PyFrame_ClearExceptCode(f); }
inline void drop_unused_frame(PyThreadState* ts, InterpreterFrame* f) {
  PyObject* co = f->f_executable;
  _PyFrame_ClearExceptCode(f);
  Py_DECREF(co);
  _PyThreadState_PopFrame(ts, f);
}

// Places `f` under the frames that are pending while one of them is evaluated.
class EvalBase {
 public:
  explicit EvalBase(PyThreadState* ts) : ts_(ts), base_(current(ts)) {}
  ~EvalBase() { ts_->current_frame = base_; }
  EvalBase(const EvalBase&) = delete;
  EvalBase& operator=(const EvalBase&) = delete;
  InterpreterFrame* base() const { return base_; }
  void stand_on(InterpreterFrame* f) { ts_->current_frame = f; }

 private:
  PyThreadState* ts_;
  InterpreterFrame* base_;
};

// ---- generators
inline bool frame_has_code(InterpreterFrame* f) { return f->f_executable != nullptr; }
constexpr int kGeneratorExecuting = FRAME_EXECUTING;
constexpr int kGeneratorCleared = FRAME_CLEARED;
constexpr bool suspended(int state) { return FRAME_STATE_SUSPENDED(state); }
// gen_dealloc() reads the code from the frame, even from a cleared one.
inline void init_generator_code(PyGenObject* g, PyObject* code) {
  set_code(reinterpret_cast<InterpreterFrame*>(g->gi_iframe),
           reinterpret_cast<PyCodeObject*>(code));
}
inline PyObject* generator_code(PyGenObject* g) {
  return reinterpret_cast<PyObject*>(code(reinterpret_cast<InterpreterFrame*>(g->gi_iframe)));
}
inline void drop_frame_code(PyGenObject*) {}

// ---- frame objects
// Names added through frame.f_locals. Borrowed; null if none.
inline PyObject* frame_extra(PyFrameObject* f) { return f->f_extra_locals; }
inline void set_frame_extra(PyFrameObject* f, PyObject* names) {
  Py_XSETREF(f->f_extra_locals, Py_NewRef(names));
}
// Views of a frame's variables. Later headers of 3.13 have this layout, early ones do not.
struct FrameView {
  PyObject_HEAD PyFrameObject* frame;
};
inline PyTypeObject* frame_view_type() { return &PyFrameLocalsProxy_Type; }
inline PyFrameObject** frame_of_view(PyObject* view) {
  return &reinterpret_cast<FrameView*>(view)->frame;
}

// ---- dicts
inline std::uint64_t dict_version(PyObject* dict) {
  return reinterpret_cast<PyDictObject*>(dict)->ma_version_tag / DICT_VERSION_INCREMENT;
}

// ---- asyncio's Future and Task, by offset
constexpr TaskLayout kTaskLayout{104, 144,      88,       112,      120,      128, 136,
                                 96,  {100, 1}, {100, 2}, {100, 4}, {100, 8}, 104};

// ---- interpreter
inline bool finalizing() { return Py_IsFinalizing() != 0; }
inline bool gil_is_free() {
  return !_Py_atomic_load_int_relaxed(&PyInterpreterState_Main()->ceval.gil->locked);
}
inline bool add_pending_call(int (*call)(void*)) { return Py_AddPendingCall(call, nullptr) == 0; }
// Each thread has an eval breaker of its own here, a bit for each thing to do, and is told.
inline void poke_eval_breaker() {}
inline void settle_eval_breaker() {}
inline bool holds_gil(PyThreadState*) { return true; }
// Signals that have come and whose handlers have not run yet. Once forgotten no eval loop runs them
// until they are pending again.
inline bool signals_pending() {
  return _Py_eval_breaker_bit_is_set(_PyRuntime.main_tstate, _PY_SIGNALS_PENDING_BIT) != 0;
}
inline void forget_pending_signals() {
  _Py_unset_eval_breaker_bit(_PyRuntime.main_tstate, _PY_SIGNALS_PENDING_BIT);
}
inline void pend_signals() {
  _Py_set_eval_breaker_bit(_PyRuntime.main_tstate, _PY_SIGNALS_PENDING_BIT);
}
inline bool repeats_checks(PyThreadState*) { return false; }
// An address on the C stack that identifies the running eval loop: its entry frame's.
inline char* eval_loop_at(InterpreterFrame* f) {
  while (f && !is_eval_entry(f)) f = f->previous;
  return reinterpret_cast<char*>(f);
}
inline char* eval_loop(PyThreadState* ts) { return eval_loop_at(current(ts)); }

// The eval loop around the one at `loop`.
inline char* outer_eval_loop(char* loop) {
  return eval_loop_at(reinterpret_cast<InterpreterFrame*>(loop)->previous);
}

}  // namespace chkpt::frames::shim
