// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/rebuild_info.hpp"

#include "mpi/session.hpp"

namespace chkpt::mpi {

Info::Info(const InfoEntries& entries) {
  check(PMPI_Info_create(&info_), "MPI_Info_create");
  for (const auto& [key, value] : entries) {
    check(PMPI_Info_set(info_, key.c_str(), value.c_str()), "MPI_Info_set");
  }
}

Info::~Info() {
  if (info_ != MPI_INFO_NULL) PMPI_Info_free(&info_);
}

InfoEntries Info::entries() const {
  InfoEntries entries;
  int keys = 0;
  if (info_ != MPI_INFO_NULL) check(PMPI_Info_get_nkeys(info_, &keys), "MPI_Info_get_nkeys");
  for (int i = 0; i < keys; ++i) {
    char key[MPI_MAX_INFO_KEY + 1] = "";
    char value[MPI_MAX_INFO_VAL + 1] = "";
    int found = 0;
    check(PMPI_Info_get_nthkey(info_, i, key), "MPI_Info_get_nthkey");
    check(PMPI_Info_get(info_, key, MPI_MAX_INFO_VAL, value, &found), "MPI_Info_get");
    if (found != 0) entries.emplace_back(key, value);
  }
  return entries;
}

void write_info(RecipeWriter& out, const InfoEntries& entries) {
  out.u64(entries.size());
  for (const auto& [key, value] : entries) {
    out.text(key);
    out.text(value);
  }
}

InfoEntries read_info(RecipeReader& in) {
  InfoEntries entries;
  for (std::size_t n = in.count(16); n > 0; --n) {
    std::string key = in.text();
    entries.emplace_back(std::move(key), in.text());
  }
  return entries;
}

}  // namespace chkpt::mpi
