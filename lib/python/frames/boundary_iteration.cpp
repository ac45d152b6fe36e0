// SPDX-License-Identifier: BSD-3-Clause
// Boundaries where an iterator is advanced, or a generator is sent something.
#include "python/frames/shim.hpp"

#include "python/frames/boundary.hpp"

#include <cstring>

namespace chkpt::frames {

using shim::InterpreterFrame;

namespace {

bool is_send(PyObject* c) {
  const auto is_generator_type = [](PyTypeObject* t) {
    return t == &PyGen_Type || t == &PyCoro_Type;
  };
  if (Py_IS_TYPE(c, &PyMethodDescr_Type)) {
    const auto* d = reinterpret_cast<PyDescrObject*>(c);
    return is_generator_type(d->d_type) && PyUnicode_CompareWithASCIIString(d->d_name, "send") == 0;
  }
  if (!PyCFunction_CheckExact(c)) return false;
  const auto* f = reinterpret_cast<PyCFunctionObject*>(c);
  return f->m_self && is_generator_type(Py_TYPE(f->m_self)) &&
         std::strcmp(f->m_ml->ml_name, "send") == 0;
}

}  // namespace

bool runs_next_of(const Boundary& b, PyObject* iterator) {
  return iterator && PyFunction_Check(b.function) &&
         type_attribute(iterator, "__next__") == b.function;
}

bool plan_next(const Boundary& b, const PlannedCall& call, std::string* reason) {
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const int arguments = call.arguments;
  if (is_builtin(call.callable, "next") && call.self < 0 && (arguments == 1 || arguments == 2) &&
      call.first[0] == generator) {
    b.plan->kind = kAdvance;
    if (arguments == 2) b.plan->extra = Ref::borrow(call.first[1]);
    return true;
  }
  if (is_send(call.callable) && arguments == 1) {
    PyObject* self = PyCFunction_CheckExact(call.callable) ? PyCFunction_GET_SELF(call.callable)
                     : call.self >= 0                      ? b.base[call.self]
                                                           : nullptr;
    if (self == generator) {
      b.plan->kind = kAdvance;
      return true;
    }
  }
  return refuse(reason, "inside " + name_of_callable(call.callable) + " advancing a generator");
}

PyObject* advanced_by_next(const PlannedCall& call) {
  const bool is_next = is_builtin(call.callable, "next") && call.self < 0 &&
                       (call.arguments == 1 || call.arguments == 2);
  return is_next ? call.first[0] : nullptr;
}

void plan_as_next(const Boundary& b, const PlannedCall& call) {
  b.plan->kind = call.arguments == 2 ? kPythonNext : kPush;
  if (call.arguments == 2) b.plan->extra = Ref::borrow(call.first[1]);
}

bool plan_python_next(const Boundary& b, const PlannedCall& call) {
  PyObject* iterator = advanced_by_next(call);
  if (!iterator || !runs_next_of(b, iterator)) return false;
  plan_as_next(b, call);
  return true;
}

PyObject* advanced_by_instruction(const Boundary& b) {
  const int top = b.code.opcode(b.at) == shim::kSend ? b.depth - 2 : b.depth - 1;
  return top >= 0 ? b.base[top] : nullptr;
}

void plan_as_iteration(const Boundary& b, Kind kind) {
  b.plan->kind = kind;
  b.plan->stack_size = b.depth - (b.code.opcode(b.at) == shim::kSend ? 1 : 0);
  b.plan->jump = b.code.jump(b.at);
}

// FOR_ITER and SEND over the callee itself, not inlined; or over an iterator in Python.
bool plan_iteration(const Boundary& b, std::string* reason) {
  const bool send = b.code.opcode(b.at) == shim::kSend;
  PyObject* iterator = advanced_by_instruction(b);
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const bool advances_generator = generator && iterator == generator;
  if (!advances_generator && (generator || !runs_next_of(b, iterator)))
    return refuse(reason, send ? "inside an await or yield from of a C iterator"
                               : "inside a for loop over a C iterator");
  plan_as_iteration(b, send ? kSend : advances_generator ? kForIter : kPythonNext);
  return true;
}

}  // namespace chkpt::frames
