// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "steps.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <vector>

#include <sys/wait.h>

#include "base/error.hpp"
#include "python/frames/address_hash.hpp"
#include "python/heap/load.hpp"
#include "python/heap/save.hpp"
#include "python/process/register.hpp"

namespace chkpt::heap_test {
namespace {

void check_status(const PyStatus& status) {
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
}

void start_python() {
  frames::install_address_hashes();
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.use_hash_seed = 1;
  config.hash_seed = 42;
  config.parse_argv = 0;
  check_status(PyConfig_SetBytesString(&config, &config.program_name, PYTHON_PROGRAM));
  check_status(Py_InitializeFromConfig(&config));
  PyConfig_Clear(&config);
  process::register_parts();
}

int stop_python(int code) {
  // Frees what the interpreter can free, so that a wrong reference count shows as a crash.
  return Py_FinalizeEx() < 0 ? 120 : code;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool run_script(const std::string& path) {
  PyObject* main = PyImport_AddModule("__main__");
  PyObject* dict = PyModule_GetDict(main);
  const Ref file = checked(PyUnicode_FromString(path.c_str()));
  PyDict_SetItemString(dict, "__file__", file.get());
  const Ref code =
      Ref::steal(Py_CompileString(read_file(path).c_str(), path.c_str(), Py_file_input));
  const Ref result = code ? Ref::steal(PyEval_EvalCode(code.get(), dict, dict)) : Ref();
  if (!result) PyErr_Print();
  return static_cast<bool>(result);
}

bool run_check(const char* when) {
  PyObject* dict = PyModule_GetDict(PyImport_AddModule("__main__"));
  PyObject* check = PyDict_GetItemString(dict, "check");
  if (!check) {
    std::cerr << "no check() in __main__ " << when << "\n";
    return false;
  }
  const Ref result = Ref::steal(PyObject_CallNoArgs(check));
  if (!result) {
    std::cerr << "check() failed " << when << "\n";
    PyErr_Print();
  }
  return static_cast<bool>(result);
}

void put_number(std::ostream& out, std::uint64_t value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}
std::uint64_t get_number(std::istream& in) {
  std::uint64_t value = 0;
  in.read(reinterpret_cast<char*>(&value), sizeof value);
  return value;
}

void write_pickled(const heap::Pickled& pickled, const std::string& file) {
  std::ofstream out(file, std::ios::binary);
  put_number(out, pickled.stream_bytes());
  for (const ByteView& piece : pickled.stream) out << piece.text();
  put_number(out, pickled.buffers.size());
  for (const heap::OutOfBand& buffer : pickled.buffers) {
    put_number(out, buffer.bytes().size);
    out << buffer.bytes().text();
  }
}

bool save_to(const std::string& file) {
  try {
    write_pickled(heap::save({}), file);
    return true;
  } catch (const Error& error) {
    std::cerr << "save: " << error.what() << "\n";
    return false;
  }
}

}  // namespace

int save_step(const std::string& script, const std::string& file) {
  start_python();
  if (!run_script(script) || !run_check("before saving")) return stop_python(1);
  if (!save_to(file)) return stop_python(2);
  // The running script must not notice that it was saved.
  return stop_python(run_check("after saving") ? 0 : 3);
}

int load_step(const std::string& file, const std::string& again) {
  start_python();
  std::ifstream in(file, std::ios::binary);
  std::string stream(get_number(in), '\0');
  in.read(stream.data(), static_cast<std::streamsize>(stream.size()));
  std::vector<std::string> buffers(get_number(in));
  for (std::string& buffer : buffers) {
    buffer.resize(get_number(in));
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  }
  try {
    std::vector<heap::LoadedBuffer> views;
    views.reserve(buffers.size());
    for (std::string& buffer : buffers) views.push_back({buffer.data(), buffer.size()});
    const heap::Loaded loaded = heap::load({ByteView(std::string_view(stream))}, views);
    loaded.finish();
  } catch (const Error& error) {
    std::cerr << "load: " << error.what() << "\n";
    return stop_python(2);
  }
  // Nothing may refer to the stream any more.
  stream.assign(stream.size(), '\xAA');
  for (std::string& buffer : buffers) buffer.assign(buffer.size(), '\xAA');
  if (!again.empty() && !save_to(again)) return stop_python(2);
  return stop_python(run_check("after loading") ? 0 : 1);
}

int refuse_step(const std::string& script) {
  start_python();
  if (!run_script(script)) return stop_python(1);
  try {
    heap::save({});
  } catch (const CannotSave& error) {
    std::cout << error.what() << std::endl;
    return stop_python(run_check("after the refusal") ? 0 : 3);
  }
  std::cout << "was saved" << std::endl;
  return stop_python(2);
}

Outcome run_self(const std::string& step, const std::string& first, const std::string& second) {
  const std::string self = "/proc/" + std::to_string(getpid()) + "/exe";
  const std::string command =
      "ulimit -v 8000000; exec " + self + " " + step + " '" + first + "' '" + second + "' 2>&1";
  Outcome outcome{-1, ""};
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return outcome;
  char text[4096];
  while (std::size_t count = fread(text, 1, sizeof text, pipe)) outcome.output.append(text, count);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace chkpt::heap_test
