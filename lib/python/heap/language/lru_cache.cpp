// SPDX-License-Identifier: BSD-3-Clause
// functools.lru_cache wrappers with their contents and counters. The cache is filled by calling a
// new wrapper around a feeder of ours, which answers with the saved results; then the feeder is
// replaced by the script's function.
#include <Python.h>

#include <cstring>
#include <utility>
#include <vector>

#include "python/frames/native/cached_calls.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/lru_cache.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

using frames::CacheFields;

// (key, result) from the least to the most recently used. The bounded cache shows its list as
// key, result, link type, again and again; the unbounded one has a plain dict.
Ref entries_of(PyObject* wrapper, const CacheFields& fields) {
  if (fields.maxsize <= 0) return own(PyDict_Items(fields.cache));
  Ref entries = new_list();
  const std::vector<PyObject*> found = referents(wrapper);
  std::size_t at = 0;
  while (at < found.size() && found[at] == raw(Py_TYPE(wrapper))) ++at;
  for (Py_ssize_t i = 0; i < PyDict_GET_SIZE(fields.cache); ++i, at += 3) {
    if (at + 2 >= found.size() || !PyType_Check(found[at + 2]) ||
        std::strstr(reinterpret_cast<PyTypeObject*>(found[at + 2])->tp_name, "lru_list_elem") ==
            nullptr)
      return {};
    append(entries, pack(found[at], found[at + 1]));
  }
  return entries;
}

// Keys: the argument itself, or (positional..., mark, name, value..., types...).
Ref arguments_of(PyObject* key, PyObject* mark, bool typed) {
  const Ref keywords = new_dict();
  if (!PyTuple_CheckExact(key)) return pack(pack(key), keywords);
  const Py_ssize_t size = PyTuple_GET_SIZE(key);
  Py_ssize_t positional = size, names = 0;
  for (Py_ssize_t i = 0; i < size; ++i)
    if (PyTuple_GET_ITEM(key, i) == mark) {
      positional = i;
      const Py_ssize_t rest = size - i - 1;
      names = typed ? (rest - positional) / 3 : rest / 2;
    }
  if (positional == size && typed) positional = size / 2;
  for (Py_ssize_t i = 0; i < names; ++i)
    ok(PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(key, positional + 1 + 2 * i),
                      PyTuple_GET_ITEM(key, positional + 2 + 2 * i)));
  return pack(own(PyTuple_GetSlice(key, 0, positional)), keywords);
}

PyObject* feeder_result = nullptr;
PyObject* feed(PyObject*, PyObject*, PyObject*) { return Py_NewRef(feeder_result); }
PyMethodDef feeder_definition = {"feed",
                                 reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(feed)),
                                 METH_VARARGS | METH_KEYWORDS, nullptr};

Ref rebuild_lru_cache(Args args) {
  const Ref feeder = own(PyCFunction_New(&feeder_definition, nullptr));
  const Ref functools = import("functools");
  const Ref decorator = call_method(functools, "lru_cache", args[0], args[1]);
  return call(decorator, feeder);
}
const Rebuilder make_lru_cache{"lru_cache", guarded<rebuild_lru_cache>};

void refill(PyObject* wrapper, PyObject* entries) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); ++i) {
    PyObject* entry = PyList_GET_ITEM(entries, i);
    feeder_result = item(entry, 1);
    call_with(wrapper, item(item(entry, 0), 0), item(item(entry, 0), 1));
  }
  feeder_result = nullptr;
}

// As long as this lives, a wrapper that exists already asks the feeder.
class FeederInside {
 public:
  explicit FeederInside(CacheFields* fields)
      : fields_(fields),
        function_(std::exchange(fields->function,
                                own(PyCFunction_New(&feeder_definition, nullptr)).release())) {}
  ~FeederInside() { Py_DECREF(std::exchange(fields_->function, function_)); }
  FeederInside(const FeederInside&) = delete;
  FeederInside& operator=(const FeederInside&) = delete;

 private:
  CacheFields* fields_;
  PyObject* function_;
};

