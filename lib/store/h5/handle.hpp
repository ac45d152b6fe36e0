// SPDX-License-Identifier: BSD-3-Clause
// Handles of libhdf5: raw call -> checked() -> Handle. A Session at the top of every entry point
// silences the library's own error printing for the calling thread; errors become exceptions.
#pragma once

#include <string>
#include <utility>

#include <hdf5.h>

namespace chkpt::store::h5 {

// Starts the library once (no exit handler, no plugins) and keeps it quiet in this thread.
class Session {
 public:
  Session();
};

// Throws Error "HDF5: cannot <action>: <innermost reason>" for a negative result.
hid_t checked(hid_t result, const char* action);
void check_status(herr_t result, const char* action);

template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, const char* action) : id_(checked(id, action)) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) Close(id_);
  }

  hid_t get() const { return id_; }
  void close(const char* action) { check_status(Close(std::exchange(id_, -1)), action); }

 private:
  hid_t id_ = -1;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Object = Handle<H5Oclose>;
using Dataset = Handle<H5Dclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Properties = Handle<H5Pclose>;
using Attribute = Handle<H5Aclose>;

}  // namespace chkpt::store::h5
