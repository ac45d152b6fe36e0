// SPDX-License-Identifier: BSD-3-Clause
#include "run/messages.hpp"

#include <ctime>

#include "base/units.hpp"

namespace chkpt::run {
namespace {

std::string format_time(const std::tm& time, const char* format) {
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &time));
}

std::string ranks_text(int nranks) {
  return nranks == 1 ? "1 rank" : std::to_string(nranks) + " ranks";
}

}  // namespace

std::string committed_message(std::uint64_t epoch, int nranks, std::uint64_t bytes,
                              const SnapshotTimes& times) {
  std::string text = "snapshot " + std::to_string(epoch) + " committed: " + ranks_text(nranks) +
                     ", " + format_bytes(bytes) + ", cut " + format_duration(times.cut_s) +
                     ", blocked " + format_duration(times.blocked_s);
  if (times.write_s > 0) text += ", " + format_rate(static_cast<double>(bytes) / times.write_s);
  return text;
}

std::string skipped_message(std::uint64_t epoch, const std::string& reason, int rank, int nranks) {
  std::string text = "snapshot " + std::to_string(epoch) + " skipped: " + reason;
  if (nranks > 1 && rank >= 0) text += " on rank " + std::to_string(rank);
  return text;
}

std::string local_time_text(std::int64_t unix_ns, std::int64_t now_unix_ns) {
  const std::time_t then = unix_ns / 1'000'000'000;
  const std::time_t now = now_unix_ns / 1'000'000'000;
  std::tm then_tm{};
  std::tm now_tm{};
  ::localtime_r(&then, &then_tm);
  ::localtime_r(&now, &now_tm);
  const bool same_day = then_tm.tm_year == now_tm.tm_year && then_tm.tm_yday == now_tm.tm_yday;
  return format_time(then_tm, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S");
}

std::string resumed_message(std::uint64_t epoch, std::int64_t written_unix_ns,
                            const std::string& writer, std::int64_t now_unix_ns) {
  return "resumed from epoch " + std::to_string(epoch) + " of " +
         local_time_text(written_unix_ns, now_unix_ns) + ", written by " + writer;
}

std::int64_t unix_time_ns() {
  std::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace chkpt::run
