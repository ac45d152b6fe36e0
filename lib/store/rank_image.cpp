// SPDX-License-Identifier: BSD-3-Clause
#include "store/rank_image.hpp"

#include <algorithm>
#include <cstdio>

namespace chkpt::store {
namespace {

// Larger directories are slow on parallel file systems.
constexpr int kRanksPerDirectory = 1000;

bool is_run_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_valid_run_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRunIdLength && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_run_id_character);
}

std::string rank_subdirectory(int rank, int nranks) {
  if (nranks <= kRanksPerDirectory) return "";
  char name[32];
  std::snprintf(name, sizeof name, "part-%03d", rank / kRanksPerDirectory);
  return name;
}

std::string rank_file_name(int rank, int nranks) {
  char name[32];
  std::snprintf(name, sizeof name, "rank-%05d.h5", rank);
  const std::string folder = rank_subdirectory(rank, nranks);
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace chkpt::store
