// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>
#include <structmember.h>

#include "python/heap/named_parts.hpp"

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"

namespace chkpt::heap {
namespace {

using Visit = std::function<void(const std::string&, PyObject*)>;

// functools.partial, methods, properties, slices and many more name their parts like this.
void visit_members(PyObject* object, const Visit& visit) {
  for (PyTypeObject* type = Py_TYPE(object); type; type = type->tp_base) {
    if (frames::is_python_class(type)) continue;  // its slots are shown in another way
    for (const PyMemberDef* member = type->tp_members; member && member->name; ++member) {
      if (member->type != T_OBJECT && member->type != T_OBJECT_EX) continue;
      const auto* place = reinterpret_cast<char*>(object) + member->offset;
      PyObject* part = *reinterpret_cast<PyObject* const*>(place);
      if (part) visit(std::string(".") + member->name, part);
    }
  }
}

void visit_exception(PyObject* object, const Visit& visit) {
  auto* error = reinterpret_cast<PyBaseExceptionObject*>(object);
  if (error->args) visit(".args", error->args);
  if (error->cause) visit(".__cause__", error->cause);
  if (error->context) visit(".__context__", error->context);
}

// (.., (function, .., .., locals, ..), ..), see frames::generator_get().
void visit_generator(PyObject* generator, const Visit& visit) {
  constexpr Py_ssize_t kFrame = 1, kFunction = 0, kLocals = 3;
  if (frames::generator_is_running(generator)) return;
  const Ref state = own(frames::generator_get(generator));
  PyObject* frame = item(state, kFrame);
  if (frame == Py_None || !PyFunction_Check(item(frame, kFunction))) return;
  PyObject* locals = item(frame, kLocals);
  PyObject* names = reinterpret_cast<PyCodeObject*>(
                        reinterpret_cast<PyFunctionObject*>(item(frame, kFunction))->func_code)
                        ->co_localsplusnames;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(locals) && i < PyTuple_GET_SIZE(names); ++i)
    visit(".<locals>." + utf8(PyTuple_GET_ITEM(names, i)), PyList_GET_ITEM(locals, i));
}

void visit_items(PyObject* object, const Visit& visit) {
  const Ref items = own(PySequence_List(object));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i)
    visit("[" + std::to_string(i) + "]", PyList_GET_ITEM(items.get(), i));
}

bool is_deque(PyObject* object) {
  const Ref type = loaded_attr("_collections", "deque");
  return type && type.is(raw(Py_TYPE(object)));
}

}  // namespace

void each_named_part(PyObject* object, const Visit& visit) {
  if (PyCell_Check(object)) {
    if (PyObject* content = PyCell_GET(object)) visit(".cell_contents", content);
  } else if (PyExceptionInstance_Check(object)) {
    visit_exception(object, visit);
  } else if (PyGen_Check(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
    visit_generator(object, visit);
  } else if (PyCFunction_Check(object)) {
    if (PyObject* self = PyCFunction_GET_SELF(object)) visit(".__self__", self);
  } else if (is_deque(object)) {
    visit_items(object, visit);
  } else if (loaded_module("numpy") && is_array(object) && has_objects(object)) {
    visit("", array_method(object, "tolist").get());
  } else {
    visit_members(object, visit);
  }
}

}  // namespace chkpt::heap
