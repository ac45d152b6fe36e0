// SPDX-License-Identifier: BSD-3-Clause
// functools.lru_cache wrappers with their contents and counters. The cache is filled by calling a
// new wrapper around a feeder of ours, which answers with the saved results; then the feeder is
// replaced by the script's function, in a field that is found by the feeder's address.
#include <Python.h>

#include <cstring>
#include <utility>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/language/lru_cache.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// Fields around `func` in the wrapper: hits, func, maxsize, misses.
struct Counters {
  Py_ssize_t hits;
  PyObject* function;
  Py_ssize_t maxsize;
  Py_ssize_t misses;
};

Counters* counters_of(PyObject* wrapper, PyObject* function) {
  auto* words = reinterpret_cast<char*>(wrapper);
  const auto size = static_cast<std::size_t>(Py_TYPE(wrapper)->tp_basicsize);
  for (std::size_t offset = sizeof(PyObject); offset + sizeof(Counters) <= size;
       offset += sizeof(void*)) {
    auto* found = reinterpret_cast<Counters*>(words + offset);
    if (found->function == function) return found;
  }
  return nullptr;
}

// Believed only if the counters say what cache_info() says.
Counters* checked_counters(PyObject* wrapper, PyObject* function) {
  Counters* counters = counters_of(wrapper, function);
  if (!counters) return nullptr;
  const Ref info = call_method(wrapper, "cache_info");
  const Py_ssize_t maxsize =
      item(info, 2) == Py_None ? -1 : static_cast<Py_ssize_t>(integer(item(info, 2)));
  const bool fits = counters->hits == integer(item(info, 0)) &&
                    counters->misses == integer(item(info, 1)) && counters->maxsize == maxsize;
  return fits ? counters : nullptr;
}

// (key, result) from the least to the most recently used. The bounded cache shows its list as
// key, result, link type, again and again; the unbounded one has a plain dict.
Ref entries_of(PyObject* wrapper, bool bounded, Py_ssize_t count) {
  const Ref entries = new_list();
  const std::vector<PyObject*> found = referents(wrapper);
  if (!bounded) {
    const Ref attributes = attr(wrapper, "__dict__");
    for (PyObject* referent : found)
      if (PyDict_CheckExact(referent) && !attributes.is(referent) &&
          PyDict_GET_SIZE(referent) == count) {
        Ref items = own(PyDict_Items(referent));
        return items;
      }
    return {};
  }
  std::size_t at = 0;
  while (at < found.size() && found[at] == raw(Py_TYPE(wrapper))) ++at;
  for (Py_ssize_t i = 0; i < count; ++i, at += 3) {
    if (at + 2 >= found.size() || !PyType_Check(found[at + 2]) ||
        std::strstr(reinterpret_cast<PyTypeObject*>(found[at + 2])->tp_name, "lru_list_elem") ==
            nullptr)
      return {};
    append(entries, pack(found[at], found[at + 1]));
  }
  return entries;
}

// The marker between positional and keyword arguments in a key: the one plain object() that a new
// wrapper refers to. One in use may have others among its results.
PyObject* keyword_mark() {
  const Ref decorator = call_method(import("functools"), "lru_cache", number(1), Py_False);
  const Ref wrapper = call(decorator, attr(import("builtins"), "len"));
  for (PyObject* referent : referents(wrapper.get()))
    if (Py_TYPE(referent) == &PyBaseObject_Type) return referent;
  return nullptr;
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
  explicit FeederInside(Counters* counters)
      : counters_(counters),
        function_(std::exchange(counters->function,
                                own(PyCFunction_New(&feeder_definition, nullptr)).release())) {}
  ~FeederInside() { Py_DECREF(std::exchange(counters_->function, function_)); }
  FeederInside(const FeederInside&) = delete;
  FeederInside& operator=(const FeederInside&) = delete;

 private:
  Counters* counters_;
  PyObject* function_;
};

