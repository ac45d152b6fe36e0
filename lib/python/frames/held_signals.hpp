// SPDX-License-Identifier: BSD-3-Clause
// Handlers that the script has for signals run between two of its instructions, not between two of
// ours: while it is captured they would change what is being saved, while it is loaded they would
// find no frame of it. Signals with a handler in Python wait meanwhile, whichever thread gets them,
// and come at the end. Main thread with the GIL; what it holds may be held within another one.
#pragma once

namespace chkpt::frames {

class HeldSignals {
 public:
  enum class Which {
    kAll,       // those that have a handler now
    kRestored,  // those that get theirs back meanwhile: hold_restored_signal()
  };
  explicit HeldSignals(Which which);
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Once, before the script can get in the way of an import. Throws PythonError.
  static void learn();

  // Signals have come before, whose handlers have not run yet.
  static bool some_came_before();
  // Eval loops leave these alone until the end, too. C code that asks for them does not.
  void put_aside_what_came_before();

 private:
  bool aside_ = false;
};

// After its handler has been set again. Does nothing while nobody holds.
void hold_restored_signal(int number);

}  // namespace chkpt::frames
