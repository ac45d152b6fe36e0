// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/reference_objects.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/modules/library_paths.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Dl_info image_of(traverseproc function) {
  Dl_info info{};
  ::dladdr(reinterpret_cast<void*>(function), &info);
  return info;
}

// Not CPython's own types, some of which are built into this program: those that cannot be pickled
// hold more than they show, or are refused for what they mean.
bool is_of_package(PyTypeObject* base) {
  const Dl_info info = image_of(base->tp_traverse);
  if (!info.dli_fname || info.dli_fbase == image_of(PyType_Type.tp_traverse).dli_fbase)
    return false;
  const std::string path = info.dli_fname;
  return is_package_file(path) || is_own_binary(path);
}

// The words between the head that all objects have and the end of what the C type defines.
// instance_state() knows the __dict__; weak references say themselves what they refer to.
std::vector<Py_ssize_t> reference_words(PyTypeObject* base) {
  std::vector<Py_ssize_t> offsets;
  constexpr auto kWord = static_cast<Py_ssize_t>(sizeof(PyObject*));
  for (auto at = static_cast<Py_ssize_t>(sizeof(PyObject)); at < base->tp_basicsize; at += kWord)
    if (at != base->tp_dictoffset && at != base->tp_weaklistoffset) offsets.push_back(at);
  return offsets;
}

PyObject*& word_at(PyObject* object, Py_ssize_t offset) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
}

std::unordered_map<PyObject*, int> shown_to_collector(PyObject* object, PyTypeObject* base) {
  std::unordered_map<PyObject*, int> shown;
  base->tp_traverse(
      object,
      [](PyObject* referent, void* counts) {
        ++(*static_cast<std::unordered_map<PyObject*, int>*>(counts))[referent];
        return 0;
      },
      &shown);
  return shown;
}

// ---- hash values that objects keep. The object that a resume makes computes its own: its address
// is another one, and so may be those of the objects that it refers to.

// Another object with the same references, which is gone without having given up any.
class Twin {
 public:
  Twin(PyObject* object, PyTypeObject* base, std::vector<Py_ssize_t> references)
      : made_(own(base->tp_alloc(base, 0))), references_(std::move(references)) {
    for (const Py_ssize_t at : references_)
      word_at(made_.get(), at) = Py_NewRef(word_at(object, at));
  }
  ~Twin() {
    for (const Py_ssize_t at : references_) Py_CLEAR(word_at(made_.get(), at));
  }
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;
  PyObject* get() const { return made_.get(); }

 private:
  Ref made_;
  std::vector<Py_ssize_t> references_;
};

Py_hash_t& hash_at(PyObject* object, Py_ssize_t offset) {
  return reinterpret_cast<Py_hash_t&>(word_at(object, offset));
}

Py_hash_t hash_by(PyTypeObject* base, PyObject* object) {
  const Py_hash_t hash = base->tp_hash(object);
  if (hash == -1) PyErr_Clear();
  return hash;
}

// Whether this is what the word holds until somebody asks: the type then puts the hash there.
bool stands_for_no_hash(Py_hash_t value, PyObject* twin, PyTypeObject* base, Py_ssize_t offset) {
  hash_at(twin, offset) = value;
  const Py_hash_t hash = hash_by(base, twin);
  const bool was_put_there = hash != -1 && hash != value && hash_at(twin, offset) == hash;
  hash_at(twin, offset) = 0;
  return was_put_there;
}

// What the word of such an object held before somebody asked. Nothing if it is no kept hash: a
// handle of C code may be its own hash.
std::optional<Py_hash_t> before_hashing(PyObject* object, PyTypeObject* base, Py_ssize_t offset,
                                        const std::vector<Py_ssize_t>& references) {
  if (!base->tp_hash || base->tp_hash == PyBaseObject_Type.tp_hash) return {};
  const Py_hash_t word = hash_at(object, offset);
  if (word != -1 && hash_by(base, object) != word) return {};
  const Twin twin(object, base, references);
  for (const Py_hash_t value : {0, -1})
    if ((word != -1 || value == -1) && stands_for_no_hash(value, twin.get(), base, offset))
      return value;
  return {};
}