// (wrapper, (function, __dict__, entries, hits, misses))
Ref fill_lru_cache(Args args) {
  PyObject *wrapper = args[0], *state = args[1];
  const Ref dict = attr(wrapper, "__dict__");
  const Ref feeder = attr(wrapper, "__wrapped__");
  PyDict_Clear(dict.get());
  ok(PyDict_Update(dict.get(), item(state, 1)));
  Counters* counters = checked_counters(wrapper, feeder.get());
  if (!counters) broken("functools.lru_cache is laid out in an unknown way");
  // Calls hash the arguments, so all objects must be complete.
  Loader::current().afterwards(
      [wrapper = Ref::borrow(wrapper), state = Ref::borrow(state), counters] {
        refill(wrapper.get(), item(state, 2));
        counters->hits = static_cast<Py_ssize_t>(integer(item(state, 3)));
        counters->misses = static_cast<Py_ssize_t>(integer(item(state, 4)));
        Py_SETREF(counters->function, Py_NewRef(item(state, 0)));
      });
  return none();
}
const Rebuilder set_lru_cache{"lru_cache.state", guarded<fill_lru_cache>};

// The function that is called, whatever __wrapped__ says; borrowed, null if it is not found.
PyObject* function_of(PyObject* wrapper) {
  PyObject* function = nullptr;
  for (PyObject* referent : referents(wrapper))
    if (referent != raw(Py_TYPE(wrapper)) && counters_of(wrapper, referent) &&
        checked_counters(wrapper, referent))
      function = referent;
  return function;
}

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

bool is_lru_cache_type(PyTypeObject* type) {
  static PyTypeObject* known = nullptr;
  if (!known && loaded_module("_functools"))
    known =
        reinterpret_cast<PyTypeObject*>(attr(import("_functools"), "_lru_cache_wrapper").release());
  return known && type == known;
}

CacheCounts counts_of(PyObject* wrapper) {
  const Ref info = call_method(wrapper, "cache_info");
  const auto count = [&](Py_ssize_t i) { return static_cast<Py_ssize_t>(integer(item(info, i))); };
  return {count(0), count(1), count(3)};
}

Ref cache_contents(PyObject* wrapper) {
  const Ref parameters = call_method(wrapper, "cache_parameters");
  PyObject* maxsize = find(parameters.get(), "maxsize");
  const bool typed = is_true(find(parameters.get(), "typed"));
  const bool bounded = maxsize != Py_None && integer(maxsize) != 0;
  const CacheCounts counts = counts_of(wrapper);
  const Ref raw_entries = entries_of(wrapper, bounded, counts.size);
  PyObject* mark = keyword_mark();
  if (!raw_entries || !mark) refuse("the contents of its cache cannot be read in this Python");
  const Ref entries = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(raw_entries.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(raw_entries.get(), i);
    append(entries, pack(arguments_of(item(entry, 0), mark, typed), item(entry, 1)));
  }
  return pack(entries, number(counts.hits), number(counts.misses));
}

void restore_cache_contents(PyObject* wrapper, PyObject* contents) {
  PyObject* function = function_of(wrapper);
  Counters* counters = function ? checked_counters(wrapper, function) : nullptr;
  if (!counters) broken("functools.lru_cache is laid out in an unknown way");
  call_method(wrapper, "cache_clear");
  {
    const FeederInside feeder(counters);
    refill(wrapper, item(contents, 0));
  }
  counters->hits = static_cast<Py_ssize_t>(integer(item(contents, 1)));
  counters->misses = static_cast<Py_ssize_t>(integer(item(contents, 2)));
}

Ref reduce_lru_cache(Saver& saver, PyObject* wrapper, Rule& rule) {
  if (leads_back(saver, wrapper)) return reduce_by_default(saver, wrapper, rule);
  const Ref parameters = call_method(wrapper, "cache_parameters");
  PyObject* function = function_of(wrapper);
  if (!function) refuse("functools.lru_cache is laid out in an unknown way");
  const Ref contents = cache_contents(wrapper);
  const Ref state = pack(function, own(PyDict_Copy(attr(wrapper, "__dict__").get())),
                         item(contents, 0), item(contents, 1), item(contents, 2));
  return reduced(make_lru_cache,
                 pack(find(parameters.get(), "maxsize"), find(parameters.get(), "typed")), state,
                 set_lru_cache);
}

}  // namespace chkpt::heap
