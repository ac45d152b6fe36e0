// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/chain.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/drive.hpp"
#include "python/frames/native/native_frame.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

std::string text_of(PyObject* unicode) {
  const char* text = unicode && PyUnicode_Check(unicode) ? PyUnicode_AsUTF8(unicode) : nullptr;
  if (!text) PyErr_Clear();
  return text ? text : "?";
}

// Does a function defined inside `co` assign to its variable `name` (nonlocal)?
bool inner_code_rebinds(PyCodeObject* co, PyObject* name) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(co->co_consts); ++i) {
    PyObject* item = PyTuple_GET_ITEM(co->co_consts, i);
    if (!PyCode_Check(item)) continue;
    auto* inner = reinterpret_cast<PyCodeObject*>(item);
    const CodeAnalysis* code = CodeAnalysis::of(inner);
    if (!code) return true;
    for (int at = 0; at < code->size(); at = code->next(at)) {
      const int op = code->opcode(at);
      if (op != shim::kStoreDeref && op != shim::kDeleteDeref) continue;
      if (PyUnicode_Compare(PyTuple_GET_ITEM(inner->co_localsplusnames, code->arg(at)), name) == 0)
        return true;
    }
    if (inner_code_rebinds(inner, name)) return true;
  }
  return false;
}

// Inlined Python-to-Python call: the interpreter has left everything in the frame.
bool plan_inlined(InterpreterFrame* frame, const CodeAnalysis& code, InterpreterFrame* callee,
                  FramePlan* plan, std::string* reason) {
  const int offset = shim::offset(frame);
  plan->stack_size = frame->stacktop - shim::code(frame)->co_nlocalsplus;
  if (frame->stacktop < 0 || plan->stack_size < 0) {
    *reason = "in a frame without a saved stack";
    return false;
  }
  plan->kind = kPush;
  if (!shim::generator_of(callee)) {
    plan->next = shim::next_after_inlined_call(frame, offset);
    return true;
  }
  const int at = code.owner(offset);
  if (code.opcode(at) != shim::kForIter && code.opcode(at) != shim::kSend) {
    *reason = "in a generator advanced in an unknown way";
    return false;
  }
  plan->kind = code.opcode(at) == shim::kForIter ? kForIter : kSend;
  plan->next = code.next(at);
  plan->jump = code.jump(at);
  return true;
}

// The innermost frame in the eval breaker: its instruction is complete, the next one not begun.
bool plan_at_breaker(InterpreterFrame* frame, const CodeAnalysis& code, FramePlan* plan,
                     std::string* reason) {
  const int at = shim::offset(frame);
  const int op = code.opcode(at);
  if (op == shim::kResume || op == shim::kCall || op == shim::kCallKw ||
      op == shim::kCallFunctionEx) {
    plan->next = code.next(at);
  } else if (shim::checks_breaker_when_jumping(op)) {
    plan->next = code.jump(at);
  } else if (op == shim::kPrecall) {  // specialised: has done the CALL that follows
    plan->next = code.next(following_call(code, at));
  } else if (op == shim::kCompareOp &&
             shim::checks_breaker_when_jumping(code.opcode(code.next(at)))) {
    plan->next = code.jump(code.next(at));  // specialised: has done the backward jump that follows
  } else {
    *reason = "between two instructions that cannot be parted";
    return false;
  }
  plan->kind = kTop;
  plan->stack_size = code.depth(plan->next);
  if (plan->stack_size < 0) {
    *reason = "in code whose stack depth is not known";
    return false;
  }
  return true;
}

// Native frames have gone on since the resume only if one of them runs the callee.
bool plan_pending_natives(const PendingFrame& pending, InterpreterFrame* callee, FramePlan* plan,
                          std::string* reason) {
  try {
    if (pending.natives) plan->natives = waiting_natives(pending.natives.get());
    return !pending.going_on || plan_native_going_on(*pending.going_on, callee, plan, reason);
  } catch (const PythonError& error) {
    *reason = error.what();
    return false;
  }
}

bool plan_pending(const PendingFrame& pending, InterpreterFrame* callee, FramePlan* plan,
                  std::string* reason) {
  plan->kind = static_cast<Kind>(pending.kind);
  plan->next = pending.next;
  plan->jump = pending.jump;
  plan->extra = pending.extra;
  plan->stack_size = plan->frame->stacktop - shim::code(plan->frame)->co_nlocalsplus;
  return plan_pending_natives(pending, callee, plan, reason);
}

