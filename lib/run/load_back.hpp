// SPDX-License-Identifier: BSD-3-Clause
// Is what was saved what a resume gets back? A process of its own loads a rank file just as a
// resume does, saves what it has loaded and compares the two states; no instruction of the script
// is executed, no file is changed, and no other rank takes part. MPI objects are compared by what
// they are made from, not made.
#pragma once

#include <chrono>
#include <string>

namespace chkpt::run {

// What --load-back does. Prints "same" or one line for each difference; the exit code is 0, 1 if
// there are differences, or 74 if the file cannot be loaded.
int load_back(const std::string& file, bool quiet);

struct LoadedBack {
  enum class Outcome { kSame, kDiffers, kUnloadable, kNotCompared };
  Outcome outcome = Outcome::kSame;
  std::string text;  // one line that says what is wrong, or why nothing is known; "" if kSame
};

// Runs load_back() in a child process, unseen by the script. Meant for a moment at which all ranks
// stand. After `patience`, or when `give_up` is there and says so, the child is ended, and nothing
// is known.
LoadedBack load_back_in_child(const std::string& file, std::chrono::milliseconds patience,
                              bool (*give_up)() = nullptr);

}  // namespace chkpt::run
