// SPDX-License-Identifier: BSD-3-Clause
// Set tables, dict iterators, functions and classes: state that Python code cannot reach.
#include "python/frames/shim.hpp"

#include "python/frames/objects.hpp"

#include "python/frames/stack.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace chkpt::frames {
namespace {

PySetObject* as_set(PyObject* object) { return reinterpret_cast<PySetObject*>(object); }

// The key of deleted entries: not exported, so it is looked up in a set that has one. Borrowed.
PyObject* set_dummy() {
  static PyObject* dummy = nullptr;
  if (dummy) return dummy;
  const Ref set = Ref::steal(PySet_New(nullptr));
  const Ref key = Ref::steal(PyLong_FromLong(1));
  if (!set || !key || PySet_Add(set.get(), key.get()) < 0 ||
      PySet_Discard(set.get(), key.get()) < 0)
    return nullptr;
  for (Py_ssize_t i = 0; i <= as_set(set.get())->mask; ++i)
    if (PyObject* left = as_set(set.get())->table[i].key) dummy = left;
  return dummy;
}

// Entries are triples: index, hash, key.
PyObject* entry_key(PyObject* entries, Py_ssize_t i) { return PyList_GET_ITEM(entries, 3 * i + 2); }
Py_hash_t entry_hash(PyObject* entries, Py_ssize_t i) {
  Py_hash_t hash = -1;
  std::memcpy(&hash, PyBytes_AS_STRING(PyList_GET_ITEM(entries, 3 * i + 1)), sizeof hash);
  return hash;
}

// 1: every key still has the hash it had; 0: not; -1: error.
int hashes_hold(PyObject* entries, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* key = entry_key(entries, i);
    if (key == null_marker()) continue;
    const Py_hash_t hash = PyObject_Hash(key);
    if (hash == -1) return -1;
    if (hash != entry_hash(entries, i)) return 0;
  }
  return 1;
}

int give_table(PySetObject* set, Py_ssize_t mask) {
  set->table = set->smalltable;
  if (mask + 1 > PySet_MINSIZE) {
    const auto slots = static_cast<std::size_t>(mask) + 1;
    set->table = static_cast<setentry*>(PyMem_Calloc(slots, sizeof(setentry)));
    if (!set->table) {
      set->table = set->smalltable;
      PyErr_NoMemory();
      return -1;
    }
  }
  set->mask = mask;
  return 0;
}

void place_entries(PySetObject* set, PyObject* entries, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i) {
    setentry& entry = set->table[PyLong_AsSsize_t(PyList_GET_ITEM(entries, 3 * i))];
    PyObject* key = entry_key(entries, i);
    if (key == null_marker()) {
      entry = {set_dummy(), -1};  // deleted entries own no reference
    } else {
      entry = {Py_NewRef(key), entry_hash(entries, i)};
      ++set->used;
    }
  }
}

// set_insert_clean() of setobject.c: into a table without this key, nobody comparing anything.
void insert_by_hash(PySetObject* set, PyObject* key, Py_hash_t hash) {
  constexpr Py_ssize_t kLinearProbes = 9;
  constexpr int kPerturbShift = 5;
  const auto mask = static_cast<std::size_t>(set->mask);
  auto perturb = static_cast<std::size_t>(hash);
  for (std::size_t i = perturb & mask;; i = (i * 5 + 1 + perturb) & mask) {
    const std::size_t last = i + kLinearProbes <= mask ? i + kLinearProbes : i;
    for (std::size_t at = i; at <= last; ++at) {
      if (set->table[at].key) continue;
      set->table[at] = {Py_NewRef(key), hash};
      ++set->fill;
      ++set->used;
      return;
    }
    perturb >>= kPerturbShift;
  }
}

// Of elements that hash differently now. They were different ones, whatever they say by now.
int insert_rehashed(PySetObject* set, PyObject* entries, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* key = entry_key(entries, i);
    if (key == null_marker()) continue;
    const Py_hash_t hash = PyObject_Hash(key);
    if (hash == -1) return -1;
    insert_by_hash(set, key, hash);
  }
  return 0;
}

// While it exists, objects of the classes of these keys equal only themselves.
class ComparedByIdentity {
 public:
  void add(PyObject* key) {
    if (PyTuple_CheckExact(key))
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) add(PyTuple_GET_ITEM(key, i));
    PyTypeObject* type = Py_TYPE(key);
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !type->tp_richcompare) return;
    compares_.emplace_back(type, std::exchange(type->tp_richcompare, nullptr));
  }
  ComparedByIdentity() = default;
  ~ComparedByIdentity() {
    for (const auto& [type, compare] : compares_) type->tp_richcompare = compare;
  }
  ComparedByIdentity(const ComparedByIdentity&) = delete;
  ComparedByIdentity& operator=(const ComparedByIdentity&) = delete;

 private:
  std::vector<std::pair<PyTypeObject*, richcmpfunc>> compares_;
};

