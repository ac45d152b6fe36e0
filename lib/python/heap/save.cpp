// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/save.hpp"

#include <cstring>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "python/frames/contexts.hpp"
#include "python/frames/interpreter_hooks.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/addresses.hpp"
#include "python/heap/big_stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/diagnose.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/compiled/global_libraries.hpp"
#include "python/heap/packages/hdf5.hpp"
#include "python/heap/modules/import_draws.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/compiled/own_libraries.hpp"
#include "python/heap/compiled/own_modules.hpp"
#include "python/heap/language/original_builtins.hpp"
#include "python/heap/numbered_memory.hpp"
#include "python/heap/pickle_types.hpp"
#include "python/heap/raw_state.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/saver.hpp"
#include "python/heap/compiled/shared_memory.hpp"
#include "python/heap/open_files/unlinked_files.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

// The collector must not run finalizers of the script while its state is being taken.
class NoCollection {
 public:
  NoCollection() { was_enabled = PyGC_Disable() != 0; }
  ~NoCollection() {
    if (was_enabled) PyGC_Enable();
  }
  NoCollection(const NoCollection&) = delete;
  NoCollection& operator=(const NoCollection&) = delete;

  static bool was_enabled;
};
bool NoCollection::was_enabled = true;

void collect_strings(PyObject* code, const Ref& strings) {
  auto* object = reinterpret_cast<PyCodeObject*>(code);
  for (PyObject* tuple : {object->co_names, object->co_localsplusnames, object->co_consts}) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
      PyObject* value = PyTuple_GET_ITEM(tuple, i);
      if (PyUnicode_CheckExact(value) && PyUnicode_CHECK_INTERNED(value))
        ok(PyDict_SetItem(strings.get(), value, Py_None));
      else if (PyCode_Check(value))
        collect_strings(value, strings);
    }
  }
}

void collect_strings_of(PyObject* value, const Ref& strings, int depth) {
  if (PyFunction_Check(value)) return collect_strings(PyFunction_GET_CODE(value), strings);
  if (!PyType_Check(value) || depth > 3) return;
  auto* type = reinterpret_cast<PyTypeObject*>(value);
  if (!frames::is_python_class(type)) return;
  PyObject *key = nullptr, *member = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(type->tp_dict, &position, &key, &member))
    if (member != value) collect_strings_of(member, strings, depth + 1);
}

// Interned strings of the script's code: code compares some of them by identity.
Ref interned_strings(const Saver& saver) {
  const Ref strings = new_dict();
  if (const frames::StackState* stack = saver.request().stack)
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stack->frames.get()); ++i)
      collect_strings(PyList_GET_ITEM(PyList_GET_ITEM(stack->frames.get(), i), frames::kCode),
                      strings);
  for (const Saver::ModuleEntry& entry : saver.by_value_modules()) {
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(PyModule_GetDict(entry.module.get()), &position, &key, &value))
      collect_strings_of(value, strings, 0);
  }
  return own(PyDict_Keys(strings.get()));
}

Ref stack_header(const frames::StackState* stack) {
  if (!stack) return none();
  const Ref header = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stack->frames.get()); ++i) {
    PyObject* frame = PyList_GET_ITEM(stack->frames.get(), i);
    append(header,
           pack(PyList_GET_ITEM(frame, frames::kCode), PyList_GET_ITEM(frame, frames::kNext),
                boolean(PyList_GET_ITEM(frame, frames::kGenerator) != Py_None)));
  }
  return header;
}

// Where the script has imported from: needed before everything else is there.
Ref import_path() {
  const Ref texts = new_list();
  PyObject* path = PySys_GetObject("path");
  for (Py_ssize_t i = 0; path && PyList_Check(path) && i < PyList_GET_SIZE(path); ++i)
    if (PyUnicode_CheckExact(PyList_GET_ITEM(path, i)))
      append(texts, Ref::borrow(PyList_GET_ITEM(path, i)));
  return texts;
}

// Loops over sys.modules go on where they were.
Ref module_order() {
  const Ref order = new_list();
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(PyImport_GetModuleDict(), &position, &name, &module))
    if (PyUnicode_CheckExact(name) && !UnseenImports::hides(name)) append(order, Ref::borrow(name));
  return order;
}

// What the modules that go by value have to give to those that are imported before they are filled.
Ref names_by_module(const Saver& saver) {
  Ref all = new_dict();
  if (!saver.request().modules || !has_own_modules()) return all;
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    if (!entry.alias_of && utf8(entry.name.get()) != "__main__")
      ok(PyDict_SetItem(all.get(), entry.name.get(),
                        own(PyDict_Keys(PyModule_GetDict(entry.module.get()))).get()));
  return all;
}

