// SPDX-License-Identifier: BSD-3-Clause
// The numbers by which Fortran code, and scripts that have asked for them (Comm.py2f), know MPI
// objects. They may be kept anywhere, so a resumed process gives the object the same number again,
// whatever the library calls it by then. A number is the library's own where that is free.
// Predefined objects have the same numbers in every process and are not entered. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <mpi.h>

namespace chkpt::mpi::fortran_numbers {

enum class Family : int { kComm = 0, kGroup, kType, kOp, kInfo, kCount };

template <class H>
std::uint64_t bits_of(H handle) {
  std::uint64_t bits = 0;
  static_assert(sizeof handle <= sizeof bits, "an MPI handle is an int or a pointer");
  std::memcpy(&bits, &handle, sizeof handle);
  return bits;
}

constexpr int kNone = -1;

// The number of an object for a save, which has met an object of the script that holds it; kNone:
// nobody has asked for it.
int of_saved(Family family, std::uint64_t handle);
// The object has this number from now on.
void adopt(Family family, std::uint64_t handle, int number);
// It is about to be freed.
void forget(Family family, std::uint64_t handle);

void begin_save();
// "" or what has a number although the save has met no object that holds it.
std::string not_saved();

}  // namespace chkpt::mpi::fortran_numbers
