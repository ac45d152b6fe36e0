// SPDX-License-Identifier: BSD-3-Clause
// One line of a file journal: how a path was just before the script changed it for the first time
// after a snapshot. Line format: lib/files/FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace chkpt::files {

struct Entry {
  enum class Kind {
    kAbsent,     // nothing was there
    kSize,       // a file of `size` bytes that was only going to grow
    kKept,       // a file whose contents are in the kept file `kept`
    kNotKept,    // a file of `size` bytes whose contents were not kept
    kLink,       // a symbolic link to `target`
    kDirectory,  // a directory that was about to be removed
    kMoved,      // a directory that was about to be renamed to `target`
  };

  // When: incarnation of the run, epoch of the last snapshot this rank had captured, system clock.
  std::uint64_t generation = 0;
  std::uint64_t epoch = 0;
  std::int64_t time_ns = 0;

  Kind kind = Kind::kAbsent;
  std::string path;          // absolute, without symbolic links up to the last component; raw bytes
  std::string host;          // empty: on a file system that all nodes share
  std::uint64_t folder = 0;  // inode of the directory that holds the path
  std::uint64_t size = 0;
  mode_t mode = 0;
  std::int64_t mtime_ns = 0;
  std::string kept;    // kKept: name in the folder of kept files
  std::string target;  // kLink, kMoved
};

// Raw bytes of a path as plain printable ASCII, and back; the latter throws FormatError.
std::string escaped(const std::string& bytes);
std::string unescaped(const std::string& text);
// A name in the folder of kept files; throws FormatError if it leads elsewhere.
std::string plain_name(const std::string& name);

std::string encode(const Entry& entry);  // with the newline
// Nothing for a line that is damaged.
std::optional<Entry> decode(std::string_view line);

struct Lines {
  std::vector<Entry> entries;
  bool damaged =
      false;  // a line is unreadable; a last one without its newline only was not finished
};
Lines decode_all(std::string_view text);

}  // namespace chkpt::files
