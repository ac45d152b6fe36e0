// SPDX-License-Identifier: BSD-3-Clause
#include "files/descriptors.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/apart_thread.hpp"
#include "base/loaded_images.hpp"
#include "base/open_descriptors.hpp"

namespace chkpt::files {
namespace {

constexpr int kHeldNumbers = 256;  // at most
constexpr int kStandardStreams = 3;

class SavedErrno {
 public:
  SavedErrno() : errno_(errno) {}
  ~SavedErrno() { errno = errno_; }
  SavedErrno(const SavedErrno&) = delete;
  SavedErrno& operator=(const SavedErrno&) = delete;

 private:
  int errno_;
};

}  // namespace

namespace descriptors {
namespace {

struct Note {
  std::atomic<Origin> origin{Origin::kNone};
  dev_t device = 0;
  ino_t inode = 0;
  std::atomic<const void*> caller{nullptr};  // of kOfLibrary
};
Note g_notes[kNumbers];

struct Identity {
  bool open = false;
  dev_t device = 0;
  ino_t inode = 0;
};
Identity g_standard[kStandardStreams];

using Identities = std::map<int, Identity>;

// Never destroyed: files may be flushed while the process ends.
Identities& at_start() {
  static auto* const found = new Identities;
  return *found;
}
Identities& apart() {
  static auto* const found = new Identities;
  return *found;
}

AddressRange g_python;
pid_t g_pid = 0;
bool (*g_in_python_thread)() = nullptr;

// A child of vfork() closes and copies descriptors of its own, in this process's memory.
bool in_other_process() { return getpid() != g_pid; }

bool is_of_python(Origin origin) { return origin != Origin::kNone && origin != Origin::kOfLibrary; }

bool still_the_same(int number) {
  struct stat info {};
  return fstat(number, &info) == 0 && info.st_dev == g_notes[number].device &&
         info.st_ino == g_notes[number].inode;
}

Identities open_now() {
  Identities found;
  for (const auto& [number, info] : open_descriptors())
    found[number] = {true, info.st_dev, info.st_ino};
  return found;
}

}  // namespace

void replaced(int number) {
  struct stat info {};
  if (fstat(number, &info) == 0) g_standard[number] = {true, info.st_dev, info.st_ino};
}

void begin() {
  for (int number = 0; number < 3; ++number) replaced(number);
  g_pid = getpid();
  at_start() = open_now();
}

void set_apart() {
  apart() = open_now();
  for (const auto& [number, identity] : at_start()) apart().erase(number);
}

bool is_set_apart(int number, const struct stat& info) {
  const auto found = apart().find(number);
  return found != apart().end() && found->second.device == info.st_dev &&
         found->second.inode == info.st_ino;
}

void watch(const void* function, bool (*in_python_thread)()) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  for (const LoadedImage& image : loaded_images())
    if (image.contains(address)) g_python = image.segment_at(address);
  g_in_python_thread = in_python_thread;
}

void adopt(int number, Origin origin) noexcept {
  const SavedErrno saved;
  struct stat info {};
  if (!in_table(number) || in_other_process() || fstat(number, &info) != 0) return;
  Note& note = g_notes[number];
  note.device = info.st_dev;
  note.inode = info.st_ino;
  note.origin = origin;
}

void note(int number, Origin origin, const void* caller) noexcept {
  if (has_own_descriptors()) return;
  const auto address = reinterpret_cast<std::uintptr_t>(caller);
  if (g_in_python_thread != nullptr && g_python.contains(address) && g_in_python_thread()) {
    adopt(number, origin);
  } else if (origin == Origin::kOpened && in_table(number)) {
    g_notes[number].caller = caller;
    adopt(number, Origin::kOfLibrary);
  } else {
    forget(number);
  }
}

void note_for_python(int number, Origin origin) noexcept {
  if (g_in_python_thread != nullptr && g_in_python_thread()) adopt(number, origin);
}

void forget(int number) noexcept {
  if (!in_table(number) || g_notes[number].origin == Origin::kNone || in_other_process()) return;
  if (has_own_descriptors()) return;
  g_notes[number].origin = Origin::kNone;
}

bool is_call_of_python(const void* caller) noexcept {
  return g_python.contains(reinterpret_cast<std::uintptr_t>(caller)) && !in_other_process() &&
         !has_own_descriptors();
}

std::vector<Known> known() {
  std::vector<Known> found;
  for (int number = 0; number < kNumbers; ++number) {
    const Origin origin = g_notes[number].origin;
    // The C library itself closes some without a call that could be seen (closedir).
    if (is_of_python(origin) && still_the_same(number)) found.push_back({number, origin});
  }
  return found;
}

std::vector<OfLibrary> of_libraries() {
  std::vector<OfLibrary> found;
  for (int number = 0; number < kNumbers; ++number) {
    const Note& note = g_notes[number];
    if (note.origin == Origin::kOfLibrary && still_the_same(number))
      found.push_back({number, note.caller});
  }
  return found;
}

std::vector<int> lower_of_same_file(int number) {
  std::vector<int> found;
  if (!in_table(number)) return found;
  const Note& wanted = g_notes[number];
  for (int lower = 0; lower < number; ++lower) {
    const Note& note = g_notes[lower];
    if (is_of_python(note.origin) && note.device == wanted.device && note.inode == wanted.inode)
      found.push_back(lower);
  }
  return found;
}

bool is_copy(int number) {
  return in_table(number) && g_notes[number].origin == Origin::kCopied && still_the_same(number);
}

std::optional<int> as_standard_stream(const struct stat& info) {
  for (int number : {1, 2, 0}) {
    const Identity& stream = g_standard[number];
    if (stream.open && stream.device == info.st_dev && stream.inode == info.st_ino) return number;
  }
  return {};
}

}  // namespace descriptors

