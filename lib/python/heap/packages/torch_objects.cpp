// SPDX-License-Identifier: BSD-3-Clause
// Objects of torch that are no tensors: random generators, and the marks for a profiler that are
// set around every step of an optimizer.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/packages/torch_objects.hpp"

namespace chkpt::heap {
namespace {

// ---- generators: (), the state as bytes

Ref rebuild_generator(Args) { return call(torch("Generator")); }
const Rebuilder make_generator{"torch.generator", guarded<rebuild_generator>};

Ref fill_generator(Args args) {
  call_method(args[0], "set_state", torch_bytes(args[1]));
  return none();
}
const Rebuilder set_generator{"torch.generator.state", guarded<fill_generator>};

// ---- record_function(): (class), (__dict__ without the mark, where the mark is|None)

// What holds the mark in this version of torch, and the function that sets one.
constexpr const char* kMarks[][2] = {{"handle", "_record_function_enter"},
                                     {"record", "_record_function_enter_new"}};

Ref rebuild_record_function(Args args) {
  return call(attr(raw(&PyBaseObject_Type), "__new__"), args[0]);
}
const Rebuilder make_record_function{"torch.record_function", guarded<rebuild_record_function>};

// The mark is memory of C++; the one that is set here ends as the saved one would have.
Ref fill_record_function(Args args) {
  ok(PyDict_Update(attr(args[0], "__dict__").get(), item(args[1], 0)));
  PyObject* which = item(args[1], 1);
  if (which == Py_None) return none();
  const auto& [name, enter] = kMarks[integer(which)];
  const Ref mark = call_method(attr(torch("ops"), "profiler"), enter, attr(args[0], "name"),
                               attr(args[0], "args"));
  set_attr(args[0], name, mark.get());
  return none();
}
const Rebuilder set_record_function{"torch.record_function.state", guarded<fill_record_function>};

}  // namespace

Ref torch(const char* name) { return attr(import("torch"), name); }

bool is_torch_class(PyTypeObject* type, const char* name) {
  if (!loaded_module("torch")) return false;
  const Ref base = loaded_attr("torch", name);
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

bool is_torch_generator_type(PyTypeObject* type) { return is_torch_class(type, "Generator"); }

Ref reduce_torch_generator(Saver&, PyObject* generator, Rule&) {
  if (utf8_attr(attr(generator, "device").get(), "type") != "cpu")
    refuse("a torch generator of another device than the CPU");
  const Ref state =
      call_method(call_method(call_method(generator, "get_state"), "numpy"), "tobytes");
  return reduced(make_generator, pack(), state, set_generator);
}

Ref torch_bytes(PyObject* bytes) {
  const Ref array = call_method(import("numpy"), "frombuffer", bytes, numpy("uint8"));
  return call(torch("from_numpy"), call_method(array, "copy"));
}

bool is_torch_record_function_type(PyTypeObject* type) {
  return loaded_attr("torch.autograd.profiler", "record_function").is(raw(type));
}

Ref reduce_torch_record_function(Saver&, PyObject* object, Rule& rule) {
  const Ref members = own(PyDict_Copy(attr(object, "__dict__").get()));
  Ref which = none();
  for (int i = 0; i < 2; ++i) {
    PyObject* mark = find(members.get(), kMarks[i][0]);
    if (!mark || mark == Py_None) continue;
    which = number(i);
    ok(PyDict_DelItemString(members.get(), kMarks[i][0]));
  }
  return reduced(make_record_function, pack(rule.type), pack(members, which), set_record_function);
}

}  // namespace chkpt::heap
