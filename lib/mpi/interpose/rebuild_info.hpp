// SPDX-License-Identifier: BSD-3-Clause
// The keys and values of an MPI_Info, and a new one with them.
#pragma once

#include <mpi.h>

#include <string>
#include <utility>
#include <vector>

#include "mpi/interpose/rebuild_stream.hpp"

namespace chkpt::mpi {

using InfoEntries = std::vector<std::pair<std::string, std::string>>;

// Owned.
class Info {
 public:
  Info() = default;
  explicit Info(const InfoEntries& entries);
  ~Info();
  Info(const Info&) = delete;
  Info& operator=(const Info&) = delete;

  MPI_Info get() const { return info_; }
  MPI_Info* out() { return &info_; }
  InfoEntries entries() const;

 private:
  MPI_Info info_ = MPI_INFO_NULL;
};

void write_info(RecipeWriter& out, const InfoEntries& entries);
InfoEntries read_info(RecipeReader& in);

}  // namespace chkpt::mpi
