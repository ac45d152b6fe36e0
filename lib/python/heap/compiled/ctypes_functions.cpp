// SPDX-License-Identifier: BSD-3-Clause
// What ctypes calls and is called by. A library is opened again, its functions are found by their
// names; the code through which C calls a Python function is made anew. What a library keeps in C
// is not saved, except for the script's own libraries (own_libraries.hpp).
#include <Python.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

#include "base/loaded_images.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_memory.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- libraries

void* handle_of(PyObject* library) { return PyLong_AsVoidPtr(attr(library, "_handle").get()); }

// The file of an open library; empty for the program itself.
std::string library_file(void* handle) {
  const std::optional<std::string> path = path_of_handle(handle);
  if (!path) refuse("a ctypes library that is not open");
  return *path;
}

Ref saved_file(PyObject* library) {
  void* handle = handle_of(library);
  const std::string file = library_file(handle);
  void* again = ::dlopen(file.empty() ? nullptr : file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (again) ::dlclose(again);
  if (again != handle) refuse("a ctypes library that cannot be opened again as '" + file + "'");
  if (!file.empty() && file[0] == '/' && ::access(file.c_str(), R_OK) != 0)
    refuse("the file of a ctypes library, '" + file + "', has been removed");
  return file.empty() ? none() : text(file);
}

// (class, file or None): its functions are found from now on, even before it has its attributes.
Ref rebuild_library(Args args) {
  Ref made = own(PyBaseObject_Type.tp_new(reinterpret_cast<PyTypeObject*>(args[0]),
                                          own(PyTuple_New(0)).get(), nullptr));
  put(instance_dict(made.get()), "_handle",
      call_method(import("_ctypes"), "dlopen", args[1], number(RTLD_NOW)));
  return made;
}
const Rebuilder make_library{"ctypes.library", guarded<rebuild_library>};

// (library, instance state)
Ref fill_library(Args args) {
  const Ref dict = instance_dict(args[0]);
  const Ref handle = Ref::borrow(find(dict.get(), "_handle"));
  PyDict_Clear(dict.get());
  restore_instance_state(args[0], args[1]);
  put(dict, "_handle", handle);
  return none();
}
const Rebuilder set_library{"ctypes.library.state", guarded<fill_library>};

// ---- callbacks: the object that has the machine code

// What the C library of foreign functions needs lies between, in a size of its own.
struct ThunkHead {
  PyObject_VAR_HEAD void *writeable, *code;
};
struct ThunkTail {
  int flags;
  PyObject *argument_types, *callable, *restype;
};

// Found by what the object is known to hold: (argument types, callable, restype).
ThunkTail& thunk_tail(PyObject* thunk) {
  std::vector<PyObject*> held = referents(thunk);
  if (!held.empty() && held[0] == raw(Py_TYPE(thunk))) held.erase(held.begin());  // from 3.12 on
  auto* begin = reinterpret_cast<char*>(thunk);
  const auto last = Py_TYPE(thunk)->tp_basicsize - static_cast<Py_ssize_t>(sizeof(ThunkTail));
  for (Py_ssize_t at = sizeof(ThunkHead); held.size() == 3 && at <= last; at += sizeof(void*)) {
    auto* tail = reinterpret_cast<ThunkTail*>(begin + at);
    if (tail->argument_types == held[0] && tail->callable == held[1] && tail->restype == held[2])
      return *tail;
  }
  refuse("a ctypes callback of another kind");
}

Ref rebuild_nothing(Args) { return none(); }
const Rebuilder do_nothing{"ctypes.nothing", guarded<rebuild_nothing>};

// (argument types, result type, flags)
Ref rebuild_thunk(Args args) {
  const Ref base = attr(import("_ctypes"), "CFuncPtr"), attributes = new_dict();
  put(attributes, "_argtypes_", Ref::borrow(args[0]));
  put(attributes, "_restype_", Ref::borrow(args[1]));
  put(attributes, "_flags_", Ref::borrow(args[2]));
  const Ref type =
      call(Ref::borrow(Py_TYPE(base.get())), text("CFunctionType"), pack(base), attributes);
  const Ref function = call(type, do_nothing.function());
  PyObject* thunk = ctypes_function(function.get()).thunk;
  if (!thunk) broken("ctypes callbacks are made in an unknown way");
  return Ref::borrow(thunk);
}
const Rebuilder make_thunk{"ctypes.thunk", guarded<rebuild_thunk>};
Ref fill_thunk(Args args) {
  Py_SETREF(thunk_tail(args[0]).callable, Py_NewRef(item(args[1], 0)));
  return none();
}
const Rebuilder set_thunk{"ctypes.thunk.state", guarded<fill_thunk>};

// ---- function pointers

PyObject** function_fields(CtypesFunction& function) { return &function.thunk; }
constexpr int kFunctionFields = 8;

Ref rebuild_function(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  return own(layout_of(type).native_base->tp_new(type, own(PyTuple_New(0)).get(), nullptr));
}
const Rebuilder make_function{"ctypes.function", guarded<rebuild_function>};

// (function, (target place or None, fields, kept, instance state))
Ref fill_function(Args args) {
  CtypesFunction& function = ctypes_function(args[0]);
  for (int i = 0; i < kFunctionFields; ++i) {
    PyObject* value = item(item(args[1], 1), i);
    Py_XSETREF(function_fields(function)[i],
               value == frames::null_marker() ? nullptr : Py_NewRef(value));
  }
  PyObject* kept = item(args[1], 2);
  Py_XSETREF(function.data.kept, kept == frames::null_marker() ? nullptr : Py_NewRef(kept));
  restore_instance_state(args[0], item(args[1], 3));
  PyObject* place = item(args[1], 0);
  char* target = place == Py_None ? nullptr : address_at(place);
  std::memcpy(function.data.memory, &target, sizeof target);
  return none();
}
const Rebuilder set_function{"ctypes.function.state", guarded<fill_function>};

// The library among what a function keeps.
Ref library_of(const CtypesFunction& function) {
  if (!function.data.kept || !PyDict_Check(function.data.kept)) return {};
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(function.data.kept, &position, &name, &value);)
    if (is_ctypes_library(value)) return Ref::borrow(value);
  return {};
}

