// SPDX-License-Identifier: BSD-3-Clause
// The hidden global generators of random, numpy.random and the C library. Restored last: rebuilding
// objects may draw numbers. Generator objects of the script are ordinary objects.
#include <Python.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr int kLast = 1000;

Ref save_random() {
  const Ref generator = loaded_attr("random", "_inst");
  return generator ? call_method(generator, "getstate") : none();
}
void restore_random(PyObject* saved) {
  call_method(attr(import("random"), "_inst"), "setstate", saved);
}

Ref numpy_generator() { return loaded_attr("numpy.random.mtrand", "_rand"); }

// (state, bit generator): the script may have put one of its own in (set_bit_generator() of numpy
// 1.24 and later), which it shares.
Ref save_numpy_random() {
  const Ref generator = numpy_generator();
  if (!generator) return none();
  const Ref bits = attr(generator, "_bit_generator");
  if (attr(bits, "state").is(Py_None)) return none();
  const bool may_change = static_cast<bool>(loaded_attr("numpy.random", "set_bit_generator"));
  return pack(call_method(generator, "get_state", boolean(false)), may_change ? bits : none());
}
void restore_numpy_random(PyObject* saved) {
  const Ref random = import("numpy.random");
  if (item(saved, 1) != Py_None) call_method(random, "set_bit_generator", item(saved, 1));
  call_method(numpy_generator(), "set_state", item(saved, 0));
}

// ---- rand(), random() and drand48() of the C library: for scripts with ctypes, and modules in C

// As initstate() and setstate() lay it out in glibc (stdlib/random_r.c): the first word tells which
// of five kinds it is, and where in the words behind it stands.
constexpr std::size_t kWords[] = {2, 8, 16, 32, 64};

std::string random_state() {
  static std::array<char, 32> aside;  // of the smallest kind but one, for as long as it takes
  char* const state = initstate(1, aside.data(), aside.size());
  std::int32_t kind = 0;
  std::memcpy(&kind, state, sizeof kind);
  std::string copy(state, kWords[kind % 5] * sizeof kind);
  setstate(state);
  return copy;
}

void set_random_state(const std::string& saved) {
  static std::array<char, 256> state;
  if (saved.size() > state.size()) broken("a saved random state is too long");
  std::memcpy(state.data(), saved.data(), saved.size());
  setstate(state.data());
}

// What lcong48() takes: three words of the last number, three of the factor, the addend. The
// latter show in what the numbers 0 and 1 lead to.
using Congruence = std::array<unsigned short, 7>;

std::uint64_t next_after(unsigned short number) {
  unsigned short words[3] = {number, 0, 0};
  nrand48(words);
  return words[0] | std::uint64_t{words[1]} << 16 | std::uint64_t{words[2]} << 32;
}

Congruence congruence() {
  const std::uint64_t addend = next_after(0), factor = next_after(1) - addend;
  Congruence all{};
  for (int i = 0; i < 3; ++i) all[3 + i] = static_cast<unsigned short>(factor >> (16 * i));
  all[6] = static_cast<unsigned short>(addend);
  unsigned short other[3] = {};
  std::memcpy(all.data(), seed48(other), sizeof other);
  Congruence argument = all;
  lcong48(argument.data());
  return all;
}

std::string c_library_state() {
  const Congruence numbers = congruence();
  return std::string(reinterpret_cast<const char*>(numbers.data()), sizeof numbers) +
         random_state();
}

std::string& c_library_baseline() {
  static std::string baseline;
  return baseline;
}

Ref save_c_random() {
  const std::string now = c_library_state();
  if (now == c_library_baseline()) return none();
  return own(PyBytes_FromStringAndSize(now.data(), static_cast<Py_ssize_t>(now.size())));
}

void restore_c_random(PyObject* saved) {
  const std::string state(PyBytes_AsString(saved), static_cast<std::size_t>(PyBytes_Size(saved)));
  Congruence numbers{};
  if (state.size() <= sizeof numbers) broken("a saved random state is too short");
  std::memcpy(numbers.data(), state.data(), sizeof numbers);
  lcong48(numbers.data());
  set_random_state(state.substr(sizeof numbers));
}

// (floating point error handling, callback, print options, buffer size)
Ref save_numpy_settings() {
  if (!loaded_module("numpy")) return none();
  const Ref numpy = import("numpy");
  return pack(call_method(numpy, "geterr"), call_method(numpy, "geterrcall"),
              call_method(numpy, "get_printoptions"), call_method(numpy, "getbufsize"));
}
void restore_numpy_settings(PyObject* saved) {
  const Ref numpy = import("numpy");
  call_with(attr(numpy, "seterr").get(), own(PyTuple_New(0)).get(), item(saved, 0));
  call_method(numpy, "seterrcall", item(saved, 1));
  call_with(attr(numpy, "set_printoptions").get(), own(PyTuple_New(0)).get(), item(saved, 2));
  call_method(numpy, "setbufsize", item(saved, 3));
}

}  // namespace

void register_random_parts() {
  register_process_part({"numpy settings", save_numpy_settings, restore_numpy_settings, 40});
  c_library_baseline() = c_library_state();
  register_process_part({"C random", save_c_random, restore_c_random, kLast + 3});
  register_process_part({"random", save_random, restore_random, kLast});
  register_process_part({"numpy.random", save_numpy_random, restore_numpy_random, kLast + 1});
}

}  // namespace chkpt::process
