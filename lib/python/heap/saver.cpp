// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/saver.hpp"

#include <algorithm>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/big_stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/compiled_words.hpp"
#include "python/heap/compiled/ctypes_memory.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/kept_hashes.hpp"
#include "python/heap/language/ended_iterators.hpp"
#include "python/heap/language/iterated_as_itself.hpp"
#include "python/heap/language/lru_cache.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref rebuild_interned(Args args) {
  PyObject* string = Py_NewRef(args[0]);
  PyUnicode_InternInPlace(&string);
  return Ref::steal(string);
}
const Rebuilder make_interned{"interned", guarded<rebuild_interned>};

Ref rebuild_library_object(Args args) { return library_object_at(pack(args[0], args[1]).get()); }
const Rebuilder make_library_object{"library.object", guarded<rebuild_library_object>};

// (module name, attribute, text)
Ref rebuild_library_string(Args args) {
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), args[0]);
  PyObject* found = module && PyModule_Check(module)
                        ? PyDict_GetItemWithError(PyModule_GetDict(module), args[1])
                        : nullptr;
  const bool same = found && PyUnicode_CheckExact(found) && PyUnicode_Compare(found, args[2]) == 0;
  return Ref::borrow(same ? found : args[2]);
}
const Rebuilder make_library_string{"library_string", guarded<rebuild_library_string>};

}  // namespace

Saver::Saver(const SaveRequest& request, Addresses* addresses, OriginalArrays* originals)
    : request_(request), addresses_(addresses), originals_(originals), customs_(current_customs()) {
  for (const Rebuilder* rebuilder : rebuilders())
    add(rebuilder->function(), pack(text("R"), text(rebuilder->name())));
  add(frames::null_marker(), pack(text("R"), text("null")));
}

Saver::~Saver() = default;

void Saver::add(PyObject* object, Ref id) {
  id = id_with_kept_hash(object, id);
  if (!ids_.insert(object, id.get())) return;
  keep_.push_back(Ref::borrow(object));
  keep_.push_back(std::move(id));
}

void Saver::register_stack() {
  if (!request_.stack) return;
  PyObject* frames = request_.stack->frames.get();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(frames); ++i) {
    PyObject* entry = PyList_GET_ITEM(frames, i);
    PyObject* generator = PyList_GET_ITEM(entry, frames::kGenerator);
    if (generator != Py_None) chain_[generator] = static_cast<int>(i);
    PyObject* object = PyList_GET_ITEM(request_.stack->frame_objects.get(), i);
    if (object != Py_None && generator == Py_None) add(object, pack(text("f"), number(i)));
  }
}

// What a library module holds keeps being that.
void Saver::register_excluded() {
  PyObject* pairs = customs_.excluded.get();
  for (Py_ssize_t i = 0; pairs && i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* object = item(PyList_GET_ITEM(pairs, i), 0);
    if (ids_.find(object)) continue;
    add(object, pack(text("E"), item(PyList_GET_ITEM(pairs, i), 1)));
    excluded_.insert(object, true);
  }
}

PyObject* Saver::excluded_name(PyObject* module, PyObject* name) const {
  if (!customs_.names) return nullptr;
  return PyDict_GetItemWithError(customs_.names.get(), pack(module, name).get());
}

PyObject* Saver::custom_value(PyObject* object) const {
  const auto found = custom_values_.find(object);
  return found == custom_values_.end() ? nullptr : found->second.get();
}

int Saver::chain_index(PyObject* generator) const {
  const auto found = chain_.find(generator);
  return found == chain_.end() ? -1 : found->second;
}

PyObject* Saver::chain_frame(int index) const {
  return PyList_GET_ITEM(request_.stack->frames.get(), index);
}

Ref Saver::own_buffer(PyObject* exporter) {
  const Ref buffer = own(PyPickleBuffer_FromObject(exporter));
  buffers_.insert(buffer.get(), true);
  keep_.push_back(buffer);
  return buffer;
}