const char* target_of(const CtypesFunction& function) {
  const char* target = nullptr;
  std::memcpy(&target, function.data.memory, sizeof target);
  return target;
}

// `asked`: functions whose targets are being looked for.
Ref place_of_target(Saver& saver, PyObject* object, std::vector<PyObject*> asked = {}) {
  const CtypesFunction& function = ctypes_function(object);
  const char* target = target_of(function);
  if (!target) return none();
  if (function.thunk && thunk_code(function.thunk) == target)
    return pack(function.thunk, number(0), text("code"));
  if (const Ref library = library_of(function)) {
    saver.note_library_function();
    const Ref name = attr_or_null(object, "__name__");
    if (const Ref symbol = symbol_at(library.get(), target, name.get()))
      return pack(library, symbol, text("symbol"));
  }
  asked.push_back(object);
  OwnedMemory kept;
  if (function.data.kept) kept.add_kept_by(function.data.kept);
  for (OwnedMemory* memory : {&kept, &saver.all_memory()}) {
    const Ref place = memory->place_of(target);
    if (!place || std::count(asked.begin(), asked.end(), item(place, 0)) > 0) continue;
    // What another function of the script leads to may be there later than this one.
    if (!is_target_place(place.get()) || saver.is_registered(item(place, 0))) return place;
    return place_of_target(saver, item(place, 0), asked);
  }
  refuse("a function pointer to code that is no library's, by a name, and no callback's");
}

}  // namespace

bool is_ctypes_library(PyObject* object) {
  const Ref base = loaded_attr("ctypes", "CDLL");
  return base && PyType_Check(base.get()) &&
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(base.get()));
}

bool is_ctypes_library_type(PyTypeObject* type) {
  const Ref base = loaded_attr("ctypes", "CDLL");
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

char* symbol_address(PyObject* library, PyObject* name) {
  void* address = ::dlsym(handle_of(library), utf8(name).c_str());
  if (!address) broken("a library no longer has the function " + utf8(name));
  return static_cast<char*>(address);
}

Ref symbol_at(PyObject* library, const char* address, PyObject* likely_name_or_null) {
  void* handle = handle_of(library);
  if (likely_name_or_null && PyUnicode_Check(likely_name_or_null) &&
      ::dlsym(handle, utf8(likely_name_or_null).c_str()) == address)
    return Ref::borrow(likely_name_or_null);
  Dl_info info{};
  if (::dladdr(address, &info) == 0) return {};
  if (info.dli_sname && info.dli_saddr == address)
    return ::dlsym(handle, info.dli_sname) == address ? text(info.dli_sname) : Ref();
  const std::vector<LoadedImage> images = loaded_images();
  const LoadedImage* image = image_at(images, reinterpret_cast<std::uintptr_t>(address));
  std::string found;
  const auto leads_there = [&](const char* name) {
    if (::dlsym(handle, name) == address) found = name;
    return !found.empty();
  };
  return image && any_indirect_export(*image, leads_there) ? text(found) : Ref();
}

bool is_ctypes_thunk(PyObject* object) {
  return std::strcmp(Py_TYPE(object)->tp_name, "_ctypes.CThunkObject") == 0;
}

char* thunk_code(PyObject* thunk) {
  return static_cast<char*>(reinterpret_cast<ThunkHead*>(thunk)->code);
}

Ref reduce_ctypes_library(Saver& saver, PyObject* library, Rule& rule) {
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  const Ref state = instance_state(saver, library, rule);
  if (is_true(item(state, 2))) refuse("something else holds its __dict__");
  const Ref attributes = own(PyDict_Copy(item(state, 0)));
  put(attributes, "_handle", none());
  return reduced(make_library, pack(rule.type, saved_file(library)),
                 pack(attributes, item(state, 1), Py_False), set_library);
}

Ref reduce_ctypes_thunk(Saver&, PyObject* thunk, Rule&) {
  const ThunkTail& tail = thunk_tail(thunk);
  return reduced(make_thunk, pack(tail.argument_types, tail.restype, number(tail.flags)),
                 pack(tail.callable), set_thunk);
}

Ref reduce_ctypes_function(Saver& saver, PyObject* object, Rule& rule) {
  CtypesFunction& function = ctypes_function(object);
  if (!function.data.frees_memory || function.data.base)
    return reduce_ctypes_borrowed(saver, object, rule);
  const Ref fields = own(PyTuple_New(kFunctionFields));
  for (int i = 0; i < kFunctionFields; ++i) {
    PyObject* value = function_fields(function)[i];
    PyTuple_SET_ITEM(fields.get(), i, Py_NewRef(value ? value : frames::null_marker()));
  }
  const Ref state = pack(place_of_target(saver, object), fields,
                         function.data.kept ? function.data.kept : frames::null_marker(),
                         instance_state(saver, object, rule));
  return reduced(make_function, pack(rule.type), state, set_function);
}

}  // namespace chkpt::heap