Ref header_of(const Saver& saver) {
  const Ref shells = new_list(), header = new_dict();
  Ref imports = new_list();
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    append(shells, pack(entry.name, entry.alias_of ? entry.alias_of : none(), Py_None,
                        package_path(PyModule_GetDict(entry.module.get()))));
  // Without module state the script starts anew and imports what it wants when it wants it.
  if (saver.request().modules) imports = import_steps(saver.imported_modules());
  put(header, "shells", shells);
  put(header, "imports", imports);
  put(header, "names", names_by_module(saver));
  put(header, "order", saver.request().modules ? module_order() : new_list());
  put(header, "draws", saver.request().modules ? import_draws() : new_list());
  put(header, "environment", saver.request().modules ? import_environment() : none());
  put(header, "libraries", saver.request().modules ? global_libraries() : new_list());
  put(header, "path", saver.request().modules ? import_path() : new_list());
  put(header, "stack", stack_header(saver.request().stack));
  return header;
}

Ref process_states(const SaveRequest& request) {
  const Ref states = new_dict();
  if (!request.process) return states;
  for (const ProcessPart* part : process_parts()) {
    const Ref state = part->save();
    if (state && !state.is(Py_None)) put(states, part->name.c_str(), state);
  }
  return states;
}

Ref variables_of(const Saver& saver, const Saver::ModuleEntry& entry) {
  Ref items = own(PyDict_Items(PyModule_GetDict(entry.module.get())));
  for (Py_ssize_t i = 0; saver.customs().names && i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(items.get(), i), 0);
    if (PyObject* replacement = saver.excluded_name(entry.name.get(), name))
      ok(PyList_SetItem(items.get(), i, pack(name, replacement).release()));
  }
  return items;
}

// None, or what the script has put in the place of ModuleType: `sys.modules[name].__class__ = ...`.
Ref module_class(const Saver::ModuleEntry& entry) {
  PyTypeObject* type = Py_TYPE(entry.module.get());
  if (type == &PyModule_Type) return none();
  if (type->tp_basicsize != PyModule_Type.tp_basicsize)
    refuse("module " + utf8(entry.name.get()) + " is of a class with __slots__, " + type->tp_name);
  return Ref::borrow(reinterpret_cast<PyObject*>(type));
}

Ref module_namespaces(const Saver& saver) {
  const Ref namespaces = new_list();
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    if (!entry.alias_of)
      append(namespaces, pack(entry.name, variables_of(saver, entry), module_class(entry)));
  return namespaces;
}

// Those of libraries that the script has given a class of its own: (name, None, class).
Ref library_module_classes(Saver& saver) {
  Ref given = new_list();
  for (const Ref& name : saver.imported_modules()) {
    PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name.get());
    if (!module || !PyModule_Check(module) || !saver.by_value().type(Py_TYPE(module))) continue;
    const Ref type = module_class({name, Ref::borrow(module), Ref()});
    append(given, pack(name, Py_None, type));
  }
  return given;
}

Ref body_of(Saver& saver, const SaveRequest& request) {
  const Ref body = new_dict();
  const frames::StackState* stack = request.stack;
  put(body, "frames", stack ? stack->frames : none());
  put(body, "base_exception", stack && stack->base_exception ? stack->base_exception : none());
  put(body, "modules", module_namespaces(saver));
  put(body, "module classes", request.modules ? library_module_classes(saver) : new_list());
  put(body, "entries", request.modules ? module_entries_of_script() : new_list());
  put(body, "registrations", request.modules ? saver.library_registrations() : new_list());
  put(body, "own pickling", types_with_own_pickling());
  put(body, "locks", request.modules ? saver.held_library_locks() : new_list());
  put(body, "process", process_states(request));
  put(body, "extra", request.extra ? request.extra : none());
  return body;
}

Ref content_of(PyObject* container) {
  return PyDict_Check(container) ? own(PyDict_Items(container)) : own(frames::set_get(container));
}

// Saving their contents may defer more of them.
std::size_t dump_deferred_from(std::size_t done, const Saver& saver, Pickling& pickling) {
  while (done < saver.deferred().size()) {
    const Ref contents = new_list();
    const std::size_t first = done;
    for (; done < saver.deferred().size(); ++done)
      append(contents, content_of(saver.deferred()[done].get()));
    pickling.dump(pack(number(static_cast<long long>(first)), contents));
  }
  return done;
}

// One at a time: what the first leads to may lead to the others.
void dump_put_off(Saver& saver, Pickling& pickling) {
  while (!saver.put_off().empty()) {
    const Ref instance = std::move(saver.put_off().front());
    saver.put_off().pop_front();
    const Ref state = plain_state(instance.get(), saver.rule_of(Py_TYPE(instance.get())));
    pickling.dump(pack(text(kPutOff), pack(instance, state)));
  }
}