Ref Saver::first_for(const void* memory, const Ref& object) {
  if (PyObject** known = firsts_.find(memory)) return Ref::borrow(*known);
  firsts_.insert(memory, object.get());
  keep_.push_back(object);
  return object;
}

Ref Saver::first_hdf5_handle(PyObject* handle) {
  Ref& first = hdf5_handles_[integer(attr(handle, "id").get())];
  if (first && !first.is(handle)) return first;
  first = Ref::borrow(handle);
  return {};
}

void Saver::note_memory(long long address, long long size, MemoryOf owner) {
  if (size == 0) return;
  auto after = memory_.lower_bound(address + size);
  if (after != memory_.begin()) {
    const auto& [end, other] = std::prev(after)->second;
    if (end > address && other != owner)
      refuse("memory shared by a numpy array and a torch tensor");
  }
  memory_.insert({address, {address + size, owner}});
}

OwnedMemory& Saver::all_memory() {
  if (!all_memory_) {
    all_memory_ = std::make_unique<OwnedMemory>();
    all_memory_->add_all();
  }
  return *all_memory_;
}

namespace {

constexpr std::size_t kDeep = std::size_t{64} << 20;  // of the stack in use, to put states off
constexpr std::size_t kNear = std::size_t{1} << 20;   // as far as constructors may look

PyObject* close_constructor(PyObject* open, PyObject*) {
  --*static_cast<int*>(PyCapsule_GetPointer(open, nullptr));
  Py_RETURN_NONE;
}
PyMethodDef g_close_constructor{"close", close_constructor, METH_NOARGS, nullptr};

}  // namespace

bool Saver::puts_off(PyObject* instance) {
  if (open_constructors_ > 0 || big_stack_in_use() < kDeep) return false;
  put_off_.push_back(Ref::borrow(instance));
  return true;
}

// The pickler asks for the items of a list when it has written the call of the constructor.
Ref Saver::with_whole_arguments(const Ref& reduce_value) {
  constexpr Py_ssize_t kItems = 3, kEntries = 4;
  if (big_stack_in_use() + kNear < kDeep || !PyTuple_Check(reduce_value.get())) return reduce_value;
  std::vector<PyObject*> parts(6, Py_None);
  const Py_ssize_t size = PyTuple_GET_SIZE(reduce_value.get());
  for (Py_ssize_t i = 0; i < size; ++i)
    parts.at(static_cast<std::size_t>(i)) = item(reduce_value, i);
  if (is_atom(parts[1])) return reduce_value;
  const Py_ssize_t place = parts[kItems] == Py_None ? kItems : kEntries;
  if (parts[static_cast<std::size_t>(place)] != Py_None)
    refuse("its library must make it from objects that lie too deep in a chain of objects");
  const Ref open = own(PyCapsule_New(&open_constructors_, nullptr, nullptr));
  const Ref end =
      own(PyCallIter_New(own(PyCFunction_New(&g_close_constructor, open.get())).get(), Py_None));
  const Py_ssize_t wanted = std::max(size, place + 1);
  const Ref made = own(PyTuple_New(wanted));
  for (Py_ssize_t i = 0; i < wanted; ++i)
    PyTuple_SET_ITEM(made.get(), i,
                     Py_NewRef(i == place ? end.get() : parts[static_cast<std::size_t>(i)]));
  ++open_constructors_;
  return made;
}

Ref Saver::defer(PyObject* container, const char* kind) {
  const Ref id = pack(text("X"), number(static_cast<long long>(deferred_.size())), text(kind));
  deferred_.push_back(Ref::borrow(container));
  add(container, id);
  return id;
}

Ref Saver::frozenset_id(PyObject* set) {
  const Ref id = pack(text("Z"), number(frozensets_++), own(frames::set_get(set)));
  add(set, id);
  return id;
}

// A NaN is only found in a container by its identity.
Ref Saver::nan_id(PyObject* nan) {
  const double value = PyFloat_AS_DOUBLE(nan);
  long long bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const Ref id = id_with_kept_hash(nan, pack(text("N"), number(nans_++), number(bits)));
  add(nan, id);
  return id;
}

