// SPDX-License-Identifier: BSD-3-Clause
// Turns the script's whole Python state into a pickle stream plus out-of-band buffers. Nothing in
// the script changes: no module is added to sys.modules (unseen_imports.hpp), and every
// reference taken is dropped when the result goes. A state that cannot be saved exactly
// is refused (CannotSave) with the path of the object; a partial stream never leaves save().
#pragma once

#include "python/ref.hpp"

#include "python/frames/stack.hpp"
#include "python/heap/pickled.hpp"

namespace chkpt::heap {

struct SaveRequest {
  const frames::StackState* stack = nullptr;  // null: no call stack (tracked mode)
  Ref extra;                                  // dict of further roots, or null
  // Without these only `extra` and what it reaches is saved.
  bool modules = true;
  bool process = true;
  bool files_flushed = false;  // flush_files() was called and nothing has run since
};

// Writes out what the script's open files hold. Where several ranks write to one file, all of them
// must have done it before one of them saves: the file's size is part of what is saved. Needs the
// GIL. Never throws on a file that cannot be flushed: save() names it.
void flush_files();

// Needs the GIL. Throws CannotSave. The error indicator is as before.
Pickled save(const SaveRequest& request);

// During a save, in which the collector rests: whether the script has it enabled.
bool script_collection_enabled();

}  // namespace chkpt::heap