// All that is left by now; `done`: how many containers are written.
std::size_t dump_rest_from(std::size_t done, Saver& saver, Pickling& pickling) {
  while (done < saver.deferred().size() || !saver.put_off().empty()) {
    dump_put_off(saver, pickling);
    done = dump_deferred_from(done, saver, pickling);
  }
  return done;
}

// What they hold may lead to the keys of others.
std::size_t dump_weak_entries_from(std::size_t done, Saver& saver, Pickling& pickling) {
  saver.weak_members().in_entries = true;
  for (Ref entries = saver.weak_members().entries_met(); PyList_GET_SIZE(entries.get()) > 0;
       entries = saver.weak_members().entries_met()) {
    pickling.dump(pack(text(kWeakEntries), entries));
    done = dump_rest_from(done, saver, pickling);
  }
  saver.weak_members().in_entries = false;
  return done;
}

// By the time they are, all that leads to a member of a weak container has been written, then all
// objects.
void dump_deferred(Saver& saver, Pickling& pickling, const OriginalArrays& originals) {
  std::size_t done = dump_rest_from(0, saver, pickling);
  done = dump_weak_entries_from(done, saver, pickling);
  const Ref members = saver.weak_members().met();
  if (PyList_GET_SIZE(members.get()) > 0) {
    pickling.dump(pack(text(kWeakMembers), members));
    done = dump_rest_from(done, saver, pickling);
  }
  if (const Ref checks = originals.checks()) {
    pickling.dump(pack(text(kSharedMemory), checks));
    dump_rest_from(done, saver, pickling);
  }
  if (PyList_GET_SIZE(saver.finalized().get()) > 0)
    pickling.dump(pack(text(kFinalized), saver.finalized()));
  pickling.dump(none());
}

std::vector<std::string> names_of(const std::vector<Ref>& refs) {
  std::vector<std::string> names;
  names.reserve(refs.size());
  for (const Ref& name : refs) names.push_back(utf8(name.get()));
  return names;
}

// The object at an address, if the pickler has written it or it has a persistent id, or if a
// library made it and a new import will: its tables may be keyed by such addresses.
void look_up_addresses(Addresses& addresses, Saver& saver, const Pickling& pickling) {
  if (!addresses.seen_any()) return;
  const Ref memo = pickling.memo();
  addresses.look_up(
      [&](const void* address) -> PyObject* {
        if (saver.is_registered(address)) return static_cast<PyObject*>(const_cast<void*>(address));
        const Ref key = own(PyLong_FromVoidPtr(const_cast<void*>(address)));
        PyObject* entry = PyDict_GetItemWithError(memo.get(), key.get());
        return entry ? item(entry, 1) : library_object_with(address);
      },
      memo.get());
  check_numbered_memory(saver, addresses.leading_nowhere(), memo.get());
}

// What is known at the end of a save only, and makes another one due.
struct Findings {
  Addresses addresses;
  OriginalArrays originals;
};

void write_all(Saver& saver, Findings& findings, const Ref& body, Pickled& out) {
  Pickling pickling(saver, out);
  pickling.dump_interned(interned_strings(saver));
  pickling.dump(header_of(saver));
  pickling.dump_interned(saver.library_strings());
  pickling.dump(body);
  dump_deferred(saver, pickling, findings.originals);
  check_memory_stays_shared(saver, findings.originals);
  look_up_addresses(findings.addresses, saver, pickling);
}

// Empty if it can be pickled.
std::string why_not_saveable(const SaveRequest& request, PyObject* value) {
  Saver saver(request);
  Pickled out;
  try {
    saver.register_modules();
    saver.register_stack();
    saver.register_excluded();
    Pickling pickling(saver, out);
    pickling.dump(Ref::borrow(value));
    dump_deferred(saver, pickling, {});
  } catch (const Raised&) {
    return saver.refusal().empty() ? take_exception_text() : (PyErr_Clear(), saver.refusal());
  }
  return "";
}

struct SaveAgain {  // by another rule for this type
  PyTypeObject* type;
};

