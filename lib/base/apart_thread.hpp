// SPDX-License-Identifier: BSD-3-Clause
// A thread of chkpt's that opens files while the script runs. It has a table of descriptors of its
// own: what it opens takes no number that the script's next file would get, and when the script
// closes whatever is open (os.closerange, as daemons do), or opens something under a number that
// was free, the files of this thread are not touched.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "base/unique_fd.hpp"

namespace chkpt {

// Of the calling thread: its numbers mean other files than those of the process.
bool has_own_descriptors() noexcept;

class ApartThread {
 public:
  using Work = std::function<void()>;

  // Closes, in the thread, what the process has open, so it is made before devices are: drivers may
  // take that for the end of all use (XPMEM gives up the process's segments). What a piece of work
  // leaves open must be closed by a later one, not by another thread. Takes no signals. Throws
  // std::exception where there can be none, or none with a table of its own (unshare(2) may be
  // forbidden).
  ApartThread();
  ~ApartThread();  // when all work is done
  ApartThread(const ApartThread&) = delete;
  ApartThread& operator=(const ApartThread&) = delete;

  // Any thread. Pieces of work are done one by one, in order.
  void post(Work work);         // that throws nothing
  void call(const Work& work);  // returns when it is done; what it throws is thrown here
  bool is_idle();               // when call() has returned, nothing but later work keeps it busy

  // An event counter (eventfd(2)) that the process has, and under the same number the thread.
  int event() const { return event_.get(); }

 private:
  std::uint64_t add(Work work);
  void run();
  void stop();

  const UniqueFd event_;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<Work> work_;
  std::uint64_t given_ = 0, done_ = 0;  // pieces of work
  bool ready_ = false;
  bool quit_ = false;
  std::exception_ptr failure_;  // to get ready
  std::thread thread_;
};

}  // namespace chkpt
