// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that Python code has as bare numbers: os.open, os.dup, os.pipe and the like. No
// object tells later that such a number is in use, so the wrapped calls of the C library
// (calls.cpp, descriptor_calls.cpp) note here which ones they gave to Python. The same numbers must
// be free for them on a resume: until then, low_numbers keeps everybody else away from them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/stat.h>

namespace chkpt::files {

namespace descriptors {

constexpr int kNumbers = 4096;  // a script with more descriptors does not keep them as numbers
constexpr bool in_table(int number) { return number >= 0 && number < kNumbers; }

enum class Origin : std::uint8_t {
  kNone,
  kOpened,     // by a name
  kCopied,     // os.dup, os.dup2; also the module mmap keeps a copy
  kMade,       // a pipe, a socket, a terminal, a file in memory, an event counter
  kOfLibrary,  // opened by a name, but not by Python
};

struct Known {
  int number;
  Origin origin;
};

// A file that other code than Python has opened by its name.
struct OfLibrary {
  int number;
  const void* caller;  // an address in that code
};

// Once, in the main thread, while descriptors 0 to 2 are still those that the process was given.
void begin();
// chkpt has put another file in the place of this one of them.
void replaced(int number);
// Once, while no other thread runs: what is open now and was not at begin() is the MPI library's or
// chkpt's, and never Python's.
void set_apart();
bool is_set_apart(int number, const struct stat& info);
// From now on, what threads of Python get by calls from the object file that `function` is in (the
// interpreter: the executable itself, or a shared library) is Python's. chkpt's own code may be in
// the same object file: in such threads it closes what it opens before Python runs again.
void watch(const void* function, bool (*in_python_thread)());

// By the wrapped calls: any thread, signal handlers, children that share this memory (vfork). They
// leave errno alone.
void note(int number, Origin origin, const void* caller) noexcept;
void forget(int number) noexcept;
// What an extension module has got to hand it to Python as a number.
void note_for_python(int number, Origin origin) noexcept;

// A resume has made it for the script.
void adopt(int number, Origin origin) noexcept;

// Is it Python's, or a library's that Python calls, in this process and with its descriptors? By
// the wrapped calls, which were called from `caller`.
bool is_call_of_python(const void* caller) noexcept;

// Python's that are open, in ascending order.
std::vector<Known> known();
// Files of other code that are open, in ascending order.
std::vector<OfLibrary> of_libraries();
// Numbers below it that were noted for the same file, in ascending order.
std::vector<int> lower_of_same_file(int number);
bool is_copy(int number);  // made by dup() and the like, for Python
// 0, 1 or 2 if the descriptor is what the process had as that standard stream when it started.
std::optional<int> as_standard_stream(const struct stat& info);

}  // namespace descriptors

namespace low_numbers {

// Occupies the unused low numbers, so that what the libraries open meanwhile gets higher ones and
// the script's first file gets the number it gets from python3.
void hold() noexcept;
// Not those of standard streams that the process was started without: to them messages are written
// that belong into no file.
void release() noexcept;
// While there is one, those streams are missing: Python looks when it is started.
class MissingStreams {
 public:
  MissingStreams() noexcept;
  ~MissingStreams();
  MissingStreams(const MissingStreams&) = delete;
  MissingStreams& operator=(const MissingStreams&) = delete;

 private:
  bool missing_[3];
};
// Moves `fd` to `number` if nobody but hold() uses that; closes `fd` then. The copy is inherited by
// programs if `inheritable`.
bool give(int fd, int number, bool inheritable) noexcept;

}  // namespace low_numbers

}  // namespace chkpt::files
