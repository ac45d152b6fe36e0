// SPDX-License-Identifier: BSD-3-Clause
// What to run: the part of a command line that python3 itself would understand. A plain value: it
// is made from the command line or from a snapshot and includes no Python header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chkpt::python {

struct LaunchSpec {
  enum class Kind {
    kScript,   // value: path of a file
    kModule,   // value: name after -m
    kCommand,  // value: text after -c
    kStdin,    // value: text of the program, once load_stdin() has run
    kPath,     // value: directory or zip file with a __main__.py
  };
  Kind kind = Kind::kScript;
  std::string value;
  std::vector<std::string> args;                 // what the script sees as sys.argv[1:]
  std::vector<std::string> interpreter_options;  // "-u", "-X", "dev", ... as python3 takes them
  std::optional<std::uint32_t> hash_seed;        // of an earlier run; unset: chosen at start
};

const char* kind_name(LaunchSpec::Kind kind);  // "script", "module", "command", "stdin", "path"
std::optional<LaunchSpec::Kind> kind_from_name(const std::string& name);

// Tells scripts from directories and zip files and checks that the target can be read at all.
// Throws UsageError naming the file.
void resolve_target(LaunchSpec& spec);

// Kind kStdin: reads the program into spec.value and leaves standard input so that Python reads
// the same text again. Refuses a terminal with a UsageError.
void load_stdin(LaunchSpec& spec);

// Equal for two launches that are the same run: kind, absolute path or text, arguments. Made for
// hashing into a run id.
std::string identity_text(const LaunchSpec& spec);

}  // namespace chkpt::python
