// SPDX-License-Identifier: BSD-3-Clause
// chkpt-mpi: takes the command line apart and runs the script. Under a name that begins with
// "python" it is python3 and nothing else.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/high_heap.hpp"
#include "base/log.hpp"
#include "cli/options.hpp"
#include "python/launch/launch.hpp"
#include "run/load_back.hpp"
#include "run/run.hpp"

namespace {

int run(const std::vector<std::string>& argv) {
  chkpt::cli::ParseResult parsed = chkpt::cli::parse(argv);
  if (parsed.answer) {
    if (std::fputs(parsed.answer->c_str(), stdout) < 0 || std::fflush(stdout) != 0)
      throw chkpt::IoError("cannot write to standard output", errno);
    return chkpt::kExitOk;
  }
  if (!parsed.load_back.empty())
    return chkpt::run::load_back(parsed.load_back, parsed.config.verbosity < 0);
  chkpt::python::load_stdin(parsed.config.launch);
  return chkpt::run::run(parsed.config);
}

// What cannot be written is an error of that write, as it is for CPython from its start on.
void ignore_signals_of_writes() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  if (chkpt::cli::is_started_as_python(argv[0])) return chkpt::python::run_as_python(argc, argv);
  ignore_signals_of_writes();
  chkpt::move_heap_up();
  try {
    return run(std::vector<std::string>(argv, argv + argc));
  } catch (const chkpt::UsageError& error) {
    chkpt::log::error(error.what());
    return chkpt::kExitUsage;
  } catch (const std::exception& error) {
    chkpt::log::error(error.what());
    return chkpt::kExitScriptFailed;
  }
}
