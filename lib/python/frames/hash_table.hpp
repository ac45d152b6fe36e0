// SPDX-License-Identifier: BSD-3-Clause
// Hash values by address: open addressing with linear probing, where an entry that is taken out
// leaves no mark behind. Asked whenever a class is hashed.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace chkpt::frames {

class HashTable {
 public:
  HashTable() : slots_(kSmallest) {}

  // -1 if there is none; no hash is -1.
  Py_hash_t find(const void* key) const {
    for (std::size_t i = home(key);; i = next(i)) {
      if (slots_[i].key == key) return slots_[i].hash;
      if (!slots_[i].key) return -1;
    }
  }

  // In place of what was there. Throws std::bad_alloc.
  void put(const void* key, Py_hash_t hash) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place(key)];
    if (!slot.key) ++count_;
    slot = {key, hash};
  }

  void erase(const void* key) {
    std::size_t gap = place(key);
    if (!slots_[gap].key) return;
    --count_;
    // What stands behind and may only be reached through the gap moves up.
    for (std::size_t i = next(gap); slots_[i].key; i = next(i)) {
      const std::size_t wanted = home(slots_[i].key);
      const bool reached_anyway =
          gap < i ? gap < wanted && wanted <= i : gap < wanted || wanted <= i;
      if (reached_anyway) continue;
      slots_[gap] = slots_[i];
      gap = i;
    }
    slots_[gap] = {};
  }

  bool is_empty() const { return count_ == 0; }

 private:
  static constexpr std::size_t kSmallest = 1024;
  struct Slot {
    const void* key = nullptr;
    Py_hash_t hash = 0;
  };

  std::size_t home(const void* key) const {
    const auto address = reinterpret_cast<std::uintptr_t>(key);
    return ((address >> 4) * 0x9E3779B97F4A7C15ULL >> 20) & (slots_.size() - 1);
  }
  std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  std::size_t place(const void* key) const {  // of the key, or where it would be
    std::size_t i = home(key);
    while (slots_[i].key && slots_[i].key != key) i = next(i);
    return i;
  }
  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.key) slots_[place(slot.key)] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace chkpt::frames