enum class Word { kNone, kReference, kNoHash, kOther };

Word kind_of_hash(const std::optional<Py_hash_t>& before) {
  if (!before) return Word::kOther;
  return *before == 0 ? Word::kNone : Word::kNoHash;
}

// In the order of reference_words(); what is a kept hash, as the word before anybody asked.
std::vector<Word> kinds_of_words(PyObject* object, PyTypeObject* base) {
  std::unordered_map<PyObject*, int> shown = shown_to_collector(object, base);
  const std::vector<Py_ssize_t> offsets = reference_words(base);
  std::vector<Word> kinds;
  std::vector<Py_ssize_t> references;
  for (const Py_ssize_t offset : offsets) {
    PyObject* word = word_at(object, offset);
    kinds.push_back(!word ? Word::kNone : --shown[word] >= 0 ? Word::kReference : Word::kOther);
    if (kinds.back() == Word::kReference) references.push_back(offset);
  }
  // Of several not all are hashes: the type must not be asked for that of an object without the
  // rest.
  const auto other = std::find(kinds.begin(), kinds.end(), Word::kOther);
  if (other == kinds.end() || std::count(other, kinds.end(), Word::kOther) > 1) return kinds;
  const Py_ssize_t offset = offsets[static_cast<std::size_t>(other - kinds.begin())];
  *other = kind_of_hash(before_hashing(object, base, offset, references));
  return kinds;
}

// (type, native base)
Ref rebuild_references(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  return own(type->tp_alloc(type, 0));
}
const Rebuilder make_references{"references", guarded<rebuild_references>};

// (object, (instance state, native base, words, indices of those that are numbers))
Ref fill_references(Args args) {
  auto* base = reinterpret_cast<PyTypeObject*>(item(args[1], 1));
  PyObject *words = item(args[1], 2), *numbers = item(args[1], 3);
  const std::vector<Py_ssize_t> offsets = reference_words(base);
  if (PyTuple_GET_SIZE(words) != static_cast<Py_ssize_t>(offsets.size()))
    broken(std::string(base->tp_name) + " has changed");
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    PyObject* word = PyTuple_GET_ITEM(words, static_cast<Py_ssize_t>(i));
    if (ok(PySequence_Contains(numbers, number(static_cast<long long>(i)).get())))
      word_at(args[0], offsets[i]) = reinterpret_cast<PyObject*>(integer(word));
    else if (word != frames::null_marker())
      Py_XSETREF(word_at(args[0], offsets[i]), Py_NewRef(word));
  }
  restore_instance_state(args[0], item(args[1], 0));
  return none();
}
const Rebuilder set_references{"references.state", guarded<fill_references>};

Ref saved_word(PyObject* word, Word kind) {
  if (kind == Word::kNoHash) return number(-1);
  return Ref::borrow(kind == Word::kReference ? word : frames::null_marker());
}

}  // namespace

bool is_made_of_references(PyObject* object, PyTypeObject* base) {
  if (!base->tp_traverse || !PyType_IS_GC(base) || base->tp_itemsize != 0 || !is_of_package(base))
    return false;
  const std::vector<Word> kinds = kinds_of_words(object, base);
  const auto any = [&](Word kind) { return std::count(kinds.begin(), kinds.end(), kind) > 0; };
  // What is something else may be a number, memory of C code, an object that it only borrows. An
  // object in C that holds nothing may be known by its address.
  return !any(Word::kOther) && (any(Word::kReference) || frames::is_python_class(Py_TYPE(object)));
}

Ref reduce_references(Saver& saver, PyObject* object, Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  const std::vector<Py_ssize_t> offsets = reference_words(base);
  const std::vector<Word> kinds = kinds_of_words(object, base);
  const Ref words = new_list(), numbers = new_list();
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    append(words, saved_word(word_at(object, offsets[i]), kinds[i]));
    if (kinds[i] == Word::kNoHash) append(numbers, number(static_cast<long long>(i)));
  }
  return reduced(make_references, pack(rule.type, base),
                 pack(instance_state(saver, object, rule), base, own(PyList_AsTuple(words.get())),
                      own(PyList_AsTuple(numbers.get()))),
                 set_references);
}

}  // namespace chkpt::heap