bool Saver::fills_late(PyObject* dict) {
  if (plain_dicts_.find(dict)) return false;
  if (dict_has_late_key(dict)) return true;
  plain_dicts_.insert(dict, true);
  return false;
}

// What id() gave leads to the object it was asked about.
PyObject* Saver::number_id(PyObject* number) {
  PyObject* id = addresses_ ? addresses_->id_of(number) : nullptr;
  return Py_NewRef(id ? id : Py_None);
}

// The pickler writes strings without asking for a reduction: a cell stands for one that the reader
// has to intern, wherever it occurs. Up to one character the interpreter has strings of its own.
PyObject* Saver::interned_id(PyObject* string) {
  if (!PyUnicode_CHECK_INTERNED(string) || PyUnicode_GET_LENGTH(string) < 2) Py_RETURN_NONE;
  if (PyObject** known = interned_.find(string)) {
    if (written_by_cell_ != string) return Py_NewRef(*known);
    written_by_cell_ = nullptr;
    Py_RETURN_NONE;
  }
  PyObject* cell = PyCell_New(string);
  if (!cell) return nullptr;
  interned_.insert(string, cell);
  keep_.push_back(Ref::steal(cell));
  return Py_NewRef(cell);
}

bool Saver::is_stand_in(PyObject* object) {
  if (!PyCell_Check(object)) return false;
  PyObject* string = PyCell_GET(object);
  if (!string || !PyUnicode_CheckExact(string)) return false;
  PyObject** cell = interned_.find(string);
  return cell && *cell == object;
}

PyObject* Saver::persistent_id(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyUnicode_Type) return interned_id(object);
  if (type == &PyTuple_Type || type == &PyBytes_Type || type == &PyBool_Type || object == Py_None)
    Py_RETURN_NONE;
  if (type == &PyLong_Type) return number_id(object);
  if (type == &PyFloat_Type && !std::isnan(PyFloat_AS_DOUBLE(object))) Py_RETURN_NONE;
  if (PyObject** id = ids_.find(object)) return Py_NewRef(*id);
  try {
    if (type == &PyPickleBuffer_Type && !is_own_buffer(object) && !passed_buffers_.find(object))
      refuse("a pickle.PickleBuffer, which comes out of a pickle as what is in it");
    if (type == &PyFloat_Type) {
      return nan_id(object).release();
    } else if (type == &PyDict_Type || type == &PyList_Type || type == &PySet_Type) {
      if (const Ref place = library_place_of(object))
        return pack(text("p"), item(place, 0), item(place, 1)).release();
    }
    if (type == &PyByteArray_Type) memory_of_save_.note_owner(object);
    if (type == &PyDict_Type) {
      if (fills_late(object)) return defer(object, "d").release();
    } else if (type == &PySet_Type) {
      if (fills_late_set(object)) return defer(object, "s").release();
    } else if (type == &PyFrozenSet_Type && PySet_GET_SIZE(object) > 0) {
      if (set_has_late_key(object)) return defer(object, "z").release();
      if (!insertion_rebuilds(object)) return frozenset_id(object).release();
    }
  } catch (const CannotSave& error) {
    last_reduced_ = object;
    refusal_ = error.what();
    set_python_exception();
    return nullptr;
  } catch (...) {
    last_reduced_ = object;
    set_python_exception();
    return nullptr;
  }
  Py_RETURN_NONE;
}

Rule& Saver::rule_of(PyTypeObject* type) {
  const auto known = rules_.find(type);
  if (known != rules_.end()) return known->second;
  Rule& rule = rules_[type];
  rule.type = type;
  choose_rule(*this, rule);
  const bool by_itself = rule.reduce == reduce_by_default || rule.reduce == reduce_native;
  rule.may_point = by_itself && may_point_elsewhere(type);
  rule.shows_memory = (std::strcmp(type->tp_name, "array.array") == 0 ||
                       std::strcmp(type->tp_name, "mmap.mmap") == 0);
  const bool of_library = frames::is_python_class(type) && !by_value_.type(type);
  rule.in_libraries = of_library || is_container_type(type) || is_lru_cache_type(type);
  return rule;
}

