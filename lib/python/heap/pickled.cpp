// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/pickled.hpp"

#include <cstring>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// One element type of the struct module, with an optional byte order.
bool is_plain_format(const char* format) {
  if (!format) return false;
  if (std::strchr("<>=@|", *format) && *format) ++format;
  return std::strlen(format) == 1 && std::strchr("?bBhHiIlLqQnNefdg", *format);
}

}  // namespace

OutOfBand::OutOfBand(PyObject* exporter) {
  if (PyObject_GetBuffer(exporter, &view_, PyBUF_FULL_RO) < 0) throw Raised{};
}
OutOfBand::~OutOfBand() {
  if (view_.obj) PyBuffer_Release(&view_);
}
OutOfBand::OutOfBand(OutOfBand&& other) noexcept : view_(other.view_) {
  // A moved Py_buffer may point into itself for its shape and strides.
  if (view_.shape == &other.view_.len) view_.shape = &view_.len;
  if (view_.strides == &other.view_.itemsize) view_.strides = &view_.itemsize;
  other.view_.obj = nullptr;
}

ByteView OutOfBand::bytes() const { return {view_.buf, static_cast<std::size_t>(view_.len)}; }

std::string OutOfBand::format() const { return is_plain_format(view_.format) ? view_.format : ""; }

std::vector<std::uint64_t> OutOfBand::shape() const {
  if (format().empty() || !view_.shape) return {static_cast<std::uint64_t>(view_.len)};
  return {view_.shape, view_.shape + view_.ndim};
}

std::uint64_t Pickled::stream_bytes() const {
  std::uint64_t total = 0;
  for (const ByteView& piece : stream) total += piece.size;
  return total;
}

}  // namespace chkpt::heap
