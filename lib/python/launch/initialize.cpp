// SPDX-License-Identifier: BSD-3-Clause
// The interpreter's configuration. Everything is Python's own parsing of a python3 command line;
// only the program's name and, where the user left it open, the hash seed are ours.
#include "python/launch/launch.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "python/chkpt/module.hpp"
#include "python/frames/address_hash.hpp"

namespace chkpt::python {
namespace {

std::uint32_t g_hash_seed = 0;

class Config {
 public:
  Config() { PyConfig_InitPythonConfig(&config_); }
  ~Config() { PyConfig_Clear(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  PyConfig* operator->() { return &config_; }
  PyConfig* get() { return &config_; }

  // Python prints its own text and ends the process with its own code, as python3.
  void check(PyStatus status) {
    if (!PyStatus_Exception(status)) return;
    PyConfig_Clear(&config_);
    Py_ExitStatusException(status);
  }

 private:
  PyConfig config_;
};

// -E or -I, alone or among other letters; the value of -W or -X is none.
bool ignores_environment(const LaunchSpec& spec) {
  bool is_value = false;
  for (const auto& word : spec.interpreter_options) {
    const auto value = is_value ? 0 : word.find_first_of("WX");
    const std::string letters = word.substr(0, value);
    if (letters.find_first_of("EI") != std::string::npos) return true;
    is_value = !is_value && value == word.size() - 1;
  }
  return false;
}

// Never 0: that would switch randomisation off and show in sys.flags.
std::uint32_t random_seed() {
  std::uint32_t seed = 0;
  while (seed == 0) {
    if (::getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed)) continue;
    if (errno != EINTR) throw IoError(std::string("getrandom: ") + std::strerror(errno), errno);
    seed = 0;
  }
  return seed;
}

// The seed to force; none if the user fixed one by PYTHONHASHSEED, which Python then reads (and
// refuses, if it is malformed) itself.
std::optional<std::uint32_t> seed_to_force(const LaunchSpec& spec) {
  if (spec.hash_seed) return spec.hash_seed;
  const char* wanted = ignores_environment(spec) ? nullptr : std::getenv("PYTHONHASHSEED");
  if (!wanted || !*wanted || std::strcmp(wanted, "random") == 0) return random_seed();
  return std::nullopt;
}

// PYTHONHASHSEED, which Python has accepted.
std::uint32_t fixed_seed() {
  return static_cast<std::uint32_t>(std::strtoul(std::getenv("PYTHONHASHSEED"), nullptr, 10));
}

// A script whose name begins with "-" needs "--" in front, as with python3.
std::vector<std::string> command_line(const LaunchSpec& spec, const std::string& program) {
  std::vector<std::string> line{program};
  line.insert(line.end(), spec.interpreter_options.begin(), spec.interpreter_options.end());
  switch (spec.kind) {
    case LaunchSpec::Kind::kModule:
      line.insert(line.end(), {"-m", spec.value});
      break;
    case LaunchSpec::Kind::kCommand:
      line.insert(line.end(), {"-c", spec.value});
      break;
    case LaunchSpec::Kind::kStdin:
      line.emplace_back("-");
      break;
    case LaunchSpec::Kind::kScript:
    case LaunchSpec::Kind::kPath:
      if (spec.value.rfind('-', 0) == 0) line.emplace_back("--");
      line.push_back(spec.value);
  }
  line.insert(line.end(), spec.args.begin(), spec.args.end());
  return line;
}

void set_argv(Config& config, std::vector<std::string>& line) {
  std::vector<char*> argv;
  argv.reserve(line.size());
  for (auto& word : line) argv.push_back(word.data());
  config.check(
      PyConfig_SetBytesArgv(config.get(), static_cast<Py_ssize_t>(argv.size()), argv.data()));
}

}  // namespace

void initialize(const LaunchSpec& spec) {
  const std::string program = python_program();
  const auto seed = seed_to_force(spec);
  auto line = command_line(spec, program);
  provide_module();
  frames::install_address_hashes();
  Config config;
  if (seed) {
    config->use_hash_seed = 1;
    config->hash_seed = *seed;
  }
  set_argv(config, line);
  config.check(PyConfig_SetBytesString(config.get(), &config->program_name, program.c_str()));
  // Not PyConfig_Read() before: what it finds in -X warn_default_encoding would be lost.
  config.check(Py_InitializeFromConfig(config.get()));
  g_hash_seed = seed ? *seed : fixed_seed();
  hide_module();
}

std::uint32_t hash_seed() { return g_hash_seed; }

int run_as_python(int argc, char** argv) { return Py_BytesMain(argc, argv); }

}  // namespace chkpt::python