// A class that a name leads to needs no place, and its place may lead through the class itself: a
// registry of classes is keyed by them. One that a library made inside a function has a place only.
bool Saver::may_have_place(PyObject* object, const Rule& rule) {
  if (!PyType_Check(object)) return rule.in_libraries;
  auto* type = reinterpret_cast<PyTypeObject*>(object);
  if (!by_value_.type(type)) return false;
  PyObject* module = find(type->tp_dict, "__module__");
  return module && !by_value_.module_named(module);
}

Ref Saver::reduce_stand_in(PyObject* string) {
  interned_.insert(string, Py_None);
  PyObject** place = string_places_.find(string);
  if (!place) return reduced(make_interned, pack(string));
  return reduced(make_library_string, pack(item(*place, 0), item(*place, 1), string));
}

// (function, arguments, state): what a __reduce_ex__ gives of the object's own memory.
void Saver::let_buffers_pass(PyObject* value) {
  for (Py_ssize_t i = 0; PyTuple_Check(value) && i < PyTuple_GET_SIZE(value); ++i) {
    PyObject* part = PyTuple_GET_ITEM(value, i);
    for (Py_ssize_t k = 0; PyTuple_CheckExact(part) && k < PyTuple_GET_SIZE(part); ++k)
      if (PyObject* one = PyTuple_GET_ITEM(part, k); Py_TYPE(one) == &PyPickleBuffer_Type)
        passed_buffers_.insert(one, true);
  }
}

Ref Saver::reduce_by_rule(PyObject* object, Rule& rule) {
  const Ref told = made_from_iterators(rule.reduce(*this, object, rule), rule.type);
  Ref value = made_ended(told, rule.type);
  return rule.may_point && originals_ ? originals_->put_into(object, value) : value;
}

PyObject* Saver::reduce(PyObject* object) {
  last_reduced_ = object;
  weak_members_.note(object);
  try {
    if (PyObject_GC_IsFinalized(object)) append(finalized_, Ref::borrow(object));
    if (is_stand_in(object)) {
      written_by_cell_ = PyCell_GET(object);
      return reduced(make_interned, pack(written_by_cell_)).release();
    }
    if (interning_) return reduce_stand_in(PyCell_GET(object)).release();
    Rule& rule = rule_of(Py_TYPE(object));
    if (may_have_place(object, rule))
      if (const Ref place = library_place_of(object))
        return with_kept_hash(object, reduced(make_library_object, place)).release();
    Ref value = reduce_by_rule(object, rule);
    if (rule.reduce == &reduce_by_default) let_buffers_pass(value.get());
    if (rule.shows_memory) memory_of_save_.note_owner(object);
    if (rule.may_point) memory_of_save_.note_compiled(object, value.get());
    if (excluded_.size() > 0) check_not_made_from_excluded(*this, object, value);
    return with_kept_hash(object, value).release();
  } catch (const CannotSave& error) {
    refusal_ = error.what();
    set_python_exception();
  } catch (...) {
    set_python_exception();
  }
  return nullptr;
}

void Saver::refuse_late(PyObject* object, PyObject* array, const std::string& why) {
  last_reduced_ = object;
  refused_for_ = array;
  refusal_ = why;
  PyErr_SetString(PyExc_ValueError, why.c_str());
  throw Raised{};
}

void Saver::refuse_for_good(PyObject* object, const std::string& why) {
  is_refused_for_good_ = true;
  refuse_late(object, nullptr, why);
}

Ref not_implemented() { return Ref::borrow(Py_NotImplemented); }

Ref reduced(const Rebuilder& make, const Ref& args) { return pack(make.function(), args); }

Ref reduced(const Rebuilder& make, const Ref& args, const Ref& state, const Rebuilder& set) {
  return pack(make.function(), args, state, Py_None, Py_None, set.function());
}

}  // namespace chkpt::heap
