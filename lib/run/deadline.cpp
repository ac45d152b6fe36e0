// SPDX-License-Identifier: BSD-3-Clause
#include "run/deadline.hpp"

#include <algorithm>
#include <cmath>

#include "base/units.hpp"
#include "run/messages.hpp"

namespace chkpt::run {
namespace {

constexpr double kSlowerThanEver = 2;
constexpr double kUnknownShare = 0.1;
constexpr double kUnknownMost_s = 60;
constexpr std::int64_t kNs = 1'000'000'000;

}  // namespace

void Deadline::note_snapshot(double seconds) {
  slowest_s_ = std::max(slowest_s_, seconds);
  measured_ = true;
}

double Deadline::set_aside_s() const {
  if (measured_) return kSlowerThanEver * slowest_s_;
  const auto left = static_cast<double>(end_s_.value_or(started_s_) - started_s_);
  return std::clamp(kUnknownShare * left, 0.0, kUnknownMost_s);
}

std::optional<std::int64_t> Deadline::start_of_last() const {
  if (!end_s_) return std::nullopt;
  return *end_s_ - static_cast<std::int64_t>(std::ceil(set_aside_s() + margin_s_));
}

bool Deadline::due(std::int64_t now_s) const {
  const auto start = start_of_last();
  return start && now_s >= *start;
}

std::string Deadline::text(std::int64_t now_s) const {
  if (!end_s_) return "no time limit to plan for";
  return "the job ends at " + local_time_text(*end_s_ * kNs, now_s * kNs) + "; last snapshot at " +
         local_time_text(*start_of_last() * kNs, now_s * kNs) + " (" +
         format_duration(set_aside_s()) + " for it" + (measured_ ? "" : ", not measured yet") +
         ", margin " + format_duration(margin_s_) + ")";
}

}  // namespace chkpt::run