bool plan_frame(InterpreterFrame* frame, InterpreterFrame* callee, Innermost innermost,
                FramePlan* plan, std::string* reason) {
  plan->frame = frame;
  if (const PendingFrame* pending = find_pending(frame))
    return plan_pending(*pending, callee, plan, reason);
  const CodeAnalysis* code = CodeAnalysis::of(shim::code(frame));
  const int offset = shim::offset(frame);
  if (!code || offset < 0 || offset >= code->size()) {
    *reason = code ? "in a frame that has not started" : "in code that could not be analysed";
    return false;
  }
  if (callee && !shim::entered_from_c(callee))
    return plan_inlined(frame, *code, callee, plan, reason);
  if (code->depth(offset) < 0) {
    *reason = "in code whose stack depth is not known";
    return false;
  }
  if (callee) {
    plan->through_c = true;
    return plan_c_boundary(frame, *code, callee, plan, reason);
  }
  if (innermost == Innermost::kBlockedCall) return plan_blocked_call(frame, *code, plan, reason);
  return plan_at_breaker(frame, *code, plan, reason);
}

// Walks the frames innermost first. Calls visit(frame, callee, object) where `object` is what the
// frame is constructing if the interpreter itself keeps it in a helper frame (3.13).
template <class Visit>
bool walk(PyThreadState* ts, Visit visit) {
  InterpreterFrame* callee = nullptr;
  PyObject* object = nullptr;
  for (InterpreterFrame* f = shim::innermost(ts); f; f = shim::caller(f)) {
    if (PyObject* constructed = shim::object_of_init_helper(f)) {
      object = constructed;
      continue;
    }
    if (!visit(f, callee, object)) return false;
    callee = f;
    object = nullptr;
  }
  return true;
}

bool plan_visited(InterpreterFrame* frame, InterpreterFrame* callee, PyObject* object,
                  Innermost innermost, FramePlan* plan, std::string* reason) {
  if (!plan_frame(frame, callee, innermost, plan, reason)) return false;
  if (object) {
    plan->kind = kInit;
    plan->extra = Ref::borrow(object);
  }
  return true;
}

}  // namespace

bool plan_stack(Innermost innermost, StackPlan* plan, WhyNot* why_not) {
  plan->frames_.clear();
  plan->innermost_ = innermost;
  if (is_ending_a_step()) {
    *why_not = {"at the end of a step of a task", ""};
    return false;
  }
  PyThreadState* ts = shim::main_thread_state();
  std::vector<InterpreterFrame*> frames;
  if (ts)
    walk(ts, [&](InterpreterFrame* f, InterpreterFrame*, PyObject*) {
      frames.push_back(f);
      return true;
    });
  why_not->reason = why_not_the_script({frames.rbegin(), frames.rend()});
  why_not->where = frames.empty() ? "" : place_of(frames.front());
  if (!why_not->reason.empty()) return false;

  const bool complete =
      walk(ts, [&](InterpreterFrame* f, InterpreterFrame* callee, PyObject* object) {
        FramePlan frame_plan;
        if (!plan_visited(f, callee, object, innermost, &frame_plan, &why_not->reason)) {
          why_not->where = place_of(f);
          return false;
        }
        plan->frames_.push_back(std::move(frame_plan));
        return true;
      });
  if (!complete) plan->frames_.clear();
  if (complete) *why_not = WhyNot{};
  return complete;
}

char* blocking_eval_loop(PyThreadState* ts) {
  char* blocking = nullptr;
  char* loop = shim::eval_loop(ts);
  walk(ts, [&](InterpreterFrame* f, InterpreterFrame* callee, PyObject* object) {
    if (find_pending(f)) return true;  // in no eval loop yet
    if (callee && shim::entered_from_c(callee) && loop) loop = shim::outer_eval_loop(loop);
    FramePlan unused;
    std::string reason;
    if (callee && !plan_visited(f, callee, object, Innermost::kEvalBreaker, &unused, &reason))
      blocking = loop;
    return true;
  });
  return blocking;
}

InterpreterFrame* called_by_eval_loop(PyThreadState* ts, const char* eval_loop) {
  char* loop = shim::eval_loop(ts);
  for (InterpreterFrame* f = shim::innermost(ts); f && loop; f = shim::caller(f)) {
    if (!shim::entered_from_c(f)) continue;
    loop = shim::outer_eval_loop(loop);
    if (loop == eval_loop) return f;
  }
  return nullptr;
}

