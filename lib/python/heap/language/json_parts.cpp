// SPDX-License-Identifier: BSD-3-Clause
// What the module json has in C: the scanner of a decoder, and the encoder that dumps() makes for
// each call, which Python code of json holds before and after it works. What they call may lead
// back to them, so it is state; their attributes can only be read.
#include <Python.h>

#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

void set_member(PyObject* object, const char* name, PyObject* value) {
  auto* place = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) +
                                             member_offset(Py_TYPE(object), name));
  Py_XDECREF(std::exchange(*place, Py_NewRef(value)));
}

// ---- what a scanner has read from its json.JSONDecoder

constexpr const char* kScannerHooks[] = {"object_hook", "object_pairs_hook", "parse_float",
                                         "parse_int", "parse_constant"};

Ref rebuild_json_scanner(Args args) {
  const Ref fields = new_dict();
  put(fields, "strict", Ref::borrow(args[0]));
  for (const char* name : kScannerHooks) put(fields, name, none());
  const Ref context = call_with(attr(import("types"), "SimpleNamespace").get(),
                                own(PyTuple_New(0)).get(), fields.get());
  return call_method(import("_json"), "make_scanner", context);
}
const Rebuilder make_json_scanner{"json.scanner", guarded<rebuild_json_scanner>};

Ref fill_json_scanner(Args args) {
  Py_ssize_t i = 0;
  for (const char* name : kScannerHooks) set_member(args[0], name, item(args[1], i++));
  return none();
}
const Rebuilder set_json_scanner{"json.scanner.state", guarded<fill_json_scanner>};

// ---- what an encoder was given. That of dumps() calls a method of the json.JSONEncoder.

constexpr const char* kEncoderArguments[] = {
    "markers", "encoder", "indent", "key_separator", "item_separator", "sort_keys", "skipkeys"};

// The only thing that no attribute tells: what it does with a number that JSON does not know, which
// is C code alone.
bool allows_nan(PyObject* encoder) {
  const Ref nan = own(PyFloat_FromDouble(Py_NAN));
  if (PyObject* text = PyObject_CallFunctionObjArgs(encoder, nan.get(), number(0).get(), nullptr)) {
    Py_DECREF(text);
    return true;
  }
  if (!PyErr_ExceptionMatches(PyExc_ValueError)) throw Raised{};
  PyErr_Clear();
  return false;
}

Ref rebuild_json_encoder(Args args) {
  return call_method(import("_json"), "make_encoder", args[0], Py_None, args[1], args[2], args[3],
                     args[4], args[5], args[6], args[7]);
}
const Rebuilder make_json_encoder{"json.encoder", guarded<rebuild_json_encoder>};

Ref fill_json_encoder(Args args) {
  set_member(args[0], "default", args[1]);
  return none();
}
const Rebuilder set_json_encoder{"json.encoder.state", guarded<fill_json_encoder>};

}  // namespace

Ref reduce_json_scanner(Saver&, PyObject* scanner, Rule&) {
  const Ref hooks = new_list();
  for (const char* name : kScannerHooks) append(hooks, attr(scanner, name));
  return reduced(make_json_scanner, pack(attr(scanner, "strict")), own(PyList_AsTuple(hooks.get())),
                 set_json_scanner);
}

Ref reduce_json_encoder(Saver&, PyObject* encoder, Rule&) {
  const Ref arguments = new_list();
  for (const char* name : kEncoderArguments) append(arguments, attr(encoder, name));
  append(arguments, boolean(allows_nan(encoder)));
  return reduced(make_json_encoder, own(PyList_AsTuple(arguments.get())), attr(encoder, "default"),
                 set_json_encoder);
}

}  // namespace chkpt::heap