Pickled save_now(const SaveRequest& request, Findings& findings) {
  const UnlinkedSaves unlinked;
  Saver saver(request, &findings.addresses, &findings.originals);
  Pickled out;
  Ref body;
  try {
    if (!request.files_flushed) flush_open_files(), hdf5::flush_files();
    saver.register_modules();
    saver.register_stack();
    saver.register_excluded();
    if (request.modules) saver.weak_members().look();
    body = body_of(saver, request);
    write_all(saver, findings, body, out);
  } catch (const Raised&) {
    const Failure failure = explain_failure(saver, body);
    for (const Ref& object : failure.way)
      if (!saver.is_refused_for_good() && !saver.by_value().type(Py_TYPE(object.get())) &&
          take_own_getstate(Py_TYPE(object.get())))
        throw SaveAgain{Py_TYPE(object.get())};
    const bool in_entries = saver.weak_members().in_entries;
    throw CannotSave(in_entries ? std::string(kWeakEntries) + ": " + failure.text : failure.text);
  }
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    out.by_value_modules.push_back(utf8(entry.name.get()));
  out.imported_modules = names_of(saver.imported_modules());
  return out;
}

Pickled save_until_settled(const SaveRequest& request) {
  Findings findings;
  for (;;) {
    findings.originals.begin_save();
    {
      Pickled saved = save_now(request, findings);
      const bool numbers = findings.addresses.seen_any();
      if (!numbers && !findings.originals.has_news()) return saved;
      if (!(numbers && findings.addresses.settle()) && !findings.originals.has_news()) return saved;
    }
  }
}

// What cannot be saved of a library's own state is said and left out; anything else is a refusal.
Pickled save_what_can_be_saved(const SaveRequest& request) {
  std::vector<PyTypeObject*> tried;
  for (;;) {
    try {
      Pickled saved = save_until_settled(request);
      forget_vain_tries();
      return saved;
    } catch (const SaveAgain& again) {
      tried.push_back(again.type);
    } catch (const CannotSave& refusal) {
      const auto why_not = [&](PyObject* value) { return why_not_saveable(request, value); };
      const bool in_library = std::strstr(refusal.what(), kLibraryGlobals) != nullptr;
      const bool in_entries = std::strstr(refusal.what(), kWeakEntries) == refusal.what();
      if (!(in_library && leave_out_unsaveable(why_not)) &&
          !(in_entries && leave_out_unsaveable_entries(why_not)) &&
          !leave_out_unsaveable_of_own(why_not) && !leave_out_unsaveable_names(why_not)) {
        // It has not helped: what stood in the way, such as an open transaction, may be gone later.
        for (PyTypeObject* type : tried) give_back_own_getstate(type);
        static std::string last;  // for another obstacle those that were in vain are tried again
        const bool same = std::exchange(last, refusal.what()) == refusal.what();
        if (same || !tried.empty() || !forget_vain_tries()) throw;
      }
    }
  }
}

}  // namespace

OutOfBand::OutOfBand(PyObject* exporter) {
  if (PyObject_GetBuffer(exporter, &view_, PyBUF_FULL_RO) < 0) throw Raised{};
}
OutOfBand::~OutOfBand() {
  if (view_.obj) PyBuffer_Release(&view_);
}
OutOfBand::OutOfBand(OutOfBand&& other) noexcept : view_(other.view_) {
  // A moved Py_buffer may point into itself for its shape and strides.
  if (view_.shape == &other.view_.len) view_.shape = &view_.len;
  if (view_.strides == &other.view_.itemsize) view_.strides = &view_.itemsize;
  other.view_.obj = nullptr;
}

ByteView OutOfBand::bytes() const { return {view_.buf, static_cast<std::size_t>(view_.len)}; }

namespace {
// One element type of the struct module, with an optional byte order.
bool is_plain_format(const char* format) {
  if (!format) return false;
  if (std::strchr("<>=@|", *format) && *format) ++format;
  return std::strlen(format) == 1 && std::strchr("?bBhHiIlLqQnNefdg", *format);
}
}  // namespace

std::string OutOfBand::format() const { return is_plain_format(view_.format) ? view_.format : ""; }

std::vector<std::uint64_t> OutOfBand::shape() const {
  if (format().empty() || !view_.shape) return {static_cast<std::uint64_t>(view_.len)};
  return {view_.shape, view_.shape + view_.ndim};
}

std::uint64_t Pickled::stream_bytes() const {
  std::uint64_t total = 0;
  for (const ByteView& piece : stream) total += piece.size;
  return total;
}

bool script_collection_enabled() { return NoCollection::was_enabled; }

void flush_files() {
  try {
    flush_open_files();
    hdf5::flush_files();
  } catch (const Raised&) {
    PyErr_Clear();
  }
}

Pickled save(const SaveRequest& request) {
  const PendingException pending;
  const NoCollection quiet;
  const OriginalBuiltins originals;
  const frames::AuditHooksAside unseen;
  Pickled result;
  on_big_stack([&] {
    try {
      const frames::OwnContext base;
      const UnseenImports imports;
      result = save_what_can_be_saved(request);
    } catch (const Raised&) {
      throw CannotSave(take_exception_text());
    }
  });
  return result;
}

}  // namespace chkpt::heap
