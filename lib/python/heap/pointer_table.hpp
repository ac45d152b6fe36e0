// SPDX-License-Identifier: BSD-3-Clause
// Hash table from object address to a small value, asked once for nearly every object of a save:
// open addressing, no removal. Does not own the objects; whoever fills it keeps them alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chkpt::heap {

template <class Value>
class PointerTable {
 public:
  PointerTable() : slots_(1024) {}

  // Null if `key` is not there. Valid until the next insert.
  Value* find(const void* key) {
    for (std::size_t i = hash(key);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return &slots_[i].value;
      if (!slots_[i].key) return nullptr;
    }
  }

  // Returns false, changing nothing, if `key` is there already.
  bool insert(const void* key, Value value) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = free_slot(key);
    if (slot.key) return false;
    slot = {key, value};
    ++count_;
    return true;
  }

  std::size_t size() const { return count_; }

 private:
  struct Slot {
    const void* key = nullptr;
    Value value{};
  };

  std::size_t hash(const void* key) const {
    const auto address = reinterpret_cast<std::uintptr_t>(key);
    return ((address >> 4) * 0x9E3779B97F4A7C15ULL >> 20) & (slots_.size() - 1);
  }
  Slot& free_slot(const void* key) {
    std::size_t i = hash(key);
    while (slots_[i].key && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
    return slots_[i];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.key) free_slot(slot.key) = slot;
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace chkpt::heap
