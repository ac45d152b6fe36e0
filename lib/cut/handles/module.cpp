// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/module.hpp"

#include <cstring>

#include <dlfcn.h>

namespace chkpt::cut::handles {
namespace {

struct ClassName {
  Kind kind;
  const char* name;
};
constexpr ClassName kClasses[] = {
    {Kind::kComm, "Comm"},       {Kind::kGroup, "Group"},   {Kind::kDatatype, "Datatype"},
    {Kind::kOp, "Op"},           {Kind::kStatus, "Status"}, {Kind::kInfo, "Info"},
    {Kind::kRequest, "Request"}, {Kind::kWin, "Win"},       {Kind::kErrhandler, "Errhandler"},
    {Kind::kMessage, "Message"}, {Kind::kFile, "File"},     {Kind::kPickle, "Pickle"},
};

}  // namespace

const char* kind_name(Kind kind) {
  for (const ClassName& c : kClasses) {
    if (c.kind == kind) return c.name;
  }
  return "object";
}

bool has_handle(Kind kind) {
  return kind != Kind::kNone && kind != Kind::kStatus && kind != Kind::kMemory &&
         kind != Kind::kPickle;
}

std::uint64_t handle_bits(Kind kind, PyObject* object) {
  std::uint64_t bits = 0;
  with_handle_type(kind, [&](auto tag) {
    using H = typename decltype(tag)::type;
    static_assert(sizeof(H) <= sizeof bits, "an MPI handle is an int or a pointer");
    std::memcpy(&bits, &handle_in<H>(object), sizeof(H));
  });
  return bits;
}

Module* Module::loaded() {
  // Never destroyed: the interpreter may be gone before static destructors run.
  static Module* known = nullptr;
  PyObject* modules = PyImport_GetModuleDict();
  PyObject* module = PyDict_GetItemString(modules, "mpi4py.MPI");
  if (!module || !PyModule_Check(module)) return nullptr;
  if (!known || known->get() != module) known = new Module(module);
  return known;
}

Module::Module(PyObject* module) : module_(Ref::borrow(module)) {
  for (const ClassName& c : kClasses) classes_.emplace_back(c.kind, attribute(c.name));
  classes_.emplace_back(Kind::kMemory, attribute("memory"));
  collect_names();
  check_layout();
}

Ref Module::attribute(const char* name) const {
  return checked(PyObject_GetAttrString(module_.get(), name));
}

Kind Module::kind_of(PyTypeObject* type) const {
  for (const auto& entry : classes_) {
    if (PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(entry.second.get()))) {
      return entry.first;
    }
  }
  return Kind::kNone;
}

PyTypeObject* Module::base_of(Kind kind) const {
  for (const auto& entry : classes_) {
    if (entry.first == kind) return reinterpret_cast<PyTypeObject*>(entry.second.get());
  }
  return nullptr;
}

bool Module::is_a(PyObject* object, const char* class_name) const {
  const Ref cls = attribute(class_name);
  return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(cls.get())) != 0;
}

void Module::collect_names() {
  PyObject* dict = PyModule_GetDict(module_.get());
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict, &at, &key, &value)) {
    // A script may have put an object of its own class there; that one is not mpi4py's.
    if (PyType_HasFeature(Py_TYPE(value), Py_TPFLAGS_HEAPTYPE)) continue;
    if (kind_of(Py_TYPE(value)) == Kind::kNone) continue;
    const char* name = PyUnicode_AsUTF8(key);
    if (!name) throw_pending_exception();
    if (names_.emplace(value, name).second) held_.push_back(Ref::borrow(value));
  }
}

void Module::check_layout() {
  const Ref world = attribute("COMM_WORLD");
  const Ref address = checked(PyObject_CallMethod(module_.get(), "_addressof", "O", world.get()));
  void* handle = PyLong_AsVoidPtr(address.get());
  if (!handle && PyErr_Occurred()) throw_pending_exception();
  const auto size_of = [&](Kind kind) {
    return static_cast<std::size_t>(base_of(kind)->tp_basicsize);
  };
  const bool known = handle == &handle_in<MPI_Comm>(world.get()) &&
                     size_of(Kind::kComm) == sizeof(HandleObject<MPI_Comm>) &&
                     size_of(Kind::kStatus) == sizeof(HandleObject<MPI_Status>) &&
                     size_of(Kind::kDatatype) == sizeof(HandleObject<MPI_Datatype>) &&
                     size_of(Kind::kRequest) == sizeof(RequestObject) &&
                     size_of(Kind::kMessage) == sizeof(MessageObject);
  if (!known) layout_ = "this version of mpi4py is not known to chkpt";
  knows_windows_ = size_of(Kind::kWin) == sizeof(WinObject);
  knows_grequests_ = reinterpret_cast<PyTypeObject*>(attribute("Grequest").get())->tp_basicsize ==
                     static_cast<Py_ssize_t>(sizeof(GrequestObject));
  knows_user_ops_ = size_of(Kind::kOp) == sizeof(OpObject);
}

bool Module::contains(const void* function) const {
  Dl_info asked, own;
  const auto make = reinterpret_cast<const void*>(base_of(Kind::kComm)->tp_new);
  return function && dladdr(function, &asked) != 0 && dladdr(make, &own) != 0 &&
         asked.dli_fbase == own.dli_fbase;
}

const char* Module::name_of(PyObject* object) const {
  const auto found = names_.find(object);
  return found == names_.end() ? nullptr : found->second.c_str();
}

const char* Module::twin_of(Kind kind, PyObject* object) const {
  if (!has_handle(kind)) return nullptr;
  const std::uint64_t bits = handle_bits(kind, object);
  for (const auto& entry : names_) {
    if (kind_of(Py_TYPE(entry.first)) == kind && handle_bits(kind, entry.first) == bits) {
      return entry.second.c_str();
    }
  }
  return nullptr;
}

}  // namespace chkpt::cut::handles
