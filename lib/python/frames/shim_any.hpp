// SPDX-License-Identifier: BSD-3-Clause
// The part of the shim that reads the same in every supported version. Included by shim.hpp only.
#pragma once

namespace chkpt::frames::shim {

// ---- opcodes that every version has
constexpr int kExtendedArg = EXTENDED_ARG;
constexpr int kCacheUnit = CACHE;
constexpr int kResume = RESUME;
constexpr int kJumpBackward = JUMP_BACKWARD;
constexpr int kCompareOp = COMPARE_OP;
constexpr int kCall = CALL;
constexpr int kCallFunctionEx = CALL_FUNCTION_EX;
constexpr int kForIter = FOR_ITER;
constexpr int kGetIter = GET_ITER;
constexpr int kSend = SEND;
constexpr int kBeforeWith = BEFORE_WITH;
constexpr int kWithExceptStart = WITH_EXCEPT_START;
constexpr int kLoadAttr = LOAD_ATTR;
constexpr int kStoreAttr = STORE_ATTR;
constexpr int kBinarySubscr = BINARY_SUBSCR;
constexpr int kStoreSubscr = STORE_SUBSCR;
constexpr int kDeleteSubscr = DELETE_SUBSCR;
constexpr int kImportName = IMPORT_NAME;
constexpr int kStoreFast = STORE_FAST;
constexpr int kDeleteFast = DELETE_FAST;
constexpr int kStoreDeref = STORE_DEREF;
constexpr int kDeleteDeref = DELETE_DEREF;
constexpr int kMakeCell = MAKE_CELL;
constexpr int kReturnGenerator = RETURN_GENERATOR;
constexpr int kLoadGlobal = LOAD_GLOBAL;
constexpr int kLoadName = LOAD_NAME;
constexpr int kLoadFast = LOAD_FAST;
constexpr int kListExtend = LIST_EXTEND;
constexpr int kSetUpdate = SET_UPDATE;
constexpr int kBinaryOp = BINARY_OP;
constexpr int kInplaceAdd = NB_INPLACE_ADD;

inline InterpreterFrame* skip_entries(InterpreterFrame* f) {
  while (f && is_eval_entry(f)) f = f->previous;
  return f;
}

inline InterpreterFrame* caller(InterpreterFrame* f) { return skip_entries(f->previous); }

inline InterpreterFrame* innermost(PyThreadState* ts) { return skip_entries(current(ts)); }

inline PyGenObject* generator_of(InterpreterFrame* f) {
  return f->owner == FRAME_OWNED_BY_GENERATOR ? _PyFrame_GetGenerator(f) : nullptr;
}

inline InterpreterFrame* frame_of(PyGenObject* g) {
  return reinterpret_cast<InterpreterFrame*>(g->gi_iframe);
}

// Code unit the frame stands at: the executing instruction, or, after an inlined call, the last
// unit of it (3.11, 3.12).
inline int offset(InterpreterFrame* f) {
  return static_cast<int>(instruction(f) - _PyCode_CODE(code(f)));
}

inline void set_offset(InterpreterFrame* f, int unit) {
  instruction(f) = _PyCode_CODE(code(f)) + unit;
}

// Makes `unit` the next instruction to execute.
inline void set_next(InterpreterFrame* f, int unit) { set_offset(f, unit - kLagBehindNext); }

inline PyObject** stack_base(InterpreterFrame* f) {
  return f->localsplus + code(f)->co_nlocalsplus;
}

inline void push(InterpreterFrame* f, PyObject* owned) { f->localsplus[f->stacktop++] = owned; }

inline PyObject* pop(InterpreterFrame* f) {
  PyObject* top = f->localsplus[--f->stacktop];
  f->localsplus[f->stacktop] = nullptr;
  return top;
}

inline int frame_size(PyCodeObject* co) {
  return co->co_nlocalsplus + co->co_stacksize + static_cast<int>(FRAME_SPECIALS_SIZE);
}

inline PyThreadState* running_thread_state() { return _PyThreadState_GET(); }

inline bool is_main_thread_state(PyThreadState* ts) {
  return ts->thread_id == _PyRuntime.main_thread;
}

inline PyThreadState* main_thread_state() {
  PyThreadState* ts = PyInterpreterState_ThreadHead(PyInterpreterState_Main());
  while (ts && !is_main_thread_state(ts)) ts = PyThreadState_Next(ts);
  return ts;
}

}  // namespace chkpt::frames::shim
