// SPDX-License-Identifier: BSD-3-Clause
// The recipe of a communicator has the hints that the script has given, and none that the library
// lists for each communicator by itself.
#include <cstdio>
#include <string>

#include <mpi.h>

#include "mpi/interpose/rebuild_communicator.hpp"
#include "mpi/session.hpp"

namespace {

using namespace chkpt;  // NOLINT: a test

void require(bool ok, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "rank %d: %s\n", mpi::session::rank(), what.c_str());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

const char* const kHint = "mpi_assert_allow_overtaking";

void give_hint(MPI_Comm comm) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, kHint, "true");
  MPI_Comm_set_info(comm, info);
  MPI_Info_free(&info);
}

}  // namespace

int main() {
  mpi::session::start(mpi::Start::kEager);
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  require(mpi::describe_communicator(MPI_COMM_WORLD).info.empty(), "WORLD has hints");
  require(mpi::describe_communicator(comm).info.empty(), "a duplicate has hints");
  give_hint(comm);
  const mpi::InfoEntries given = mpi::describe_communicator(comm).info;
  require(given == mpi::InfoEntries{{kHint, "true"}}, "another hint than was given");
  MPI_Comm_free(&comm);
  if (mpi::session::rank() == 0) std::puts("the recipes have the hints that were given");
  mpi::session::finish();
  return 0;
}
