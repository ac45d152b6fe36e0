// SPDX-License-Identifier: BSD-3-Clause
#include "run/retry.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace chkpt::run {
namespace {

constexpr double kLeastSilence_s = 10;
constexpr int kOften = 3;
constexpr double kFirstWait_s = 1;
constexpr double kLongestWait_s = 60;
constexpr double kWaitPerWork = 20;
constexpr std::size_t kMostReasons = 100;

std::string without_digits(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(),
                            [](unsigned char c) { return std::isdigit(c) != 0; }),
             text.end());
  return text;
}

}  // namespace

std::string Retry::say(const std::string& text, double now) {
  const std::string key = without_digits(text);
  if (reasons_.size() > kMostReasons && reasons_.count(key) == 0) reasons_.clear();
  Reason& reason = reasons_[key];
  ++reason.met;
  const double silence =
      reason.said < kOften ? kLeastSilence_s : std::max(kLeastSilence_s, interval_s_);
  if (reason.said > 0 && now - reason.said_at < silence) return "";
  reason.said_at = now;
  ++reason.said;
  if (reason.met == 1) return text;
  return text + " (" + std::to_string(reason.met) + " times by now)";
}

void Retry::later(const cut::Trigger& trigger, double now, double took_s) {
  wait_s_ = std::min(std::max(kFirstWait_s, 2 * wait_s_), kLongestWait_s);
  wanted_ = trigger;
  not_before_ = now + std::max(wait_s_, kWaitPerWork * took_s);
}

std::optional<cut::Trigger> Retry::due(double now) {
  if (!wanted_ || now < not_before_) return std::nullopt;
  return std::exchange(wanted_, std::nullopt);
}

void Retry::succeeded() {
  wanted_.reset();
  wait_s_ = 0;
}

}  // namespace chkpt::run
