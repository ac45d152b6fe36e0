// SPDX-License-Identifier: BSD-3-Clause
// Keys of attributes. A script holds a key as a plain number that it may keep anywhere, so the
// number given out is ours: a resumed process makes the key again under the same one, whatever the
// library calls it by then. The wrappers translate, callbacks are called with our number.
// Keys are looked up by any thread; made, freed and listed by the main thread.
#pragma once

#include <functional>
#include <string>

#include <mpi.h>

namespace chkpt::mpi::attributes {

enum class Family : int { kComm = 0, kType = 1, kWin = 2 };

struct Key {
  Family family = Family::kComm;
  int number = MPI_KEYVAL_INVALID;  // the script's
  int real = MPI_KEYVAL_INVALID;    // the library's
  void* state = nullptr;            // as given to MPI_*_create_keyval; the callbacks get it
  bool copied = false;              // duplicates take its attributes over
  std::string place;                // the call that made it
  void (*copy)() = nullptr;
  void (*remove)() = nullptr;
};

// Keys that have not been freed, in the order of their numbers.
void for_each_key(const std::function<void(const Key&)>& f);
// Datatypes that may carry attributes.
void for_each_type(const std::function<void(MPI_Datatype)>& f);

// False: the object has no attribute of this key. Throw MpiError. Not one name for all three: with
// MPICH the handles are of one type.
bool get_of_comm(MPI_Comm comm, const Key& key, void** value);
bool get_of_type(MPI_Datatype type, const Key& key, void** value);
bool get_of_window(MPI_Win win, const Key& key, void** value);

// For the MPI_Type_* wrappers.
void type_freed(MPI_Datatype type);
void type_duplicated(MPI_Datatype from, MPI_Datatype made);

// In a resumed process: numbers from `next` on are given out, and the next key made gets `number`.
int next_number();
void go_on_from(int next);
void give_next(int number);

}  // namespace chkpt::mpi::attributes