std::string place_of(InterpreterFrame* frame) {
  PyCodeObject* co = shim::code(frame);
  const int line = PyCode_Addr2Line(co, shim::offset(frame) * 2);
  std::string file = text_of(co->co_filename);
  const auto slash = file.rfind('/');
  if (slash != std::string::npos) file.erase(0, slash + 1);
  return file + ":" + std::to_string(line) + " in " + text_of(co->co_qualname);
}

namespace {

// Not kept: what it holds must go when the interpreter ends. While the script runs its frame has
// it.
PyObject* script_globals = nullptr;

}  // namespace

void remember_script(PyObject* globals) { script_globals = globals; }
bool knows_script() { return script_globals != nullptr; }

std::string why_not_the_script(const std::vector<InterpreterFrame*>& frames) {
  if (frames.empty()) return "no Python code is running";
  PyObject* modules = PyImport_GetModuleDict();
  PyObject* module = modules ? PyDict_GetItemString(modules, "__main__") : nullptr;
  if (!module || !PyModule_Check(module)) return "there is no __main__ module";
  PyObject* globals = PyModule_GetDict(module);
  const auto is_script = [&](InterpreterFrame* f) {
    const bool in_main = f->f_globals == globals || f->f_globals == script_globals;
    return in_main && !(shim::code(f)->co_flags & CO_OPTIMIZED);
  };
  if (is_script(frames.front())) return "";
  // python -m, directories and zip files: runpy executes the script.
  const std::string file = text_of(shim::code(frames.front())->co_filename);
  if (file == "<frozen runpy>" || (file.size() >= 9 && file.substr(file.size() - 9) == "/runpy.py"))
    for (InterpreterFrame* f : frames)
      if (is_script(f)) return "";
  return "outside the script's own code";
}

int following_call(const CodeAnalysis& code, int precall) {
  int call = code.next(precall);
  while (code.opcode(call) == shim::kExtendedArg) ++call;
  return call;
}

bool keeps_first_argument(PyCodeObject* co) {
  if (co->co_argcount < 1) return false;
  const CodeAnalysis* code = CodeAnalysis::of(co);
  if (!code || code->rebinds_first_argument()) return false;
  const bool is_cell = (_PyLocals_GetKind(co->co_localspluskinds, 0) & CO_FAST_CELL) != 0;
  return !is_cell || !inner_code_rebinds(co, PyTuple_GET_ITEM(co->co_localsplusnames, 0));
}

PyObject* unchanged_first_argument(InterpreterFrame* frame) {
  PyCodeObject* co = shim::code(frame);
  if (!keeps_first_argument(co)) return nullptr;
  PyObject* first = frame->localsplus[0];
  const bool is_cell = (_PyLocals_GetKind(co->co_localspluskinds, 0) & CO_FAST_CELL) != 0;
  return is_cell && first && PyCell_Check(first) ? PyCell_GET(first) : first;
}

std::string name_of_callable(PyObject* c) {
  if (!c) return "a C function";
  if (PyCFunction_Check(c)) {
    const auto* f = reinterpret_cast<PyCFunctionObject*>(c);
    const std::string module =
        f->m_module && PyUnicode_Check(f->m_module) ? text_of(f->m_module) : "builtins";
    if (f->m_self && !PyModule_Check(f->m_self))
      return std::string(Py_TYPE(f->m_self)->tp_name) + "." + f->m_ml->ml_name;
    return module == "builtins" ? std::string("<builtin ") + f->m_ml->ml_name + ">"
                                : module + "." + f->m_ml->ml_name;
  }
  if (Py_IS_TYPE(c, &PyMethodDescr_Type) || Py_IS_TYPE(c, &PyWrapperDescr_Type)) {
    const auto* d = reinterpret_cast<PyDescrObject*>(c);
    return std::string(d->d_type->tp_name) + "." + text_of(d->d_name);
  }
  if (PyType_Check(c)) return std::string("class ") + reinterpret_cast<PyTypeObject*>(c)->tp_name;
  if (PyFunction_Check(c)) return text_of(reinterpret_cast<PyFunctionObject*>(c)->func_qualname);
  if (PyMethod_Check(c)) return name_of_callable(PyMethod_GET_FUNCTION(c));
  return std::string("a ") + Py_TYPE(c)->tp_name + " object";
}

}  // namespace chkpt::frames
