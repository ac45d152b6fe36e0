// SPDX-License-Identifier: BSD-3-Clause
// What one rank hands to the store: borrowed memory that must stay unchanged until stage() returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace chkpt::store {

constexpr std::size_t kMaxRunIdLength = 36;

// Which snapshot of which run a file belongs to.
struct Identity {
  std::string run_id;  // 1 to 36 characters of [A-Za-z0-9._-], not beginning with a dot
  std::uint64_t epoch = 0;
  int rank = 0;
  int nranks = 1;
};
bool is_valid_run_id(std::string_view text);

// One out-of-band buffer of the pickle stream. Layout is C order.
struct BufferView {
  ByteView bytes;
  std::string format;                // memoryview.format: "d", ">i", "Zd"; "" means raw bytes
  std::vector<std::uint64_t> shape;  // empty with a format: a scalar
  bool readonly = false;
};

struct RankImage {
  Identity id;
  std::string meta_json;
  std::vector<ByteView> pickle;  // consecutive pieces of the pickle stream
  std::vector<BufferView> buffers;
  ByteView mpi;  // opaque section: communicators, clocks, drained messages
};

// A finished rank file, as the MANIFEST lists it.
struct RankFileInfo {
  std::string name;  // relative to the snapshot's directory
  std::uint64_t size = 0;
  Hash128 root;  // hash of the footer: binds contents, rank, epoch and run
};

// "rank-00003.h5"; with more than 1000 ranks "part-012/rank-12345.h5".
std::string rank_file_name(int rank, int nranks);
std::string rank_subdirectory(int rank, int nranks);  // "" or "part-012"

}  // namespace chkpt::store
