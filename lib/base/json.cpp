// SPDX-License-Identifier: BSD-3-Clause
#include "base/json.hpp"

#include <set>
#include <vector>

#include "base/error.hpp"

namespace chkpt {
namespace {

constexpr int kDeepestNesting = 64;

// Watches the parser: the library would take the last of two equal keys and recurse without limit
// when the value is destroyed.
class Watch {
 public:
  explicit Watch(std::string what) : what_(std::move(what)) {}

  bool operator()(int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kDeepestNesting) throw FormatError(what_ + " is not valid JSON: nested too deeply");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second) {
      throw FormatError(what_ + " is not valid JSON: duplicate key " + dump_json(value));
    }
    return true;
  }

 private:
  std::string what_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
  Watch watch(what);
  try {
    // By reference: the parser copies its callback.
    return Json::parse(text.begin(), text.end(),
                       [&watch](int depth, Json::parse_event_t event, Json& value) {
                         return watch(depth, event, value);
                       });
  } catch (const Json::exception& error) {
    throw FormatError(what + " is not valid JSON: " + error.what());
  }
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chkpt
