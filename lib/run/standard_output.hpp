// SPDX-License-Identifier: BSD-3-Clause
// --stdout FILE: descriptor 1 is the file, as after the shell's `> FILE`, and a resume cuts off
// what was written since the snapshot, so that no line comes twice. A terminal or a pipe cannot
// take anything back.
#pragma once

#include <cstdint>
#include <string>

#include <sys/stat.h>

#include "base/json.hpp"
#include "run/config.hpp"
#include "run/start.hpp"

namespace chkpt::run {

class StandardOutput {
 public:
  // Collective, before Python starts; nothing without --stdout. Of several ranks that share a file,
  // all append. Throws UsageError on every rank alike.
  void redirect(const Config& config, const Start& start);

  // For the snapshot's meta data: how long the file is. All ranks have written out what they hold.
  // Null without one.
  Json describe() const;

 private:
  void open(const Json& saved, bool shared);
  void cut(int fd, std::uint64_t size) const;

  std::string name_;  // as it was given, for this rank
  std::string path_;  // "": left alone
};

// "out.%r" of rank 3 is "out.3".
std::string path_of_rank(const std::string& pattern, int rank);

}  // namespace chkpt::run