bool entries_fit(PyObject* entries, Py_ssize_t mask) {
  if (PyList_GET_SIZE(entries) % 3 != 0 || mask < PySet_MINSIZE - 1 || (mask & (mask + 1)) != 0)
    return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries) / 3; ++i) {
    const Py_ssize_t index = PyLong_AsSsize_t(PyList_GET_ITEM(entries, 3 * i));
    if (index < 0 || index > mask) return false;
    PyObject* hash = PyList_GET_ITEM(entries, 3 * i + 1);
    if (!PyBytes_Check(hash) || PyBytes_GET_SIZE(hash) != sizeof(Py_hash_t)) return false;
  }
  return true;
}

// The private layout of dict iterators, the same from 3.7 to 3.13.
struct DictIterator {
  PyObject_HEAD PyDictObject* dict;
  Py_ssize_t used;
  Py_ssize_t position;
  PyObject* result;
  Py_ssize_t left;
};

// Of list iterators in both directions, the same from 3.7 to 3.13.
struct ListIterator {
  PyObject_HEAD Py_ssize_t index;
  PyObject* list;
};

bool is_reverse(PyObject* iterator) {
  return Py_IS_TYPE(iterator, &PyDictRevIterKey_Type) ||
         Py_IS_TYPE(iterator, &PyDictRevIterValue_Type) ||
         Py_IS_TYPE(iterator, &PyDictRevIterItem_Type);
}

// A rebuilt dict has other gaps, or none, so positions are kept as numbers of live entries: those
// passed, or for a reverse iterator those not yet passed.
Py_ssize_t live_entries_before(PyObject* dict, Py_ssize_t position) {
  Py_ssize_t live = 0, at = 0;
  PyObject *key = nullptr, *value = nullptr;
  while (PyDict_Next(dict, &at, &key, &value) && at <= position) ++live;
  return live;
}

// Where `live` entries have been passed.
Py_ssize_t position_after(PyObject* dict, Py_ssize_t live) {
  Py_ssize_t at = 0;
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t passed = 0; passed < live; ++passed)
    if (!PyDict_Next(dict, &at, &key, &value)) return at + live - passed;
  return at;
}

}  // namespace

// The hash of an object may be its address, or that of another one. As a number it would come back
// as the new address, beside the place of the old; bytes stay what they were.
int append_set_entry(PyObject* entries, Py_ssize_t index, const setentry& entry) {
  const bool deleted = entry.key == set_dummy();
  const Py_hash_t of_key = deleted ? -1 : entry.hash;
  const Ref position = Ref::steal(PyLong_FromSsize_t(index));
  const Ref hash =
      Ref::steal(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(&of_key), sizeof of_key));
  if (!position || !hash || PyList_Append(entries, position.get()) < 0 ||
      PyList_Append(entries, hash.get()) < 0)
    return -1;
  return PyList_Append(entries, deleted ? null_marker() : entry.key);
}

PyObject* set_get(PyObject* object) {
  PySetObject* set = as_set(object);
  const Ref entries = Ref::steal(PyList_New(0));
  if (!entries || !set_dummy()) return nullptr;
  for (Py_ssize_t i = 0; i <= set->mask; ++i)
    if (set->table[i].key && append_set_entry(entries.get(), i, set->table[i]) < 0) return nullptr;
  return Py_BuildValue("(nnnO)", set->mask, set->fill, set->finger, entries.get());
}

int set_put(PyObject* object, PyObject* state) {
  PyObject* entries = nullptr;
  Py_ssize_t mask = 0, fill = 0, finger = 0;
  if (!PyArg_ParseTuple(state, "nnnO!", &mask, &fill, &finger, &PyList_Type, &entries)) return -1;
  if (!set_dummy()) return -1;
  if (!entries_fit(entries, mask)) {
    PyErr_SetString(PyExc_RuntimeError, "saved set has an impossible table");
    return -1;
  }
  PySetObject* set = as_set(object);
  const Py_ssize_t n = PyList_GET_SIZE(entries) / 3;
  const int hold = hashes_hold(entries, n);
  if (hold < 0) return -1;
  if (set->fill || set->table != set->smalltable) {
    PyErr_SetString(PyExc_RuntimeError, "a saved set was filled twice");
    return -1;
  }
  if (give_table(set, mask) < 0) return -1;
  if (!hold) return insert_rehashed(set, entries, n);
  place_entries(set, entries, n);
  set->fill = fill;
  set->finger = finger;
  return 1;
}

bool set_is_pristine(PyObject* object) {
  const PySetObject* set = as_set(object);
  return set->fill == 0 && set->mask == PySet_MINSIZE - 1 && set->finger == 0;
}

int dict_put(PyObject* dict, PyObject* pairs) {
  const auto n = static_cast<std::size_t>(PyList_GET_SIZE(pairs));
  const auto part = [pairs](std::size_t i, Py_ssize_t which) {
    return PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, static_cast<Py_ssize_t>(i)), which);
  };
  std::vector<Py_hash_t> hashes;
  for (std::size_t i = 0; i < n; ++i) {
    hashes.push_back(PyObject_Hash(part(i, 0)));
    if (hashes.back() == -1) return -1;
  }
  ComparedByIdentity compared;
  for (std::size_t i = 0; i < n; ++i) compared.add(part(i, 0));
  for (std::size_t i = 0; i < n; ++i) {
    const int put = PyODict_Check(dict)
                        ? PyODict_SetItem(dict, part(i, 0), part(i, 1))
                        : _PyDict_SetItem_KnownHash(dict, part(i, 0), part(i, 1), hashes[i]);
    if (put < 0) return -1;
  }
  return 0;
}

