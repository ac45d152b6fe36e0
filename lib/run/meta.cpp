// SPDX-License-Identifier: BSD-3-Clause
#include "run/meta.hpp"

#include <Python.h>

#include <fstream>
#include <iterator>

#include <unistd.h>

#include <boost/filesystem.hpp>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "files/held_files.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/session.hpp"
#include "python/launch/launch.hpp"
#include "run/messages.hpp"
#include "run/version.hpp"

namespace chkpt::run {
namespace {

namespace fs = boost::filesystem;

// "" when it cannot be read: that scripts can be read was checked before, and one that vanished
// meanwhile is only less well described.
std::string hash_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return hash128(ByteView(std::string_view(text))).hex();
}

std::string display_name(const python::LaunchSpec& launch) {
  switch (launch.kind) {
    case python::LaunchSpec::Kind::kModule:
      return "-m " + launch.value;
    case python::LaunchSpec::Kind::kCommand:
      return "-c ...";
    case python::LaunchSpec::Kind::kStdin:
      return "-";
    default:
      return launch.value;
  }
}

// Versions of the top-level packages the script has imported. Looks into module dictionaries only,
// so that no code of theirs runs.
Json imported_versions() {
  Json versions = Json::object();
  PyObject* name = nullptr;
  PyObject* module = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module)) {
    if (!PyUnicode_Check(name) || !PyModule_Check(module)) continue;
    PyObject* version = PyDict_GetItemString(PyModule_GetDict(module), "__version__");
    if (!version || !PyUnicode_Check(version)) continue;
    const char* key = PyUnicode_AsUTF8(name);
    const char* value = PyUnicode_AsUTF8(version);
    if (!key || !value) {
      PyErr_Clear();
      continue;
    }
    const std::string top(key);
    if (top.find('.') == std::string::npos && top != "__main__") versions[top] = value;
  }
  return versions;
}

Json imported_modules() {
  Json names = Json::array();
  PyObject* name = nullptr;
  PyObject* module = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module)) {
    const char* text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
    if (text) names.push_back(text);
    PyErr_Clear();
  }
  return names;
}

Json stack_as_json(const std::vector<frames::FrameLine>& stack) {
  Json frames = Json::array();
  for (const frames::FrameLine& line : stack) {
    frames.push_back({{"file", line.file},
                      {"line", line.line},
                      {"function", line.function},
                      {"locals", line.locals}});
  }
  return frames;
}

Json mpi_as_json() {
  std::size_t drained = 0;
  mpi::registry().for_each([&](const mpi::CommInfo& comm) { drained += comm.drained.size(); });
  return {{"launched", mpi::launched_by_mpi()},
          {"initialized", mpi::session::script_initialized()},
          {"communicators", mpi::registry().size()},
          {"requests", mpi::requests().size()},
          {"drained_messages", drained}};
}

}  // namespace

Program describe_program(const python::LaunchSpec& launch) {
  Program program;
  program.launch = launch;
  program.display = display_name(launch);
  const std::string identity = python::identity_text(launch);
  program.identity = hash128(ByteView(std::string_view(identity))).hex();
  if (launch.kind == python::LaunchSpec::Kind::kScript) {
    program.source_hash = hash_of_file(launch.value);
  }
  boost::system::error_code ignored;
  program.directory = fs::current_path(ignored).string();
  return program;
}

const char* mode_name(Mode mode) { return mode == Mode::kContinue ? "continue" : "tracked"; }

Json make_meta(const Program& program, const Config& config, const Job& job,
               const store::Identity& id, const cut::CutInfo& info,
               const std::vector<frames::FrameLine>& stack) {
  Json meta;
  meta["format"] = 1;
  meta["run_id"] = id.run_id;
  meta["epoch"] = id.epoch;
  meta["rank"] = id.rank;
  meta["nranks"] = id.nranks;
  meta["time_unix_ns"] = info.started_unix_ns;
  meta["trigger"] = cut::trigger_text(info.trigger);
  meta["mode"] = mode_name(config.mode);
  meta["chkpt_version"] = kVersion;
  meta["python"] = PY_VERSION;
  meta["python_full"] = Py_GetVersion();
  meta["hash_seed"] = python::hash_seed();
  meta["script"] = program.display;
  meta["argv"] = program.launch.args;
  meta["source_hash"] = program.source_hash;
  meta["identity"] = program.identity;
  meta["launch"] = {{"kind", python::kind_name(program.launch.kind)},
                    {"value", program.launch.value},
                    {"options", program.launch.interpreter_options}};
  meta["cwd"] = program.directory;
  meta["hostname"] = job.host;
  meta["pid"] = static_cast<std::int64_t>(::getpid());
  meta["job"] = {{"id", job.id}, {"restart_count", job.restart_count}};
  meta["modules"] = imported_modules();
  meta["packages"] = imported_versions();
  meta["stack"] = stack_as_json(stack);
  meta["finished"] = info.position == cut::Position::kFinished;
  meta["blocked_in"] = info.mpi_call;
  meta["mpi"] = mpi_as_json();
  meta["timing_ms"] = {{"cut", info.cut_ms}};
  return meta;
}

python::LaunchSpec launch_from_meta(const Json& meta) {
  try {
    python::LaunchSpec launch;
    const Json& saved = meta.at("launch");
    const auto kind = python::kind_from_name(saved.at("kind").get<std::string>());
    if (!kind) throw FormatError("snapshot of an unknown kind of launch");
    launch.kind = *kind;
    launch.value = saved.at("value").get<std::string>();
    launch.interpreter_options = saved.at("options").get<std::vector<std::string>>();
    launch.args = meta.at("argv").get<std::vector<std::string>>();
    launch.hash_seed = meta.at("hash_seed").get<std::uint32_t>();
    return launch;
  } catch (const Json::exception& problem) {
    throw FormatError(std::string("snapshot without launch information: ") + problem.what());
  }
}

void expect_held_files(const Json& meta, const std::string& run_path) {
  files::expect(files::decode_held(meta.value(kHeldFiles, Json::array())), run_path);
}

std::string why_held_files_damaged(const Json& meta, const std::string& run_path) {
  for (const files::HeldFile& file : files::decode_held(meta.value(kHeldFiles, Json::array()))) {
    std::string problem = files::why_damaged(file, run_path);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace chkpt::run
