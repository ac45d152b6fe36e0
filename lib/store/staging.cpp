// SPDX-License-Identifier: BSD-3-Clause
#include "store/staging.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "store/element.hpp"
#include "store/h5/layout.hpp"
#include "store/index.hpp"
#include "store/little_endian.hpp"

namespace chkpt::store {
namespace {

constexpr std::size_t kDatasetFrom = 64 << 10;  // smaller buffers share /packed
constexpr std::uint64_t kBufferAlignment = 64;  // in the file, hence in memory when read back
constexpr std::size_t kGrowthStep = std::size_t{2} << 20;

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

// The one buffer kept warm between snapshots.
class StagingCache {
 public:
  AnonymousMemory take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (kept_.size() >= size) return std::exchange(kept_, AnonymousMemory());
    kept_ = AnonymousMemory();  // given back first: two of them may not fit
    return AnonymousMemory(round_up(size + size / 8, kGrowthStep));
  }
  void give_back(AnonymousMemory memory) {
    const std::lock_guard lock(mutex_);
    if (memory.size() > kept_.size()) kept_ = std::move(memory);
  }
  void release() {
    const std::lock_guard lock(mutex_);
    kept_ = AnonymousMemory();
  }

 private:
  std::mutex mutex_;
  AnonymousMemory kept_;
};

// Never destroyed: a Staged may outlive static objects when the process ends.
StagingCache& staging_cache() {
  static auto* const cache = new StagingCache;
  return *cache;
}

struct Piece {
  std::uint64_t offset;
  ByteView bytes;
};

h5::DatasetPlan plan_dataset(std::size_t number, const BufferView& buffer) {
  const auto element = parse_element(buffer.format);
  if (element && buffer.shape.size() <= kIndexMaxDimensions &&
      fits(*element, buffer.shape, buffer.bytes.size)) {
    return {number, *element, buffer.shape};
  }
  return {number, Element{}, {buffer.bytes.size}};
}

bool is_dataset(const BufferView& buffer) { return buffer.bytes.size >= kDatasetFrom; }

std::uint64_t packed_size(const std::vector<BufferView>& buffers) {
  std::uint64_t sum = 0;
  for (const BufferView& buffer : buffers) {
    if (!is_dataset(buffer)) sum += round_up(buffer.bytes.size, kBufferAlignment);
  }
  // libhdf5 chooses where /packed begins; the slack aligns its first buffer.
  return sum == 0 ? 0 : sum + kBufferAlignment - 1;
}

h5::LayoutPlan plan_layout(const RankImage& image) {
  h5::LayoutPlan plan;
  plan.id = image.id;
  plan.meta_size = image.meta_json.size();
  plan.mpi_size = image.mpi.size;
  plan.packed_size = packed_size(image.buffers);
  for (const ByteView piece : image.pickle) plan.pickle_size += piece.size;
  plan.buffer_count = image.buffers.size();
  for (std::size_t i = 0; i < image.buffers.size(); ++i) {
    if (is_dataset(image.buffers[i])) plan.datasets.push_back(plan_dataset(i, image.buffers[i]));
  }
  return plan;
}

// Everything that is not libhdf5's metadata, by ascending offset. `index` is filled here.
std::vector<Piece> place_pieces(const RankImage& image, const h5::Layout& layout, Bytes* index) {
  std::vector<Piece> pieces;
  index->assign(image.buffers.size() * kIndexRecordSize, 0);
  std::uint64_t packed_at = round_up(layout.packed.offset, kBufferAlignment);
  std::size_t next_dataset = 0;
  for (std::size_t i = 0; i < image.buffers.size(); ++i) {
    const BufferView& buffer = image.buffers[i];
    const bool own = is_dataset(buffer);
    const std::uint64_t offset = own ? layout.dataset_offsets.at(next_dataset++) : packed_at;
    if (!own) packed_at += round_up(buffer.bytes.size, kBufferAlignment);
    if (offset % kBufferAlignment != 0) throw Error("HDF5 placed a dataset off its alignment");
    encode_index_record(buffer, offset, own, index->data() + i * kIndexRecordSize);
    pieces.push_back({offset, buffer.bytes});
  }
  pieces.push_back({layout.meta.offset, ByteView(image.meta_json)});
  pieces.push_back({layout.mpi.offset, image.mpi});
  pieces.push_back({layout.index.offset, *index});
  std::uint64_t pickle_at = layout.pickle.offset;
  for (const ByteView piece : image.pickle) {
    pieces.push_back({pickle_at, piece});
    pickle_at += piece.size;
  }
  pieces.erase(std::remove_if(pieces.begin(), pieces.end(),
                              [](const Piece& piece) { return piece.bytes.size == 0; }),
               pieces.end());
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  return pieces;
}

// The memory is warm and therefore full of an older image: what no piece covers becomes zero, then
// libhdf5's pages go in, then the pieces, which may share a page with metadata.
void fill(std::uint8_t* to, std::uint64_t size, const h5::Layout& layout,
          const std::vector<Piece>& pieces) {
  std::uint64_t end = 0;
  for (const Piece& piece : pieces) {
    if (piece.offset < end || piece.offset > size || piece.bytes.size > size - piece.offset) {
      throw Error("HDF5 laid out overlapping datasets");
    }
    std::memset(to + end, 0, piece.offset - end);
    end = piece.offset + piece.bytes.size;
  }
  std::memset(to + end, 0, size - end);
  for (const auto& [number, page] : layout.metadata.pages()) {
    std::copy(page.begin(), page.end(), to + number * h5::SparseImage::kPageSize);
  }
  for (const Piece& piece : pieces) {
    std::memcpy(to + piece.offset, piece.bytes.data, piece.bytes.size);
  }
}

// Equal for images whose pieces have the same places and sizes; their changed blocks can be
// exchanged one by one.
Hash128 hash_layout(const std::vector<Piece>& pieces) {
  Hasher hasher;
  for (const Piece& piece : pieces) {
    std::uint8_t place[16];
    put_number(place, piece.offset);
    put_number<std::uint64_t>(place + 8, piece.bytes.size);
    hasher.add({place, sizeof place});
  }
  return hasher.digest();
}

void require_valid(const Identity& id) {
  if (!is_valid_run_id(id.run_id)) throw Error("not a valid run id: '" + id.run_id + "'");
  if (id.nranks < 1 || id.rank < 0 || id.rank >= id.nranks) throw Error("not a valid rank");
}

}  // namespace

Staged::Staged(AnonymousMemory memory, Footer footer)
    : memory_(std::move(memory)), footer_(std::move(footer)) {}

Staged::~Staged() {
  if (memory_.size() > 0) staging_cache().give_back(std::move(memory_));
}

Staged stage(const RankImage& image) {
  require_valid(image.id);
  const h5::Layout layout = h5::lay_out(plan_layout(image));
  Bytes index;
  const std::vector<Piece> pieces = place_pieces(image, layout, &index);
  Footer footer;
  footer.id = image.id;
  footer.data_size = round_up(layout.metadata.end(), kPage);
  footer.buffer_count = image.buffers.size();
  footer.meta = layout.meta;
  footer.pickle = layout.pickle;
  footer.index = layout.index;
  footer.packed = layout.packed;
  footer.mpi = layout.mpi;
  footer.layout_hash = hash_layout(pieces);
  AnonymousMemory memory = staging_cache().take(footer.data_size);
  fill(memory.data(), footer.data_size, layout, pieces);
  return {std::move(memory), std::move(footer)};
}

void release_staging_memory() { staging_cache().release(); }

}  // namespace chkpt::store
