// SPDX-License-Identifier: BSD-3-Clause
// Letters to a few others each, by nonblocking consensus: T. Hoefler, C. Siebert, A. Lumsdaine,
// "Scalable Communication Protocols for Dynamic Sparse Data Exchange", PPoPP 2010.
#include <climits>
#include <memory>
#include <utility>
#include <vector>

#include <sched.h>

#include "base/error.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::session {
namespace {

// Letters on their way. If MPI fails meanwhile they are left where they are: it may still read
// them.
class Post {
 public:
  Post(const std::map<int, std::string>& texts, int tag) : sent_(new Sent{texts, {}}) {
    for (const auto& [to, text] : sent_->texts) {
      if (text.size() > INT_MAX) throw MpiError("too much to tell another rank");
      MPI_Request request = MPI_REQUEST_NULL;
      check(PMPI_Issend(text.data(), static_cast<int>(text.size()), MPI_CHAR, to, tag, control(),
                        &request),
            "MPI_Issend");
      sent_->requests.push_back(request);
    }
  }
  ~Post() {
    if (delivered_) delete sent_;
  }
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  // Whether all have been taken in.
  bool delivered() {
    int flag = 1;
    if (!delivered_) {
      check(PMPI_Testall(static_cast<int>(sent_->requests.size()), sent_->requests.data(), &flag,
                         MPI_STATUSES_IGNORE),
            "MPI_Testall");
    }
    return delivered_ = flag != 0;
  }

 private:
  struct Sent {
    std::map<int, std::string> texts;
    std::vector<MPI_Request> requests;
  };
  Sent* sent_;
  bool delivered_ = false;
};

bool take_in_one(int tag, std::map<int, std::string>* texts) {
  int found = 0;
  MPI_Status status;
  check(PMPI_Iprobe(MPI_ANY_SOURCE, tag, control(), &found, &status), "MPI_Iprobe");
  if (found == 0) return false;
  int size = 0;
  check(PMPI_Get_count(&status, MPI_CHAR, &size), "MPI_Get_count");
  std::string text(static_cast<std::size_t>(size), '\0');
  check(
      PMPI_Recv(text.data(), size, MPI_CHAR, status.MPI_SOURCE, tag, control(), MPI_STATUS_IGNORE),
      "MPI_Recv");
  (*texts)[status.MPI_SOURCE] = std::move(text);
  return true;
}

// Over when every rank has begun it.
class Consensus {
 public:
  explicit Consensus(bool raised) : values_(new Values{raised ? 1 : 0, 0}) {}
  ~Consensus() {
    if (over_ || !begun_) delete values_;
  }
  Consensus(const Consensus&) = delete;
  Consensus& operator=(const Consensus&) = delete;

  void begin() {
    if (std::exchange(begun_, true)) return;
    check(PMPI_Iallreduce(&values_->mine, &values_->highest, 1, MPI_INT, MPI_MAX, control(),
                          &request_),
          "MPI_Iallreduce");
  }
  bool over() {
    int flag = 0;
    if (begun_) check(PMPI_Test(&request_, &flag, MPI_STATUS_IGNORE), "MPI_Test");
    return over_ = flag != 0;
  }
  bool raised() const { return values_->highest != 0; }

 private:
  struct Values {
    int mine, highest;
  };
  Values* values_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace

Letters exchange(const Letters& out) {
  if (!active() || size() == 1) return out;
  // Another rank may be one exchange ahead, never two.
  static int round = 0;
  const int tag = ++round & 1;
  Letters in;
  Post post(out.texts, tag);
  Consensus consensus(out.raised);
  // A rank begins the consensus when its letters have been taken in; so when it is over all have.
  for (;;) {
    if (take_in_one(tag, &in.texts)) continue;
    if (consensus.over()) break;
    if (post.delivered()) consensus.begin();
    ::sched_yield();
  }
  in.raised = consensus.raised();
  return in;
}

}  // namespace chkpt::mpi::session
