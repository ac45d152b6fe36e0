// SPDX-License-Identifier: BSD-3-Clause
// Every counter and clock of a few communicators is falsified in turn, on every rank: the check of
// the cut must say so, and must be content without.
#include <cstdio>
#include <functional>
#include <string>

#include <mpi.h>

#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/verify.hpp"
#include "mpi/session.hpp"

namespace {

using namespace chkpt;  // NOLINT: a test

// The lowest rank's complaint.
std::string complaint() {
  mpi::drain::all();
  const std::string mine = mpi::cut_mismatch();
  return mpi::session::agree(mine.empty(), mine).message;
}

void require(bool ok, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "rank %d: %s\n", mpi::session::rank(), what.c_str());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

// `falsify` on one rank, the check, `mend` there.
void expect_complaint(int rank, const std::string& words,
                      const std::function<void(int by)>& change) {
  const bool here = mpi::session::rank() == rank;
  if (here) change(1);
  const std::string text = complaint();
  require(text.find(words) != std::string::npos,
          "expected '" + words + "' for rank " + std::to_string(rank) + ", got '" + text + "'");
  if (here) change(-1);
  require(complaint().empty(), "a sound state is not accepted");
}

void falsify_all(MPI_Comm comm) {
  mpi::CommInfo* info = mpi::registry().find(comm);
  for (int rank = 0; rank < mpi::session::size(); ++rank) {
    int is_member = info != nullptr ? 1 : 0;
    MPI_Bcast(&is_member, 1, MPI_INT, rank, MPI_COMM_WORLD);
    if (is_member == 0) continue;
    int everybody = info != nullptr ? info->everybody() : 0;
    int channels = info != nullptr ? info->size() : 0;
    MPI_Bcast(&everybody, 1, MPI_INT, rank, MPI_COMM_WORLD);
    MPI_Bcast(&channels, 1, MPI_INT, rank, MPI_COMM_WORLD);
    if (everybody > 1)
      expect_complaint(rank, "collective calls there",
                       [&](int by) { by > 0 ? info->tick() : info->untick(); });
    for (int peer = 0; peer < channels; ++peer) {
      const auto at = static_cast<std::size_t>(peer);
      expect_complaint(rank, "messages sent",
                       [&](int by) { info->sent[at] += static_cast<std::uint64_t>(by); });
      expect_complaint(rank, "messages sent",
                       [&](int by) { info->received[at] += static_cast<std::uint64_t>(by); });
    }
  }
}

// Known to one rank only.
void hide_one(MPI_Comm comm) {
  mpi::CommInfo& parent = *mpi::registry().find(comm);
  const bool here = mpi::session::rank() == mpi::session::size() - 1;
  if (here) mpi::registry().promise_duplicate(parent, 999);
  require(complaint().find("not known here") != std::string::npos, "a communicator of one rank");
}

}  // namespace

int main() {
  mpi::session::start(mpi::Start::kEager);
  const int rank = mpi::session::rank(), size = mpi::session::size();
  MPI_Comm half = MPI_COMM_NULL, between = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
  MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank % 2 == 0 ? 1 : 0, 7, &between);
  // Some channels have had messages, some never will.
  int word = rank, heard = 0;
  MPI_Sendrecv(&word, 1, MPI_INT, (rank + 1) % size, 0, &heard, 1, MPI_INT,
               (rank + size - 1) % size, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (rank < 2)
    MPI_Sendrecv(&word, 1, MPI_INT, 0, 0, &heard, 1, MPI_INT, 0, 0, between, MPI_STATUS_IGNORE);
  require(complaint().empty(), "a sound state is not accepted");
  for (MPI_Comm comm : {MPI_COMM_WORLD, half, between, MPI_COMM_SELF}) falsify_all(comm);
  hide_one(MPI_COMM_WORLD);
  if (rank == 0) std::puts("every falsified number was found");
  mpi::session::finish();
  return 0;
}
