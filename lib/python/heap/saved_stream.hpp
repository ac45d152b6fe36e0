// SPDX-License-Identifier: BSD-3-Clause
// The saved pickle stream, in as many pieces as it was written in, as the file that an unpickler
// reads. Needs the GIL.
#pragma once

#include "python/ref.hpp"

#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace chkpt::heap {

class SavedStream {
 public:
  explicit SavedStream(std::vector<ByteView> pieces) : pieces_(std::move(pieces)) {}

  // New references; null with an exception.
  PyObject* read(Py_ssize_t size);  // bytes; the whole rest if negative
  PyObject* read_line();
  Py_ssize_t read_into(char* place, Py_ssize_t size);  // how many bytes were left

 private:
  std::vector<ByteView> pieces_;
  std::size_t piece_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace chkpt::heap
