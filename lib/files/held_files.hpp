// SPDX-License-Identifier: BSD-3-Clause
// Copies of files that the script holds open for writing through a library which may change any
// byte of them without another call that the journal sees (HDF5): made at a snapshot, whole, hashed
// and on the disk before it can be committed. A file that has not changed since its last copy
// shares that one by a hard link.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "base/directory.hpp"
#include "base/hash.hpp"
#include "base/json_fwd.hpp"

namespace chkpt::files {

struct HeldFile {
  std::string path;  // absolute, raw bytes
  std::string kept;  // name in the folder of kept files
  std::uint64_t size = 0;
  Hash128 hash;
};

// Of one rank, in the folder of kept files.
class HeldFiles {
 public:
  HeldFiles(const Directory& directory, int rank) : directory_(directory), rank_(rank) {}

  // Copies the file at `path`. Throws IoError: there is no copy then.
  HeldFile copy(const std::string& path);

  bool owns(const std::string& name) const;  // made by copy() on this rank, of whichever process
  // Removes copies that no journal line leads to: their process was killed.
  void remove_all_but(const std::vector<std::string>& wanted) const;

 private:
  struct Known {
    HeldFile copy;
    struct stat info;  // of the file, when it was copied
  };
  std::string prefix() const { return "open-" + std::to_string(rank_) + "-"; }
  std::string new_name();
  bool share(const std::string& path, const struct stat& info, int from, HeldFile* held);

  const Directory& directory_;
  int rank_;
  std::uint64_t count_ = 0;
  std::map<std::string, Known> last_;
};

bool is_held_copy(const std::string& name);

// The files that the snapshot being taken or loaded names as held, in this process.
//
// While it is taken: those that the saved objects need, which the journal then copies (hold()).
void forget_wanted();
void want(const std::string& path);
const std::vector<std::string>& wanted();
// Those that they have mapped such that any byte may change, with or without a descriptor (mmap's
// trackfd=False): the journal keeps them as they are now.
void note_mapped(const std::string& path);
const std::vector<std::string>& mapped();
// Larger ones are refused by those who want them.
void set_largest_held(std::uint64_t bytes);
std::uint64_t largest_held();

// While it is loaded: what must be found at their paths.
void expect(std::vector<HeldFile> files, const std::string& run_path);
std::optional<HeldFile> expected(const std::string& path);
// The path of a copy of the expected contents that may be changed; the caller removes it. Throws
// IoError, FormatError.
std::string private_copy(const HeldFile& file);

// "" or what is wrong with the copy in the run's directory / with the contents at the path.
std::string why_damaged(const HeldFile& file, const std::string& run_path);
std::string why_not_as_expected(const HeldFile& file);

Json encode(const std::vector<HeldFile>& files);
std::vector<HeldFile> decode_held(const Json& json);  // throws FormatError

}  // namespace chkpt::files
