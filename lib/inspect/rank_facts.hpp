// SPDX-License-Identifier: BSD-3-Clause
// The facts that a rank's file tells about itself in its /meta section, with every type checked:
// a missing or mistyped entry reads as empty, never as an error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.hpp"

namespace chkpt::inspect {

struct StackLine {
  std::string file;
  int line = 0;
  std::string function;

  bool operator==(const StackLine& other) const {
    return line == other.line && file == other.file && function == other.function;
  }
};

struct OpenFile {
  std::string path;
  std::string mode;
  std::uint64_t size = 0;
};

class RankFacts {
 public:
  RankFacts() = default;
  explicit RankFacts(std::string_view meta_json, const std::string& what);  // throws FormatError

  std::string text(const char* key) const;
  std::int64_t number(const char* key) const;
  // Of a nested object: text("job", "id").
  std::string text(const char* outer, const char* key) const;
  std::int64_t number(const char* outer, const char* key) const;
  double real(const char* outer, const char* key) const;  // negative if absent

  std::vector<std::string> texts(const char* key) const;
  std::vector<std::pair<std::string, std::string>> packages() const;
  std::vector<StackLine> stack() const;  // outermost first
  std::vector<OpenFile> files() const;

 private:
  static std::string text_in(const Json& object, const char* key);
  static std::int64_t number_in(const Json& object, const char* key);
  const Json& part(const char* key) const;  // a null value if absent

  std::shared_ptr<const Json> json_;  // null: nothing is told
};

}  // namespace chkpt::inspect
