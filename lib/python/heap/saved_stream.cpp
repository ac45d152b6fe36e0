// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/saved_stream.hpp"

#include <algorithm>
#include <cstring>

namespace chkpt::heap {

Py_ssize_t SavedStream::read_into(char* place, Py_ssize_t size) {
  Py_ssize_t done = 0;
  while (done < size && piece_ < pieces_.size()) {
    const ByteView& piece = pieces_[piece_];
    const std::size_t part = std::min(static_cast<std::size_t>(size - done), piece.size - offset_);
    std::memcpy(place + done, piece.data + offset_, part);
    done += static_cast<Py_ssize_t>(part);
    offset_ += part;
    if (offset_ == piece.size) {
      ++piece_;
      offset_ = 0;
    }
  }
  return done;
}

PyObject* SavedStream::read(Py_ssize_t size) {
  std::size_t rest = 0;
  for (std::size_t i = piece_; i < pieces_.size(); ++i) rest += pieces_[i].size;
  rest -= offset_;
  if (size < 0 || static_cast<std::size_t>(size) > rest) size = static_cast<Py_ssize_t>(rest);
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, size);
  if (bytes) read_into(PyBytes_AS_STRING(bytes), size);
  return bytes;
}

PyObject* SavedStream::read_line() {
  std::string line;
  char c = 0;
  while (read_into(&c, 1) == 1) {
    line += c;
    if (c == '\n') break;
  }
  return PyBytes_FromStringAndSize(line.data(), static_cast<Py_ssize_t>(line.size()));
}

}  // namespace chkpt::heap
