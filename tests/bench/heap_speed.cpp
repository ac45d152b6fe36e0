// SPDX-License-Identifier: BSD-3-Clause
// How long saving takes compared with pickle.dumps(protocol=5), for many small objects of several
// kinds, and how long it takes with hardly any. Usage: heap_speed [rounds]. Prints the minimum of
// each and the ratio; judges nothing.
#include <Python.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "python/heap/save.hpp"

namespace {

using chkpt::checked;
using chkpt::Ref;

constexpr const char* kClasses = R"(
import pickle
class D:
    def __init__(self, i): self.a, self.b, self.c = i, i * 0.5, [i]
class S:
    __slots__ = ('a', 'b', 'c')
    def __init__(self, i): self.a, self.b, self.c = i, i * 0.5, [i]
class P(tuple):
    def __new__(cls, i): return tuple.__new__(cls, (i, i))
N = 200000
def arrays(count):
    import numpy
    return [numpy.arange(i % 50, dtype='f8') for i in range(count)]
)";

struct Workload {
  const char* name;
  const char* expression;
};
constexpr Workload kWorkloads[] = {
    {"instances with __dict__", "[D(i) for i in range(N)]"},
    {"instances with __slots__", "[S(i) for i in range(N)]"},
    {"subclass of tuple", "[P(i) for i in range(N)]"},
    {"dicts and lists", "[{'a': i, 'b': [i]} for i in range(N)]"},
    {"sets", "[{i, i + 1} for i in range(N // 2)]"},
    {"strings", "[str(i) for i in range(N)]"},
    {"1 000 000 ints in lists", "[list(range(i, i + 100)) for i in range(10000)]"},
    {"100 000 dicts", "[{'a': i, 'b': i + 1} for i in range(N // 2)]"},
    {"10 000 numpy arrays", "arrays(10000)"},
    {"hardly anything", "[1]"}};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class Work>
double fastest(int rounds, const Work& work) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, seconds_since(start));
  }
  return best;
}

void measure(const Workload& workload, PyObject* dict, int rounds) {
  const Ref data = checked(PyRun_String(workload.expression, Py_eval_input, dict, dict));
  const Ref dumps = checked(PyObject_GetAttrString(PyDict_GetItemString(dict, "pickle"), "dumps"));
  const Ref protocol = checked(PyLong_FromLong(5));
  const Ref extra = checked(PyDict_New());
  PyDict_SetItemString(extra.get(), "data", data.get());
  const double plain = fastest(rounds, [&] {
    checked(PyObject_CallFunctionObjArgs(dumps.get(), data.get(), protocol.get(), nullptr));
  });
  const double ours = fastest(rounds, [&] {
    chkpt::heap::SaveRequest request;
    request.extra = extra;
    chkpt::heap::save(request);
  });
  std::printf("%-26s pickle %7.2f ms  save %7.2f ms", workload.name, plain * 1e3, ours * 1e3);
  if (plain > 1e-3) std::printf("  ratio %.2f", ours / plain);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  Py_Initialize();
  PyObject* dict = PyModule_GetDict(PyImport_AddModule("__main__"));
  try {
    checked(PyRun_String(kClasses, Py_file_input, dict, dict));
    for (const Workload& workload : kWorkloads) measure(workload, dict, rounds);
  } catch (const chkpt::Error& error) {
    std::fprintf(stderr, "heap_speed: %s\n", error.what());
    return 1;
  }
  return Py_FinalizeEx() < 0 ? 120 : 0;
}
