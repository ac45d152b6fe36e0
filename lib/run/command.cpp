// SPDX-License-Identifier: BSD-3-Clause
#include "run/command.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"

namespace chkpt::run {
namespace {

constexpr std::size_t kStackSize = std::size_t{64} * 1024;
constexpr std::size_t kMostOutput = std::size_t{64} * 1024;
constexpr int kFirstNumber = 256;  // of descriptors; the script's next files get low ones
constexpr auto kLookAgainAfter = std::chrono::milliseconds(5);

struct Task {
  char* const* argv;
  int output_fd;
  void* stack;  // of the grandchild
  pid_t grandchild;
};

void write_reason(const char* command, int reason) {
  const std::array<const char*, 4> words = {command, ": ", ::strerrordesc_np(reason), "\n"};
  for (const char* word : words) {
    if (word == nullptr || ::write(2, word, std::strlen(word)) < 0) return;
  }
}

// Child and grandchild share the parent's memory while the thread that started them stands still:
// system calls only.
int run_grandchild(void* argument) {
  const auto* task = static_cast<const Task*>(argument);
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(task->output_fd, 1) < 0 ||
      ::dup2(task->output_fd, 2) < 0) {
    ::_exit(1);
  }
  ::execvp(task->argv[0], task->argv);
  write_reason(task->argv[0], errno);
  ::_exit(1);
}

int run_child(void* argument) {
  auto* task = static_cast<Task*>(argument);
  task->grandchild = ::clone(run_grandchild, task->stack, CLONE_VM | CLONE_VFORK, task);
  ::_exit(0);
}

// Stacks grow down from a 16 byte boundary.
void* top_of(std::vector<char>& stack) {
  const auto end = reinterpret_cast<std::uintptr_t>(stack.data() + stack.size());
  return reinterpret_cast<void*>(end & ~std::uintptr_t{15});  // NOLINT: an address it is
}

// As posix_spawn() does it, twice over. The child in between raises no signal at its end and never
// calls exec(), which would change that: waitpid() meets it only when asked for with __WALL.
bool start_unseen(Task* task) {
  std::vector<char> child_stack(kStackSize);
  std::vector<char> stack(kStackSize);
  task->stack = top_of(stack);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::clone(run_child, top_of(child_stack), CLONE_VM | CLONE_VFORK, task);
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  while (child > 0 && ::waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  errno = reason;
  return child > 0 && task->grandchild > 0;
}

UniqueFd moved_up(UniqueFd fd) {
  const int higher = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstNumber);
  return higher < 0 ? std::move(fd) : UniqueFd(higher);
}

}  // namespace

Command::Command(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    result_ = {true, errno_text(errno)};
    return;
  }
  UniqueFd read_end = moved_up(UniqueFd(ends[0]));
  const UniqueFd write_end = moved_up(UniqueFd(ends[1]));
  Task task{argv.data(), write_end.get(), nullptr, -1};
  if (!start_unseen(&task)) {
    result_ = {true, errno_text(errno)};
    return;
  }
  // Fails when it is gone already; then there is nothing to kill.
  UniqueFd pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, task.grandchild, 0)));
  if (pid_fd) pid_fd_ = moved_up(std::move(pid_fd));
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  output_fd_ = std::move(read_end);
}

Command::~Command() {
  if (output_fd_) kill_it();
}

void Command::kill_it() {
  if (pid_fd_) ::syscall(SYS_pidfd_send_signal, pid_fd_.get(), SIGKILL, nullptr, 0);
  output_fd_.reset();
}

// True at the end of the output.
bool Command::read_output() {
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(output_fd_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno != EAGAIN;
    if (n == 0) return true;
    if (result_.output.size() < kMostOutput) {
      result_.output.append(buffer, static_cast<std::size_t>(n));
    }
  }
}

std::optional<CommandResult> Command::poll() {
  if (!output_fd_) return result_;
  if (!read_output()) return std::nullopt;
  output_fd_.reset();
  while (!result_.output.empty() && result_.output.back() == '\n') result_.output.pop_back();
  result_.ended = true;
  return result_;
}

CommandResult Command::wait(std::chrono::milliseconds limit, bool (*give_up)()) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  bool given_up = false;
  while (!given_up) {
    if (const auto result = poll()) return *result;
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::sleep_for(kLookAgainAfter);
    given_up = give_up && give_up();
  }
  kill_it();
  result_.output =
      given_up ? "given up" : "no answer within " + std::to_string(limit.count() / 1000) + " s";
  return result_;
}

}  // namespace chkpt::run
