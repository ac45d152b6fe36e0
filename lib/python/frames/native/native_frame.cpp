// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/native/native_frame.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/native/stand_ins.hpp"
#include "python/frames/objects.hpp"

#include <algorithm>
#include <utility>

namespace chkpt::frames {
namespace {

const NativeFrame* innermost = nullptr;
PyThreadState* main_state = nullptr;

const NativeCode* const kCodes[] = {
    &kSumCode, &kExtremeCode, &kTestCode, &kReduceCode,    &kCollectCode, &kDictCode, &kSortCode,
    &kMapCode, &kFilterCode,  &kZipCode,  &kEnumerateCode, &kCachedCode,  &kInitCode, &kIterCode};

// Not imported for this: that would be seen in sys.modules. A script may import it later.
void find_functools() {
  static bool found = false;
  PyObject* module = found ? nullptr : PyDict_GetItemString(PyImport_GetModuleDict(), "_functools");
  if (!module || !PyModule_Check(module)) return;
  found = true;
  stand_in_for_reduce(module);
  find_cached_calls(module);
}

}  // namespace

NativeFrame::NativeFrame(const NativeCode& code, const void* of)
    : self_(this), code_(code), of_(of), outer_(innermost), caller_(shim::innermost(main_state)) {
  innermost = this;
}

NativeFrame::~NativeFrame() {
  self_ = nullptr;
  innermost = outer_;
}

// Libraries that switch C stacks can leave frames in the list whose memory is another's by now: it
// is followed as far as it consists of frames that are there.
std::vector<const NativeFrame*> native_frames_of(const _PyInterpreterFrame* frame) {
  std::vector<const NativeFrame*> found;
  const NativeFrame* inner = nullptr;
  for (const NativeFrame* f = innermost; f && f > inner && f->self_ == f; f = f->outer_) {
    if (f->caller_ == frame) found.push_back(f);
    inner = f;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

PyObject* describe_native(const NativeFrame& frame) {
  PyObject* state = frame.state();
  return state ? Py_BuildValue("(sN)", frame.code().name, state) : nullptr;
}

Ref described_native(const NativeCode& code, PyObject* state) {
  return checked(Py_BuildValue("(sO)", code.name, state));
}

const NativeCode* native_code_of(PyObject* described) {
  const bool is_pair = PyTuple_CheckExact(described) && PyTuple_GET_SIZE(described) == 2 &&
                       PyTuple_CheckExact(PyTuple_GET_ITEM(described, 1));
  PyObject* name = is_pair ? PyTuple_GET_ITEM(described, 0) : nullptr;
  for (const NativeCode* code : kCodes)
    if (name && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, code->name) == 0)
      return code;
  return nullptr;
}

void wait_in_natives(PyObject* list) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    PyObject* described = PyList_GET_ITEM(list, i);
    const NativeCode* code = native_code_of(described);
    if (code && code->wait) code->wait(PyTuple_GET_ITEM(described, 1));
  }
}

Ref waiting_natives(PyObject* list) {
  Ref now = checked(PyList_GetSlice(list, 0, PyList_GET_SIZE(list)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    PyObject* described = PyList_GET_ITEM(list, i);
    const NativeCode* code = native_code_of(described);
    if (!code || !code->waiting) continue;
    const Ref state = checked(code->waiting(PyTuple_GET_ITEM(described, 1)));
    Ref again = described_native(*code, state.get());
    checked(PyList_SetItem(now.get(), i, again.release()));
  }
  return now;
}

PyObject* go_on_native(Ref described, PyObject* result) {
  const NativeCode* code = native_code_of(described.get());
  if (!code) return damaged(result);
  Ref state = Ref::borrow(PyTuple_GET_ITEM(described.get(), 1));
  described.reset();
  return code->go_on(std::move(state), result);
}

const void* identity(PyObject* callable) {
  if (PyCFunction_Check(callable)) return reinterpret_cast<PyCFunctionObject*>(callable)->m_ml;
  if (Py_IS_TYPE(callable, &PyMethodDescr_Type))
    return reinterpret_cast<PyMethodDescrObject*>(callable)->d_method;
  return callable;
}

bool is_python_callable_object(PyObject* callable) {
  if (is_cached_call(callable)) return true;
  PyObject* callee = tail_callee(callable);
  return callee &&
         (PyFunction_Check(callee) ||
          (PyType_Check(callee) && is_python_class(reinterpret_cast<PyTypeObject*>(callee))));
}

bool has_ended() {
  if (!PyErr_Occurred()) return true;
  if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return false;
  PyErr_Clear();
  return true;
}

bool on_main_thread() { return shim::running_thread_state() == main_state; }

void prepare_native_code() {
  const PendingException untouched;
  try {
    find_functools();
  } catch (const PythonError&) {
    PyErr_Clear();
  }
  record_steps(true);
}

void install_native_code() {
  if (main_state) return;
  stand_in_for_sum();
  stand_in_for_folds();
  stand_in_for_collectors();
  stand_in_for_sorting();
  find_iterators();
  find_functools();
  main_state = shim::main_thread_state();
}

}  // namespace chkpt::frames
