// SPDX-License-Identifier: BSD-3-Clause
// Where other modules hook in: types whose instances only they can describe and rebuild (handles of
// a library), and parts of the process state that belong to no object. Register before the first
// save or load, in the same way in the saving and in the loading process. Needs the GIL.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace chkpt::heap {

struct ForeignType {
  std::string name;                            // appears in the stream; unique
  std::function<bool(PyTypeObject*)> matches;  // asked once per type and save
  // A picklable description, or null with a Python exception set, or throws CannotSave with the
  // reason. It may refer to other objects, but not back to the object itself.
  std::function<Ref(PyObject*)> reduce;
  // The object again, of type `type`; null with a Python exception set if that is impossible.
  std::function<Ref(PyTypeObject* type, PyObject* description)> rebuild;
};
void register_foreign_type(ForeignType type);

struct ProcessPart {
  std::string name;
  std::function<Ref()> save;  // state, or null / None for "nothing"; may throw CannotSave
  std::function<void(PyObject*)> restore;  // may throw PythonError
  int order = 0;                           // restored in ascending order, saved in any
  std::vector<std::string> modules = {};   // whose state it restores, with all below them
  bool for_files = false;  // restored before all others: files can only be opened with it
};
void register_process_part(ProcessPart part);

// Who looks at each module as soon as it has been imported, before anybody uses it: what is in its
// memory by then, a new import makes again. It may throw: that fails no import.
using ImportObserver = void (*)(PyObject* module);
void register_import_observer(ImportObserver observer);

// A library that tells the script addresses, as MPI_Get_address does. An int near to one is an
// address too if memory of a saved object is there.
struct ToldAddresses {
  bool (*is_near)(std::uint64_t number);
  void (*told)(std::uint64_t address);  // as a load has made it again
};
void register_told_addresses(ToldAddresses addresses);

// Whether the library has loaded this file itself: it does so again, and nothing of the script
// needs it.
void register_loaded_files(bool (*is_loaded)(const std::string& file));

// For this module's own use.
bool is_loaded_by_library(const std::string& file);
bool is_near_told_address(std::uint64_t number);
void told_again(std::uint64_t address);
const std::vector<ForeignType>& foreign_types();
const ForeignType* foreign_type(const std::string& name);
const std::vector<ImportObserver>& import_observers();
std::vector<const ProcessPart*> process_parts();  // in ascending order

}  // namespace chkpt::heap
