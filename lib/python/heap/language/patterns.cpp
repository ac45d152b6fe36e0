// SPDX-License-Identifier: BSD-3-Clause
// Compiled regular expressions. re.compile() gives everybody who asks the one that it remembers: it
// is that one again after a load, and others, equal or not, stay apart.
#include <Python.h>

#include "python/heap/language/patterns.hpp"

#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kDebug = 128;  // re.DEBUG: says what it compiles, as it has done

// (what it was compiled from, flags): re remembers it.
Ref rebuild_remembered(Args args) {
  return call_method(import("re"), "_compile", args[0], args[1]);
}
const Rebuilder make_remembered{"pattern.remembered", guarded<rebuild_remembered>};

Ref rebuild_pattern(Args args) {
  const long long flags = integer(args[1]);
  Ref made = call_method(import("re._compiler"), "compile", args[0], number(flags & ~kDebug));
  if ((flags & kDebug) != 0) {
    auto* place = reinterpret_cast<char*>(made.get()) + member_offset(Py_TYPE(made.get()), "flags");
    *reinterpret_cast<int*>(place) = static_cast<int>(flags);
  }
  return made;
}
const Rebuilder make_pattern{"pattern", guarded<rebuild_pattern>};

}  // namespace

PyObject* RememberedPatterns::key_of(PyObject* pattern) {
  if (!std::exchange(has_looked_, true)) look();
  const auto found = keys_.find(pattern);
  return found == keys_.end() ? nullptr : found->second.key.get();
}

void RememberedPatterns::look() {
  for (const char* name : {"_cache2", "_cache"}) {  // the first from 3.12 on
    const Ref cache = loaded_attr("re", name);
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0;
         cache && PyDict_Check(cache.get()) && PyDict_Next(cache.get(), &at, &key, &value);)
      if (PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 3 && PyLong_CheckExact(item(key, 2)))
        keys_.insert_or_assign(value, Remembered{Ref::borrow(value), Ref::borrow(key)});
  }
}

// re.Scanner puts patterns together that re.compile() could not make again.
Ref reduce_pattern(Saver& saver, PyObject* pattern, Rule&) {
  const Ref source = attr(pattern, "pattern");
  if (source.is(Py_None)) refuse("a pattern that re.compile() has not made");
  if (PyObject* key = saver.remembered_patterns().key_of(pattern))
    return reduced(make_remembered, pack(source, item(key, 2)));
  return reduced(make_pattern, pack(source, attr(pattern, "flags")));
}

}  // namespace chkpt::heap
