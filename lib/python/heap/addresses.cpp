// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/addresses.hpp"

#include "base/high_heap.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr std::uint64_t kAlignment = 16;  // of all that Python allocates
constexpr std::uint64_t kBeyond = std::uint64_t{1} << 47;

// What exists once and is never among the objects that a pickler keeps; in a libpython.so it lies
// somewhere else in each process.
bool is_singleton(const void* place) {
  static const std::unordered_set<const void*> singletons = [] {
    constexpr long kSmallestInt = -5, kLargestInt = 256;  // CPython, pycore_global_objects.h
    std::unordered_set<const void*> all{Py_None, Py_True, Py_False, Py_Ellipsis, Py_NotImplemented};
    for (long i = kSmallestInt; i <= kLargestInt; ++i) all.insert(own(PyLong_FromLong(i)).get());
    return all;
  }();
  return singletons.count(place) != 0;
}

}  // namespace

PyObject* Addresses::id_of(PyObject* integer) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
  const auto address = static_cast<std::uint64_t>(value);
  if (overflow != 0 || value < static_cast<long long>(kLowestHighAddress) || address >= kBeyond ||
      address % kAlignment != 0)
    return nullptr;
  if (settled_) {
    const auto found = ids_.find(address);
    return found == ids_.end() ? nullptr : found->second.get();
  }
  if (may_be_address(address)) seen_.insert(address);
  return nullptr;
}

void Addresses::look_up(const std::function<PyObject*(const void*)>& met) {
  for (const std::uint64_t address : seen_) {
    auto* place = reinterpret_cast<void*>(address);  // NOLINT
    PyObject* object = is_singleton(place) ? static_cast<PyObject*>(place) : met(place);
    if (object) objects_.emplace(address, Ref::borrow(object));
  }
}

bool Addresses::settle() {
  if (settled_) return false;
  settled_ = true;
  // Only ours: nobody else refers to it. One may have held the next, so until nothing changes.
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (auto it = objects_.begin(); it != objects_.end();) {
      const bool ours = Py_REFCNT(it->second.get()) == 1;
      it = ours ? objects_.erase(it) : std::next(it);
      dropped |= ours;
    }
  }
  for (const auto& [address, object] : objects_)
    ids_.emplace(address, pack(text(kAddressTag), object));
  const std::uint64_t thread = PyThread_get_thread_ident();
  if (seen_.count(thread)) ids_.emplace(thread, pack(text(kThreadTag)));
  return !ids_.empty();
}

bool Addresses::may_be_address(std::uint64_t value) {
  if (!memory_) memory_.emplace(Mapped::kWritable);
  return memory_->contains(value);
}

Ref number_of_address(PyObject* object) { return own(PyLong_FromVoidPtr(object)); }
Ref number_of_this_thread() { return own(PyLong_FromUnsignedLong(PyThread_get_thread_ident())); }

}  // namespace chkpt::heap