CacheFields* known_fields(PyObject* wrapper) {
  CacheFields* fields = frames::cache_fields(wrapper);
  if (!fields) broken("functools.lru_cache is laid out in an unknown way");
  return fields;
}

// (wrapper, (function, __dict__, entries, hits, misses))
Ref fill_lru_cache(Args args) {
  PyObject *wrapper = args[0], *state = args[1];
  CacheFields* fields = known_fields(wrapper);
  const Ref dict = attr(wrapper, "__dict__");
  PyDict_Clear(dict.get());
  ok(PyDict_Update(dict.get(), item(state, 1)));
  // Calls hash the arguments, so all objects must be complete.
  Loader::current().afterwards(
      [wrapper = Ref::borrow(wrapper), state = Ref::borrow(state), fields] {
        refill(wrapper.get(), item(state, 2));
        fields->hits = static_cast<Py_ssize_t>(integer(item(state, 3)));
        fields->misses = static_cast<Py_ssize_t>(integer(item(state, 4)));
        Py_SETREF(fields->function, Py_NewRef(item(state, 0)));
      });
  return none();
}
const Rebuilder set_lru_cache{"lru_cache.state", guarded<fill_lru_cache>};

bool leads_back(Saver& saver, PyObject* wrapper) {
  const Ref module = attr_or_null(wrapper, "__module__"),
            name = attr_or_null(wrapper, "__qualname__");
  if (!module || !name || !PyUnicode_Check(module.get()) || !PyUnicode_Check(name.get()))
    return false;
  PyObject* found = PyDict_GetItemWithError(PyImport_GetModuleDict(), module.get());
  if (!found || saver.by_value().module(module.get(), found)) return false;
  return find_qualified(found, name.get()).is(wrapper);
}

}  // namespace

bool is_lru_cache_type(PyTypeObject* type) { return type == frames::cache_type(); }

CacheCounts counts_of(PyObject* wrapper) {
  const Ref info = call_method(wrapper, "cache_info");
  const auto count = [&](Py_ssize_t i) { return static_cast<Py_ssize_t>(integer(item(info, i))); };
  return {count(0), count(1), count(3)};
}

Ref cache_contents(PyObject* wrapper) {
  const Ref parameters = call_method(wrapper, "cache_parameters");
  const bool typed = is_true(find(parameters.get(), "typed"));
  const CacheFields* fields = frames::cache_fields(wrapper);
  const Ref raw_entries = fields ? entries_of(wrapper, *fields) : Ref();
  if (!raw_entries) refuse("the contents of its cache cannot be read in this Python");
  const Ref entries = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(raw_entries.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(raw_entries.get(), i);
    append(entries,
           pack(arguments_of(item(entry, 0), fields->keyword_mark, typed), item(entry, 1)));
  }
  return pack(entries, number(fields->hits), number(fields->misses));
}

void restore_cache_contents(PyObject* wrapper, PyObject* contents) {
  CacheFields* fields = known_fields(wrapper);
  call_method(wrapper, "cache_clear");
  {
    const FeederInside feeder(fields);
    refill(wrapper, item(contents, 0));
  }
  fields->hits = static_cast<Py_ssize_t>(integer(item(contents, 1)));
  fields->misses = static_cast<Py_ssize_t>(integer(item(contents, 2)));
}

Ref reduce_lru_cache(Saver& saver, PyObject* wrapper, Rule& rule) {
  if (leads_back(saver, wrapper)) return reduce_by_default(saver, wrapper, rule);
  const Ref parameters = call_method(wrapper, "cache_parameters");
  const Ref contents = cache_contents(wrapper);
  const Ref state = pack(frames::cache_fields(wrapper)->function,
                         own(PyDict_Copy(attr(wrapper, "__dict__").get())), item(contents, 0),
                         item(contents, 1), item(contents, 2));
  return reduced(make_lru_cache,
                 pack(find(parameters.get(), "maxsize"), find(parameters.get(), "typed")), state,
                 set_lru_cache);
}

}  // namespace chkpt::heap
