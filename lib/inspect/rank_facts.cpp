// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/rank_facts.hpp"

#include <limits>

#include "base/json.hpp"

namespace chkpt::inspect {
namespace {

const Json kNothing;

const Json& member(const Json& object, const char* key) {
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

}  // namespace

RankFacts::RankFacts(std::string_view meta_json, const std::string& what)
    : json_(std::make_shared<const Json>(parse_json(meta_json, what))) {}

std::string RankFacts::text_in(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t RankFacts::number_in(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return 0;
  }
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

const Json& RankFacts::part(const char* key) const {
  return json_ ? member(*json_, key) : kNothing;
}

std::string RankFacts::text(const char* key) const { return json_ ? text_in(*json_, key) : ""; }
std::int64_t RankFacts::number(const char* key) const { return json_ ? number_in(*json_, key) : 0; }
std::string RankFacts::text(const char* outer, const char* key) const {
  return text_in(part(outer), key);
}
std::int64_t RankFacts::number(const char* outer, const char* key) const {
  return number_in(part(outer), key);
}
double RankFacts::real(const char* outer, const char* key) const {
  const Json& value = member(part(outer), key);
  return value.is_number() ? value.get<double>() : -1;
}

std::vector<std::string> RankFacts::texts(const char* key) const {
  std::vector<std::string> out;
  if (!part(key).is_array()) return out;
  for (const Json& item : part(key)) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> RankFacts::packages() const {
  std::vector<std::pair<std::string, std::string>> out;
  if (!part("packages").is_object()) return out;
  for (const auto& [name, version] : part("packages").items()) {
    if (version.is_string()) out.emplace_back(name, version.get<std::string>());
  }
  return out;
}

std::vector<StackLine> RankFacts::stack() const {
  std::vector<StackLine> out;
  if (!part("stack").is_array()) return out;
  for (const Json& frame : part("stack")) {
    const std::int64_t line = number_in(frame, "line");
    out.push_back({text_in(frame, "file"),
                   line > 0 && line < std::numeric_limits<int>::max() ? static_cast<int>(line) : 0,
                   text_in(frame, "function")});
  }
  return out;
}

std::vector<OpenFile> RankFacts::files() const {
  std::vector<OpenFile> out;
  if (!part("files").is_array()) return out;
  for (const Json& file : part("files")) {
    const std::int64_t size = number_in(file, "size");
    out.push_back({text_in(file, "path"), text_in(file, "mode"),
                   size > 0 ? static_cast<std::uint64_t>(size) : 0});
  }
  return out;
}

}  // namespace chkpt::inspect
