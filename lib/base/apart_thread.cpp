// SPDX-License-Identifier: BSD-3-Clause
#include "base/apart_thread.hpp"

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/blocked_signals.hpp"
#include "base/directory.hpp"
#include "base/error.hpp"

namespace chkpt {
namespace {

constexpr int kStandardStreams = 3;

thread_local bool t_own_descriptors = false;

// Copies of the script's pipes and sockets must not stay open here: who reads at the other end
// waits until all are closed.
void close_all_but(int kept) {
  const Directory descriptors = Directory::open("/proc/thread-self/fd");
  for (const std::string& name : descriptors.names()) {
    const int number = std::stoi(name);
    if (number != descriptors.fd() && number != kept) ::close(number);
  }
}

// Something may write to a standard stream, and what has its number must not be a checkpoint.
void occupy_standard_streams() {
  for (int number = 0; number < kStandardStreams; ++number) {
    if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
      throw IoError("cannot open /dev/null", errno);
  }
}

void leave_shared_table(int kept) {
  if (::unshare(CLONE_FILES) != 0) throw IoError("no own descriptors for a thread", errno);
  t_own_descriptors = true;
  close_all_but(kept);
  occupy_standard_streams();
}

}  // namespace

bool has_own_descriptors() noexcept { return t_own_descriptors; }

ApartThread::ApartThread() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw IoError("cannot make an event descriptor", errno);
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_; });
  }
  if (!failure_) return;
  stop();
  std::rethrow_exception(failure_);
}

ApartThread::~ApartThread() { stop(); }

void ApartThread::stop() {
  {
    const std::scoped_lock lock(mutex_);
    quit_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ApartThread::post(Work work) { add(std::move(work)); }

void ApartThread::call(const Work& work) {
  std::exception_ptr failure;
  const std::uint64_t number = add([&] {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= number; });
  }
  if (failure) std::rethrow_exception(failure);
}

std::uint64_t ApartThread::add(Work work) {
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    work_.push_back(std::move(work));
    number = ++given_;
  }
  changed_.notify_all();
  return number;
}

bool ApartThread::is_idle() {
  const std::scoped_lock lock(mutex_);
  return done_ == given_;
}

void ApartThread::run() {
  std::exception_ptr failure;
  try {
    leave_shared_table(event_.get());
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  std::unique_lock lock(mutex_);
  failure_ = failure;
  ready_ = true;
  changed_.notify_all();
  for (;;) {
    changed_.wait(lock, [this] { return quit_ || !work_.empty(); });
    if (work_.empty()) return;
    Work work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds goes here too
    lock.lock();
    ++done_;
    changed_.notify_all();
  }
}

}  // namespace chkpt
