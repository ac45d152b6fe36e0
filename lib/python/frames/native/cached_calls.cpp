// SPDX-License-Identifier: BSD-3-Clause
// Calls of functools.lru_cache() wrappers. The interpreter's code does all of it; after a resume it
// is called once more, with a function that gives the result there is in place of the script's.
#include "python/frames/shim.hpp"

#include "python/frames/native/cached_calls.hpp"

#include <utility>

#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {
namespace {

PyTypeObject* wrapper_type = nullptr;
std::size_t offset_of_fields = 0;

CacheFields* fields_of(PyObject* wrapper) {
  return reinterpret_cast<CacheFields*>(reinterpret_cast<char*>(wrapper) + offset_of_fields);
}

// Takes the place of a wrapper's function for one call.
class Feeder {
 public:
  Feeder(PyObject* wrapper, PyObject* result)
      : fields_(fields_of(wrapper)), result_(result), outer_(std::exchange(current, this)) {
    function_ = std::exchange(fields_->function, PyCFunction_New(&definition, nullptr));
  }
  ~Feeder() {
    put_back();
    current = outer_;
  }
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;
  bool is_ready() const { return fields_->function != nullptr; }

 private:
  static PyObject* give(PyObject*, PyObject*, PyObject*) {
    current->put_back();
    return Py_NewRef(current->result_);
  }
  void put_back() {
    if (function_) Py_XDECREF(std::exchange(fields_->function, std::exchange(function_, nullptr)));
  }

  static PyMethodDef definition;
  static Feeder* current;
  CacheFields* fields_;
  PyObject* function_ = nullptr;
  PyObject* result_;
  Feeder* outer_;
};
PyMethodDef Feeder::definition = {"give", as_c_function(Feeder::give), METH_VARARGS | METH_KEYWORDS,
                                  nullptr};
Feeder* Feeder::current = nullptr;

// Without bounds a wrapper keeps the result of the outer of two equal calls, one inside the other:
// the call that is made once more must not find what the inner one has left.
class EmptyCache {
 public:
  explicit EmptyCache(CacheFields* counts) : counts_(counts) {
    constexpr Py_ssize_t kWithoutBounds = -1;
    if (counts->maxsize != kWithoutBounds) return;
    Ref empty = Ref::steal(PyDict_New());
    if (empty) cache_ = Ref::steal(std::exchange(counts->cache, empty.release()));
  }
  ~EmptyCache() { put_back(); }
  EmptyCache(const EmptyCache&) = delete;
  EmptyCache& operator=(const EmptyCache&) = delete;
  // What has been kept meanwhile is added. False: an exception is set.
  bool end() {
    const Ref filled = put_back();
    return !filled || PyDict_Update(counts_->cache, filled.get()) == 0;
  }

 private:
  Ref put_back() {
    if (!cache_) return {};
    return Ref::steal(std::exchange(counts_->cache, cache_.release()));
  }

  CacheFields* counts_;
  Ref cache_;
};

PyObject* fill_cache(PyObject* wrapper, PyObject* arguments, PyObject* keywords,
                     const Ref& result) {
  CacheFields* counts = fields_of(wrapper);
  const Py_ssize_t hits = counts->hits;
  --counts->misses;  // counted when the call began
  Ref found;
  {
    EmptyCache empty(counts);
    const Feeder feeder(wrapper, result.get());
    if (!feeder.is_ready()) return nullptr;
    found = Ref::steal(wrapper_type->tp_call(wrapper, arguments, keywords));
    if (found && !empty.end()) return nullptr;
  }
  if (counts->hits == hits) return found.release();
  // A bounded cache: the result of the same call inside this one stays, ours is returned.
  counts->hits = hits;
  ++counts->misses;
  return result.new_ref();
}

PyObject* cached_call_goes_on(Ref state, PyObject* result) {
  PyObject *wrapper = nullptr, *arguments = nullptr, *keywords = nullptr;
  if (!result) return nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O!O", wrapper_type, &wrapper, &PyTuple_Type, &arguments,
                        &keywords))
    return damaged(result);
  return fill_cache(wrapper, arguments, keywords == Py_None ? nullptr : keywords,
                    Ref::steal(result));
}

// Told by a wrapper whose numbers are known; 0: they are elsewhere.
std::size_t find_fields(PyObject* functools) {
  const Ref function = checked(PyObject_GetAttrString(functools, "reduce"));
  constexpr Py_ssize_t kMaxSize = 7;
  const Ref wrapper = checked(PyObject_CallFunction(reinterpret_cast<PyObject*>(wrapper_type),
                                                    "OniO", function.get(), kMaxSize, 0, Py_None));
  const auto size = static_cast<std::size_t>(wrapper_type->tp_basicsize);
  for (std::size_t at = sizeof(PyObject); at + sizeof(CacheFields) <= size; at += sizeof(void*)) {
    const auto* found = reinterpret_cast<CacheFields*>(reinterpret_cast<char*>(wrapper.get()) + at);
    if (found->function == function.get() && found->maxsize == kMaxSize && found->hits == 0 &&
        found->misses == 0 && found->cache && PyDict_CheckExact(found->cache) &&
        found->keyword_mark && Py_IS_TYPE(found->keyword_mark, &PyBaseObject_Type))
      return at;
  }
  return 0;
}

}  // namespace

const NativeCode kCachedCode{"cached_call", cached_call_goes_on};

bool is_cached_call(PyObject* callable) {
  return offset_of_fields && Py_IS_TYPE(callable, wrapper_type) && wrapper_type->tp_call;
}

PyObject* cached_function(PyObject* wrapper) { return fields_of(wrapper)->function; }

PyObject* cached_call_state(PyObject* wrapper, PyObject* arguments, PyObject* keywords) {
  return Py_BuildValue("(OOO)", wrapper, arguments, keywords ? keywords : Py_None);
}

void find_cached_calls(PyObject* functools) {
  if (wrapper_type) return;
  const Ref type = checked(PyObject_GetAttrString(functools, "_lru_cache_wrapper"));
  wrapper_type = reinterpret_cast<PyTypeObject*>(type.new_ref());
  offset_of_fields = find_fields(functools);
}

PyTypeObject* cache_type() {
  if (!wrapper_type)
    if (PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "_functools"))
      find_cached_calls(module);
  return wrapper_type;
}

CacheFields* cache_fields(PyObject* wrapper) {
  return cache_type() && offset_of_fields ? fields_of(wrapper) : nullptr;
}

}  // namespace chkpt::frames
