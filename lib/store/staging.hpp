// SPDX-License-Identifier: BSD-3-Clause
// Staging: a rank's whole file image in memory of our own. stage() is the part the rank waits for
// (layout by HDF5's memory driver, then one copy); from then on the script may run, and neither
// Python nor MPI nor HDF5 is needed to write the file.
#pragma once

#include <cstdint>

#include "base/anonymous_memory.hpp"
#include "store/footer.hpp"
#include "store/rank_image.hpp"

namespace chkpt::store {

// Owns the bytes [0, data_size) of a rank file; the footer's hashes are made while writing.
// Its memory goes back to a one-buffer cache, because first touch costs several times a warm copy.
class Staged {
 public:
  Staged(AnonymousMemory memory, Footer footer);
  Staged(Staged&&) noexcept = default;
  Staged& operator=(Staged&&) noexcept = default;
  ~Staged();

  ByteView data() const { return {memory_.data(), footer_.data_size}; }
  const Footer& footer() const { return footer_; }
  const Identity& id() const { return footer_.id; }
  std::uint64_t file_size() const { return footer_.file_size(); }

 private:
  AnonymousMemory memory_;
  Footer footer_;
};

// Throws IoError when there is no memory, Error when libhdf5 fails.
Staged stage(const RankImage& image);

// Gives the cached buffer back to the system.
void release_staging_memory();

}  // namespace chkpt::store
