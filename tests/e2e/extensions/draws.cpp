// A module of pybind11: generators, texts, thread-local and function-local variables, objects.
#include <pybind11/pybind11.h>

#include <random>
#include <string>
#include <vector>

namespace py = pybind11;

namespace {

std::mt19937 generator(42);
std::string phase = "first";
std::vector<double> trail;
thread_local long in_thread = 5;
py::object& cache = *new py::object;

enum Kind { kOdd, kEven };

struct Point {
  int x = 0;
};

struct Walk {
  double at;
};

double draw() {
  static std::mt19937_64 other(7);
  static bool is_odd = false;
  is_odd = !is_odd;
  if (++in_thread == 8) phase = "second";
  return static_cast<double>(generator() % 1000 + other() % 1000) + is_odd;
}

py::tuple step(const py::object& key) {
  if (!cache) cache = py::dict();
  cache[key] = in_thread;
  return py::make_tuple(draw(), phase, in_thread, cache, in_thread % 2 == 0 ? kEven : kOdd);
}

}  // namespace

PYBIND11_MODULE(draws, m) {
  m.def("step", step);
  m.def("remember", [](double value) { trail.push_back(value); });
  py::class_<Point>(m, "Point").def(py::init<>()).def_readwrite("x", &Point::x);
  py::class_<Walk>(m, "Walk")
      .def(py::init<double>())
      .def_readwrite("at", &Walk::at)
      .def(py::pickle([](const Walk& walk) { return py::make_tuple(walk.at); },
                      [](const py::tuple& state) { return Walk{state[0].cast<double>()}; }));
  py::enum_<Kind>(m, "Kind").value("ODD", kOdd).value("EVEN", kEven).export_values();
  m.attr("origin") = Point();  // cannot be pickled, and nobody changes it
  py::register_exception<std::bad_exception>(m, "Bad");
}
