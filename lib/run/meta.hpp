// SPDX-License-Identifier: BSD-3-Clause
// What a rank file says about itself in JSON: enough for chkpt-inspect to show where the rank stood
// and for a restart to start the interpreter the same way, before any pickle is touched.
// FORMAT.md lists the keys.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cut/agent.hpp"
#include "python/frames/stack.hpp"
#include "run/config.hpp"
#include "run/job.hpp"
#include "store/rank_image.hpp"

namespace chkpt::run {

// What stays the same from start to end of a run's incarnation.
struct Program {
  python::LaunchSpec launch;
  std::string display;      // "heat.py", "-m package", as the user would recognise it
  std::string identity;     // hash of identity_text(): equal for the same script and arguments
  std::string source_hash;  // of the script's text; "" when it has no single file
  std::string directory;    // working directory at start
};
Program describe_program(const python::LaunchSpec& launch);

const char* mode_name(Mode mode);

// Needs the GIL.
Json make_meta(const Program& program, const Config& config, const Job& job,
               const store::Identity& id, const cut::CutInfo& info,
               const std::vector<frames::FrameLine>& stack);

// Key of the copies of files that the script holds open for writing, see files/held_files.hpp.
constexpr const char* kHeldFiles = "held_files";
// What they are, for the parts that open those files again. Throws FormatError.
void expect_held_files(const Json& meta, const std::string& run_path);
// "" or what is wrong with the first copy that is not as it was.
std::string why_held_files_damaged(const Json& meta, const std::string& run_path);

// The way back. Throws FormatError.
python::LaunchSpec launch_from_meta(const Json& meta);

}  // namespace chkpt::run