namespace low_numbers {
namespace {

bool g_held[kHeldNumbers];

int most_to_hold() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const auto some = static_cast<int>(std::min<rlim_t>(kHeldNumbers, limit.rlim_cur / 4));
  return std::max(some, kStandardStreams);
}

}  // namespace

void hold() noexcept {
  const SavedErrno saved;
  const int end = most_to_hold();
  const int source = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (source < 0) return;  // then numbers may differ, as without this
  for (;;) {
    const int number = fcntl(source, F_DUPFD_CLOEXEC, 0);
    if (number < 0) break;
    if (number >= end) {
      ::close(number);
      break;
    }
    g_held[number] = true;
  }
  if (source < end) {
    g_held[source] = true;
  } else {
    ::close(source);
  }
}

void release() noexcept {
  const SavedErrno saved;
  for (int number = kStandardStreams; number < kHeldNumbers; ++number) {
    if (!g_held[number]) continue;
    ::close(number);
    g_held[number] = false;
  }
}

MissingStreams::MissingStreams() noexcept {
  const SavedErrno saved;
  for (int number = 0; number < kStandardStreams; ++number) {
    missing_[number] = g_held[number];
    if (g_held[number]) ::close(number);
  }
}

MissingStreams::~MissingStreams() {
  const SavedErrno saved;
  for (int number = 0; number < kStandardStreams; ++number) {
    if (!missing_[number]) continue;
    const int source = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (source >= 0 && source != number) {
      dup3(source, number, O_CLOEXEC);
      ::close(source);
    }
  }
}

bool give(int fd, int number, bool inheritable) noexcept {
  const SavedErrno saved;
  if (fd == number) return fcntl(fd, F_SETFD, inheritable ? 0 : FD_CLOEXEC) == 0;
  const bool held = number < kHeldNumbers && g_held[number];
  if (number >= kStandardStreams && !held && fcntl(number, F_GETFD) >= 0) return false;
  if (dup3(fd, number, inheritable ? 0 : O_CLOEXEC) < 0) return false;
  if (held) g_held[number] = false;
  ::close(fd);
  return true;
}

}  // namespace low_numbers

}  // namespace chkpt::files
