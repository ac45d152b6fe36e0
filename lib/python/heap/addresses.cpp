// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/addresses.hpp"

#include "base/high_heap.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_memory.hpp"
#include "python/heap/foreign.hpp"

namespace chkpt::heap {
namespace {

constexpr std::uint64_t kAlignment = 16;  // of all that Python allocates
constexpr std::uint64_t kBeyond = std::uint64_t{1} << 47;

// Low addresses that a load has given for what was an object on the heap before: a string of one
// character may come back as the one that the program itself has.
std::unordered_set<std::uint64_t>& low_addresses() {
  static auto* addresses = new std::unordered_set<std::uint64_t>;
  return *addresses;
}

bool is_in_range(long long value) {
  const auto address = static_cast<std::uint64_t>(value);
  if (value < static_cast<long long>(kLowestHighAddress))
    return low_addresses().count(address) != 0;
  return address < kBeyond && (address % kAlignment == 0 || is_near_told_address(address));
}

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

// Drops the objects that nobody else refers to. One may have held the next, so the caller asks
// again until there is none.
template <class Objects>
bool drop_ours(Objects& objects) {
  bool dropped = false;
  for (auto it = objects.begin(); it != objects.end();) {
    const bool ours = Py_REFCNT(it->second.get()) == 1;
    it = ours ? objects.erase(it) : std::next(it);
    dropped |= ours;
  }
  return dropped;
}

}  // namespace

PyObject* Addresses::id_of(PyObject* integer) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
  const auto address = static_cast<std::uint64_t>(value);
  if (overflow != 0 || !is_in_range(value)) return nullptr;
  if (settled_) {
    const auto found = ids_.find(address);
    return found == ids_.end() ? nullptr : found->second.get();
  }
  if (may_be_address(address)) seen_.emplace(address, Ref::borrow(integer));
  return nullptr;
}

void Addresses::look_up(const std::function<PyObject*(const void*)>& met, PyObject* memo) {
  for (const auto& [address, integer] : seen_) {
    auto* place = reinterpret_cast<void*>(address);  // NOLINT
    PyObject* object = is_singleton(place) ? static_cast<PyObject*>(place) : met(place);
    if (object)
      objects_.emplace(address, Ref::borrow(object));
    else if (address != PyThread_get_thread_ident())
      no_objects_.insert(address);
  }
  if (!no_objects_.empty()) find_owners(memo);
}

// All owners of the same memory: some may be the first save's own.
void Addresses::find_owners(PyObject* memo) {
  OwnedMemory memory;
  std::unordered_map<PyObject*, long long> order;
  PyObject *key = nullptr, *entry = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(memo, &position, &key, &entry);)
    if (PyObject* object = item(entry, 1); memory.add_array(object))
      order.emplace(object, integer(item(entry, 0)));
  for (const std::uint64_t address : no_objects_)
    for (const Ref& owner : memory.owners_of(reinterpret_cast<const char*>(address)))  // NOLINT
      owners_.emplace(order.at(owner.get()), owner);
}

std::unordered_map<std::uint64_t, Ref> Addresses::leading_nowhere() const {
  OwnedMemory memory;
  for (const auto& [order, owner] : owners_) memory.add_array(owner.get());
  std::unordered_map<std::uint64_t, Ref> nowhere;
  for (const std::uint64_t address : no_objects_)
    if (!memory.place_of(reinterpret_cast<const char*>(address)))  // NOLINT
      nowhere.emplace(address, seen_.at(address));
  return nowhere;
}

void Addresses::find_places() {
  OwnedMemory memory;
  // Of several that begin at the same byte the last one is found: the same one in every process.
  for (const auto& [order, owner] : owners_) memory.add_array(owner.get());
  for (const std::uint64_t address : no_objects_) {
    const Ref place = memory.place_of(reinterpret_cast<const char*>(address));  // NOLINT
    if (!place) continue;
    if (integer(item(place, 1)) == 0 || is_near_told_address(address))
      ids_.emplace(address, pack(text(kPlaceTag), place));
  }
}

bool Addresses::settle() {
  if (settled_) return false;
  settled_ = true;
  while (drop_ours(objects_) || drop_ours(owners_)) {
  }
  for (const auto& [address, object] : objects_)
    ids_.emplace(address, pack(text(kAddressTag), object));
  if (!owners_.empty()) find_places();
  const std::uint64_t thread = PyThread_get_thread_ident();
  if (seen_.count(thread)) ids_.emplace(thread, pack(text(kThreadTag)));
  return !ids_.empty();
}

bool Addresses::may_be_address(std::uint64_t value) {
  if (!memory_) memory_.emplace(Mapped::kWritable);
  return memory_->contains(value);
}

Ref number_of_place(PyObject* place) {
  const char* address = address_at(place);
  told_again(reinterpret_cast<std::uintptr_t>(address));
  return own(PyLong_FromVoidPtr(const_cast<char*>(address)));
}
Ref number_of_address(PyObject* object) {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  if (address < kLowestHighAddress) low_addresses().insert(address);
  return own(PyLong_FromVoidPtr(object));
}
Ref number_of_this_thread() { return own(PyLong_FromUnsignedLong(PyThread_get_thread_ident())); }

}  // namespace chkpt::heap
