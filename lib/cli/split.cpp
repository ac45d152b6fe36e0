// SPDX-License-Identifier: BSD-3-Clause
#include "cli/split.hpp"

#include <string_view>

#include "base/error.hpp"
#include "cli/settings.hpp"

namespace chkpt::cli {
namespace {

using Kind = python::LaunchSpec::Kind;

constexpr std::string_view kPythonFlags = "uOBEIPsSb";  // no value
constexpr std::string_view kPythonValues = "WX";        // a value, joined or next
constexpr std::string_view kTargets = "mc";             // a value, then the script's arguments

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

class Splitter {
 public:
  explicit Splitter(const std::vector<std::string>& argv) : argv_(argv) {}

  SplitLine run() {
    while (next_ < argv_.size() && !line_.has_target) {
      const std::string& word = argv_[next_++];
      if (word == "--") {
        if (next_ == argv_.size()) break;
        const std::string& file = argv_[next_++];
        target(file_kind(file), file);
        break;
      }
      if (word.rfind("--", 0) == 0)
        long_option(word);
      else if (word.size() > 1 && word[0] == '-')
        cluster(word);
      else
        target(file_kind(word), word);
    }
    return std::move(line_);
  }

 private:
  static Kind file_kind(const std::string& word) {
    return word == "-" ? Kind::kStdin : Kind::kScript;
  }

  void target(Kind kind, const std::string& value) {
    line_.has_target = true;
    line_.launch.kind = kind;
    line_.launch.value = kind == Kind::kStdin ? "" : value;
    line_.launch.args.assign(argv_.begin() + static_cast<std::ptrdiff_t>(next_), argv_.end());
    next_ = argv_.size();
  }

  void long_option(const std::string& word) {
    line_.ours.push_back(word);
    const bool joined = word.find('=') != std::string::npos;
    const Setting* setting = find_setting(word.substr(2));
    if (!joined && setting && setting->takes_value) line_.ours.push_back(value_of(word, ""));
  }

  // Python's letters of a word stay one word, as sys.orig_argv shows them.
  void cluster(const std::string& word) {
    std::string python = "-";
    for (std::size_t i = 1; i < word.size(); i++) {
      const std::string rest = word.substr(i + 1);
      if (contains(kPythonFlags, word[i])) {
        python += word[i];
      } else if (contains(kPythonValues, word[i])) {
        python += word[i] + rest;
        pass_on(python);
        if (rest.empty()) pass_on(value_of({'-', word[i]}, rest));
        return;
      } else if (last_of_cluster(word[i], rest)) {
        break;
      }
    }
    if (python.size() > 1) pass_on(python);
  }

  // One of our options or the target; true if the rest of the word was its value.
  bool last_of_cluster(char letter, const std::string& rest) {
    const std::string option{'-', letter};
    if (contains(kTargets, letter)) {
      const std::string value = value_of(option, rest);
      target(letter == 'm' ? Kind::kModule : Kind::kCommand, value);
      return true;
    }
    line_.ours.push_back(option);
    const Setting* setting = find_setting(letter);
    if (!setting || !setting->takes_value) return false;
    line_.ours.push_back(value_of(option, rest));
    return true;
  }

  void pass_on(const std::string& word) { line_.launch.interpreter_options.push_back(word); }

  std::string value_of(const std::string& option, const std::string& joined) {
    if (!joined.empty()) return joined;
    if (next_ == argv_.size()) throw UsageError("option " + option + " needs a value");
    return argv_[next_++];
  }

  const std::vector<std::string>& argv_;
  std::size_t next_ = 0;
  SplitLine line_;
};

}  // namespace

SplitLine split(const std::vector<std::string>& argv) { return Splitter(argv).run(); }

}  // namespace chkpt::cli
