// SPDX-License-Identifier: BSD-3-Clause
// What a save gives: a pickle stream, and buffers beside it.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace chkpt::heap {

// A buffer pickled out of band (protocol 5): still the script's own memory, so it must be copied
// before the script runs on. Needs the GIL to be destroyed.
class OutOfBand {
 public:
  explicit OutOfBand(PyObject* exporter);  // throws PythonError
  ~OutOfBand();
  OutOfBand(OutOfBand&& other) noexcept;
  OutOfBand& operator=(OutOfBand&&) = delete;
  OutOfBand(const OutOfBand&) = delete;

  ByteView bytes() const;
  std::string format() const;  // struct-module code of one element; "" for raw bytes
  std::vector<std::uint64_t> shape() const;
  bool readonly() const { return view_.readonly != 0; }

 private:
  Py_buffer view_;
};

// Needs the GIL to be destroyed.
struct Pickled {
  std::vector<ByteView> stream;  // consecutive pieces, in memory that `chunks` and `held` own
  std::vector<OutOfBand> buffers;
  std::vector<std::string> by_value_modules;
  std::vector<std::string> imported_modules;
  std::vector<Bytes> chunks;
  std::vector<Ref> held;

  std::uint64_t stream_bytes() const;
};

}  // namespace chkpt::heap
