// SPDX-License-Identifier: BSD-3-Clause
// The Python module `chkpt` as a script under chkpt-mpi sees it, and what the rest of the program
// asks of it. Its Python source (__init__.py) is compiled into the program as a frozen module, so
// that nothing shows before `import chkpt`; the same file installed as a package does nothing
// under plain python3. All functions need the GIL unless they say otherwise.
#pragma once

#include "python/ref.hpp"

namespace chkpt::python {

// What the module's functions do. Each is called with the GIL on the thread that called the Python
// function. On a resume the module may be imported (by restore_module_state) before the hooks are
// set: until then its functions raise RuntimeError.
struct ModuleHooks {
  bool active = true;         // false: the module behaves as under plain python3
  bool tracked_mode = false;  // --mode tracked: track() restores, otherwise it only lists
  // chkpt.snapshot(name, wait): a new reference to a bool, or null with a Python error. name may be
  // null.
  PyObject* (*snapshot)(const char* name, bool wait) = nullptr;
  long (*frequency_ms)() = nullptr;
  void (*set_frequency_ms)(long) = nullptr;
  long (*min_obj_size)() = nullptr;
  void (*set_min_obj_size)(long) = nullptr;
  void (*released)() = nullptr;   // the last `with chkpt.no_snapshot():` block has been left
  PyObject* (*info)() = nullptr;  // a new dict ("active" is added), or null with a Python error
};
// Before the script starts; inactive ones before initialize(). Values that the script assigned
// before the snapshot (Checkpoint.frequency, .min_obj_size) are assigned again by this call on a
// resume; throws PythonError.
void set_module_hooks(const ModuleHooks& hooks);

// Before and after Py_InitializeFromConfig: makes the module importable, and takes its name out of
// sys.builtin_module_names again.
void provide_module();
void hide_module();

// The function object of chkpt.snapshot and Checkpoint.snapshot (borrowed): what a frame CALLs
// that waits for an explicit snapshot. Null as long as the script has not imported the module.
PyObject* snapshot_function();

// True inside `with chkpt.no_snapshot():` on any thread. Any thread, no GIL needed.
bool snapshots_held();

// Continue mode: the module's own state (tracked objects, hooks, values the script assigned).
// None if the script has not imported the module. Throws PythonError.
Ref module_state();
void restore_module_state(PyObject* state);  // imports the module unless state is None

// Continue mode: what the script has said about saving its objects, for heap::set_customs():
// ({type: (save, restore)}, [(object, replacement)], {(module, name): replacement}), or None if it
// has said nothing. Throws PythonError.
Ref customs();

// Tracked mode. collect_tracked: a dict of picklable contents, None if nothing is tracked; throws
// PythonError naming the tracked object that cannot be pickled. set_restored: such a dict from a
// snapshot, given back object by object as the script tracks them again; before the script starts.
Ref collect_tracked();
void set_restored(PyObject* contents);

// The callbacks registered by chkpt.on_snapshot / on_resume, in order. Throw PythonError with the
// name of the first that raised, and what.
void run_snapshot_callbacks();
void run_resume_callbacks();

}  // namespace chkpt::python
