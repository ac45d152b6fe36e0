// SPDX-License-Identifier: BSD-3-Clause
#include "cut/coordinator_thread.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/blocked_signals.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wait_for.hpp"

namespace chkpt::cut {
namespace {

constexpr double kRequestPoll_s = 1;
// The launcher notices a dead rank too and knows its exit code: let it act first.
constexpr unsigned kLauncherPatience_s = 3;

Coordinator::Time time_now() {
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(steady).count(),
          std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()};
}

}  // namespace

CoordinatorThread::CoordinatorThread(std::vector<Port> ports, const Config& config, Work* work)
    : ports_(std::move(ports)),
      config_(config),
      work_(work),
      coordinator_(ports_.ranks(), config, time_now()),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_fd_) throw IoError("cannot make an event descriptor", errno);
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

CoordinatorThread::~CoordinatorThread() {
  const std::uint64_t one = 1;
  if (::write(stop_fd_.get(), &one, sizeof one) != sizeof one) log::error("cannot stop a thread");
  thread_.join();
}

void CoordinatorThread::run() {
  std::vector<pollfd> entries;
  while (!quit_) {
    entries.clear();
    ports_.watch(&entries);
    entries.push_back({stop_fd_.get(), POLLIN, 0});
    const int n = wait_for_any(entries.data(), entries.size(), poll_timeout_ms());
    if (n > 0 && (entries.back().revents & POLLIN) != 0) return;
    for (std::size_t port = 0; n > 0 && port < ports_.size(); ++port) {
      if (entries[port].revents != 0) take_messages(port);
    }
    carry_out();
    ask_for_requests();
    coordinator_.tick(time_now());
    carry_out();
  }
}

int CoordinatorThread::poll_timeout_ms() const {
  std::optional<double> due = coordinator_.next_wakeup();
  if (config_.poll_request) due = due ? std::min(*due, next_request_poll_) : next_request_poll_;
  if (!due) return -1;
  const double left_ms = std::ceil((*due - time_now().now) * 1e3);
  return static_cast<int>(std::clamp(left_ms, 0.0, 1e9));
}

void CoordinatorThread::take_messages(std::size_t port) {
  std::vector<Message> messages;
  const bool alive = ports_.receive(port, &messages);
  for (Message& message : messages) {
    if (message.type == MessageType::kLost) {
      if (!coordinator_.leaving()) lost(static_cast<int>(message.number));
      continue;
    }
    coordinator_.receive(port, std::move(message), time_now());
  }
  if (!alive && !coordinator_.leaving()) lost(ports_.rank(port));
}

void CoordinatorThread::carry_out() {
  // A commit produces further outputs.
  for (Outputs outputs = coordinator_.take_outputs(); !outputs.empty();
       outputs = coordinator_.take_outputs()) {
    for (Output& output : outputs) {
      if (output.what == Output::What::kSend) {
        ports_.send(output.message);
      } else if (output.what == Output::What::kSkipped) {
        work_->skipped(output.trigger, output.text);
      } else if (output.what == Output::What::kWaiting) {
        work_->waiting(output.text);
      } else if (output.what == Output::What::kTidy) {
        work_->tidy();
      } else if (output.what == Output::What::kQuit) {
        quit_ = true;
      } else {
        Report report;
        try {
          report = work_->commit(output.info, output.reports);
        } catch (const std::exception& error) {
          report = {false, error.what(), ""};
        }
        coordinator_.commit_result(report, time_now());
      }
    }
  }
}

void CoordinatorThread::ask_for_requests() {
  if (!config_.poll_request || time_now().now < next_request_poll_) return;
  next_request_poll_ = time_now().now + kRequestPoll_s;
  ask_for_end();
  if (config_.poll_request()) coordinator_.trigger({TriggerKind::kRequest, "", false}, time_now());
}

void CoordinatorThread::ask_for_end() {
  const int code = config_.poll_end ? config_.poll_end() : 0;
  if (code == 0) return;
  Message end;
  end.type = MessageType::kEnd;
  end.number = static_cast<std::uint64_t>(code);
  ports_.send(end);
  ::_exit(code);
}

// Until a rank says that it was told to stop.
void CoordinatorThread::wait_for_stop(double seconds) {
  const double deadline = time_now().now + seconds;
  for (;;) {
    const double left = deadline - time_now().now;
    if (left <= 0) return;
    std::vector<pollfd> entries;
    ports_.watch(&entries);
    const int left_ms = static_cast<int>(std::ceil(left * 1e3));
    if (wait_for_any(entries.data(), entries.size(), left_ms) == 0) continue;
    for (std::size_t port = 0; port < ports_.size(); ++port) {
      std::vector<Message> messages;
      if (entries[port].revents != 0) ports_.receive(port, &messages);
      for (const Message& message : messages) {
        if (message.type == MessageType::kTrigger && message.trigger.stop) return;
      }
    }
  }
}

void CoordinatorThread::lost(int rank) {
  ::sleep(kLauncherPatience_s);
  if (config_.lost_patience_s > 0) {
    log::event("lost rank " + std::to_string(rank) +
               "; waiting for the batch system, which starts the job again if a node has failed");
    wait_for_stop(config_.lost_patience_s);
  }
  log::error("lost rank " + std::to_string(rank) + "; ending the job");
  ::_exit(kExitScriptFailed);
}

}  // namespace chkpt::cut
