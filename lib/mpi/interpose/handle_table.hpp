// SPDX-License-Identifier: BSD-3-Clause
// A small open-addressed table from an MPI handle (a pointer in OpenMPI, an integer in MPICH) to a
// value kept in place. It exists because two std::unordered_map operations per message cost a
// quarter of a small message's latency. Linear probing, deletion by shifting back, no tombstones.
// Pointers to values stay valid only until the next insert or erase. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace chkpt::mpi {

template <class Handle, class Value>
class HandleTable {
 public:
  Value* find(Handle key) {
    for (std::size_t i = home(key);; i = next(i)) {
      if (!slots_[i].used) return nullptr;
      if (slots_[i].key == key) return &slots_[i].value;
    }
  }

  // Replaces an older value of the same key.
  template <class From = Value>
  Value& insert(Handle key, From&& value) {
    if (2 * (size_ + 1) > mask_ + 1) grow();
    std::size_t i = home(key);
    while (slots_[i].used && slots_[i].key != key) i = next(i);
    if (!slots_[i].used) ++size_;
    slots_[i].used = true;
    slots_[i].key = key;
    slots_[i].value = std::forward<From>(value);
    return slots_[i].value;
  }

  bool erase(Handle key) {
    std::size_t hole = home(key);
    while (slots_[hole].used && slots_[hole].key != key) hole = next(hole);
    if (!slots_[hole].used) return false;
    for (std::size_t i = next(hole); slots_[i].used; i = next(i)) {
      // An entry may move into the hole unless its home lies cyclically in (hole, i].
      const std::size_t distance = (i - home(slots_[i].key)) & mask_;
      if (distance < ((i - hole) & mask_)) continue;
      slots_[hole] = std::move(slots_[i]);
      hole = i;
    }
    slots_[hole].used = false;
    // What holds nothing may stay: clearing it costs as much as the search.
    if constexpr (!std::is_trivially_destructible_v<Value>) slots_[hole].value = Value{};
    --size_;
    return true;
  }

  // Calls f(handle, value) for every entry, in no particular order; f must not insert or erase.
  template <class F>
  void for_each(F f) {
    for (Slot& slot : slots_) {
      if (slot.used) f(slot.key, slot.value);
    }
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() {
    slots_.assign(kInitialSlots, Slot{});
    mask_ = kInitialSlots - 1;
    size_ = 0;
  }

 private:
  static constexpr std::size_t kInitialSlots = 64;
  struct Slot {
    bool used = false;
    Handle key{};
    Value value{};
  };

  std::size_t next(std::size_t i) const { return (i + 1) & mask_; }
  std::size_t home(Handle key) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &key, sizeof key);
    return static_cast<std::size_t>((bits * 0x9E3779B97F4A7C15ULL) >> 32) & mask_;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    size_ = 0;
    for (Slot& slot : old) {
      if (slot.used) insert(slot.key, std::move(slot.value));
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kInitialSlots);
  std::size_t mask_ = kInitialSlots - 1;  // number of slots, a power of two, less one
  std::size_t size_ = 0;
};

}  // namespace chkpt::mpi
