// SPDX-License-Identifier: BSD-3-Clause
// Collective exchange on the control communicator. Every main thread must be in chkpt's code.
#include <climits>
#include <cstring>

#include "base/error.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::session {
namespace {

int int_size(const std::string& text) {
  if (text.size() > INT_MAX) throw MpiError("text too long to exchange");
  return static_cast<int>(text.size());
}

std::string broadcast_from(const std::string& text, int root) {
  int length = int_size(text);
  check(PMPI_Bcast(&length, 1, MPI_INT, root, control()), "MPI_Bcast");
  std::string result = rank() == root ? text : std::string(static_cast<std::size_t>(length), '\0');
  check(PMPI_Bcast(result.data(), length, MPI_CHAR, root, control()), "MPI_Bcast");
  return result;
}

}  // namespace

Verdict agree(bool ok, const std::string& message) {
  if (!active() || size() == 1) return ok ? Verdict{} : Verdict{false, rank(), message};
  int mine = ok ? INT_MAX : rank();
  int lowest = INT_MAX;
  check(PMPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, control()), "MPI_Allreduce");
  if (lowest == INT_MAX) return {};
  return {false, lowest, broadcast_from(message, lowest)};
}

std::string broadcast(const std::string& text) {
  return !active() || size() == 1 ? text : broadcast_from(text, 0);
}

std::vector<std::string> all_gather(const std::string& text) {
  if (!active() || size() == 1) return {text};
  const auto n = static_cast<std::size_t>(size());
  int mine = int_size(text);
  std::vector<int> sizes(n);
  check(PMPI_Allgather(&mine, 1, MPI_INT, sizes.data(), 1, MPI_INT, control()), "MPI_Allgather");
  std::vector<int> offsets(n);
  long long total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    offsets[i] = static_cast<int>(total);
    total += sizes[i];
    if (total > INT_MAX) throw MpiError("texts too long to exchange");
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  check(PMPI_Allgatherv(text.data(), mine, MPI_CHAR, all.data(), sizes.data(), offsets.data(),
                        MPI_CHAR, control()),
        "MPI_Allgatherv");
  std::vector<std::string> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    result[i] =
        all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(sizes[i]));
  }
  return result;
}

}  // namespace chkpt::mpi::session