PyObject* dict_iter_get(PyObject* object) {
  const auto* it = reinterpret_cast<DictIterator*>(object);
  auto* dict = reinterpret_cast<PyObject*>(it->dict);
  Py_ssize_t live = 0;
  if (dict) live = live_entries_before(dict, is_reverse(object) ? it->position + 1 : it->position);
  return Py_BuildValue("(Onnn)", dict ? dict : Py_None, it->used, live, it->left);
}

int dict_iter_set(PyObject* object, PyObject* state) {
  PyObject* dict = nullptr;
  Py_ssize_t used = 0, live = 0, left = 0;
  if (!PyArg_ParseTuple(state, "Onnn", &dict, &used, &live, &left)) return -1;
  if (dict != Py_None && !PyDict_Check(dict)) {
    PyErr_SetString(PyExc_RuntimeError, "saved dict iterator without its dict");
    return -1;
  }
  auto* it = reinterpret_cast<DictIterator*>(object);
  const Ref before = Ref::steal(reinterpret_cast<PyObject*>(it->dict));
  it->dict = dict == Py_None ? nullptr : reinterpret_cast<PyDictObject*>(Py_NewRef(dict));
  it->used = used;
  const Py_ssize_t position = it->dict ? position_after(dict, live) : live;
  it->position = is_reverse(object) ? position - 1 : position;
  it->left = left;
  return 0;
}

PyObject* list_iter_get(PyObject* object) {
  const auto* it = reinterpret_cast<ListIterator*>(object);
  return Py_BuildValue("(On)", it->list ? it->list : Py_None, it->index);
}

int list_iter_set(PyObject* object, PyObject* state) {
  PyObject* list = nullptr;
  Py_ssize_t index = 0;
  if (!PyArg_ParseTuple(state, "On", &list, &index)) return -1;
  if ((list != Py_None && !PyList_Check(list)) || index < -1) {
    PyErr_SetString(PyExc_RuntimeError, "saved list iterator without its list");
    return -1;
  }
  auto* it = reinterpret_cast<ListIterator*>(object);
  const Ref before = Ref::steal(it->list);
  it->list = list == Py_None ? nullptr : Py_NewRef(list);
  it->index = index;
  return 0;
}

PyObject* view_dict(PyObject* view) {
  PyDictObject* dict = reinterpret_cast<_PyDictViewObject*>(view)->dv_dict;
  return Py_NewRef(dict ? reinterpret_cast<PyObject*>(dict) : Py_None);
}

PyObject* function_new(PyObject* code, PyObject* globals) {
  if (!PyCode_Check(code) || !PyDict_Check(globals)) {
    PyErr_SetString(PyExc_TypeError, "a function needs a code object and a dict of globals");
    return nullptr;
  }
  Ref function = Ref::steal(PyFunction_New(code, globals));
  // Until it gets its own cells: a function without any would crash if it is called before.
  const Py_ssize_t cells = reinterpret_cast<PyCodeObject*>(code)->co_nfreevars;
  if (!function || cells == 0) return function.release();
  const Ref closure = Ref::steal(PyTuple_New(cells));
  if (!closure) return nullptr;
  for (Py_ssize_t i = 0; i < cells; ++i) {
    PyObject* cell = PyCell_New(nullptr);
    if (!cell) return nullptr;
    PyTuple_SET_ITEM(closure.get(), i, cell);
  }
  return PyFunction_SetClosure(function.get(), closure.get()) < 0 ? nullptr : function.release();
}

int function_set_closure(PyObject* function, PyObject* closure_or_none) {
  return PyFunction_SetClosure(function, closure_or_none);
}

int function_set_builtins(PyObject* function, PyObject* builtins) {
  if (!PyFunction_Check(function) || !PyDict_Check(builtins)) {
    PyErr_SetString(PyExc_TypeError, "a function's builtins must be a dict");
    return -1;
  }
  Py_INCREF(builtins);
  Py_XSETREF(reinterpret_cast<PyFunctionObject*>(function)->func_builtins, builtins);
  return 0;
}

std::uint64_t dict_version(PyObject* dict) { return shim::dict_version(dict); }

// type_new() leaves the storage for tp_name empty that PyType_FromSpec() fills, and takes the text
// of the name object, which those that fill a type object themselves (pybind11 for one) do not. How
// instances end tells nothing: torch sets that for Python classes too.
bool is_python_class(PyTypeObject* type) {
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return false;
  const auto* heap_type = reinterpret_cast<PyHeapTypeObject*>(type);
  return !heap_type->_ht_tpname && type->tp_name == PyUnicode_AsUTF8(heap_type->ht_name);
}

}  // namespace chkpt::frames
