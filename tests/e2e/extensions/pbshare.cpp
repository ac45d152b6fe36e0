// SPDX-License-Identifier: BSD-3-Clause
// Objects of C++ behind pybind11: one that works in the memory of an array, whose pickling copies
// it; one with memory of its own; one that cannot be pickled.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <vector>

namespace py = pybind11;
using Array = py::array_t<double, py::array::c_style>;

namespace {

double add_one(double* cells, py::ssize_t count) {
  double total = 0;
  for (py::ssize_t i = 0; i < count; ++i) total += (cells[i] += 1);
  return total;
}

class Solver {
 public:
  explicit Solver(Array array)
      : array_(std::move(array)), cells_(array_.mutable_data()), count_(array_.size()) {}
  double step() { return add_one(cells_, count_); }
  py::tuple copied() const { return py::make_tuple(Array(count_, cells_)); }

 private:
  Array array_;
  double* cells_;
  py::ssize_t count_;
};

class Counter {
 public:
  explicit Counter(std::vector<double> cells) : cells_(std::move(cells)) {}
  double step() { return add_one(cells_.data(), static_cast<py::ssize_t>(cells_.size())); }
  py::tuple copied() const { return py::make_tuple(cells_); }

 private:
  std::vector<double> cells_;
};

class Closed {
 public:
  double step() { return ++count_; }

 private:
  double count_ = 0;
};

}  // namespace

PYBIND11_MODULE(pbshare, m) {
  py::class_<Solver>(m, "Solver")
      .def(py::init<Array>())
      .def("step", &Solver::step)
      .def(py::pickle([](const Solver& s) { return s.copied(); },
                      [](py::tuple t) { return Solver(t[0].cast<Array>()); }));
  py::class_<Counter>(m, "Counter")
      .def(py::init<std::vector<double>>())
      .def("step", &Counter::step)
      .def(py::pickle([](const Counter& c) { return c.copied(); },
                      [](py::tuple t) { return Counter(t[0].cast<std::vector<double>>()); }));
  py::class_<Closed>(m, "Closed").def(py::init<>()).def("step", &Closed::step);
}
