// SPDX-License-Identifier: BSD-3-Clause
// The reader of rank files: whatever it accepts must lie inside the file. Each input is tried as it
// is, and with all hashes made right again, which lets it past the first checks to the consistency
// checks of footer and index.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "fuzz_target.hpp"
#include "store/rank_file.hpp"
#include "store/staging.hpp"
#include "store/writer.hpp"

namespace {

using namespace chkpt;
using namespace chkpt::store;

// One file, written over and over; removed at exit.
class Scratch {
 public:
  Scratch() {
    const bool has_memory_disk = ::access("/dev/shm", W_OK) == 0;
    std::string name = std::string(has_memory_disk ? "/dev/shm" : "/tmp") + "/chkpt-fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~Scratch() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }
  std::string path() const { return folder_ + "/rank-00000.h5"; }
  const std::string& folder() const { return folder_; }
  void write(ByteView bytes) const {
    UniqueFd fd(::open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    write_all(fd.get(), bytes, 0, path());
  }

 private:
  std::string folder_;
};

const Scratch& scratch() {
  static const Scratch place;
  return place;
}

bool lies_inside(ByteView part, ByteView whole) {
  return part.size == 0 ||
         (part.data >= whole.data && part.size <= whole.size &&
          static_cast<std::size_t>(part.data - whole.data) <= whole.size - part.size);
}

void try_bytes(ByteView bytes) {
  scratch().write(bytes);
  try {
    RankFile file = RankFile::read_file(scratch().path());
    const ByteView all = file.file_bytes();
    bool fine = lies_inside(file.pickle(), all) && lies_inside(file.mpi(), all) &&
                lies_inside(ByteView(file.meta_json()), all) && is_valid_run_id(file.id().run_id);
    for (std::size_t i = 0; i < file.buffer_count(); ++i) {
      fine = fine && lies_inside(file.buffer(i).bytes, all);
      fine = fine && file.buffer(i).shape.size() <= 8;
    }
    if (!fine) std::abort();
  } catch (const FormatError&) {
  }
}

void put_hash(Bytes& bytes, std::size_t at, ByteView hashed) {
  const Hash128 hash = hash128(hashed);
  std::copy(hash.bytes.begin(), hash.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

// Makes the hashes of a one-block file right again: block, table, footer.
Bytes rehashed(Bytes bytes) {
  constexpr std::size_t kTail = std::size_t{2} * 4096;
  if (bytes.size() < kTail + 4096) return bytes;
  const std::size_t table = bytes.size() - kTail;
  const std::size_t footer = bytes.size() - 4096;
  put_hash(bytes, table, {bytes.data(), table});
  put_hash(bytes, footer + 112, {bytes.data() + table, 4096});
  put_hash(bytes, footer + 4080, {bytes.data() + footer, 4080});
  return bytes;
}

Bytes rank_file_bytes(std::size_t buffers) {
  static const std::vector<double> numbers(100, 1.5);
  RankImage image;
  image.id = {"fuzz", 5, 0, 1};
  image.meta_json = R"({"format":1})";
  image.pickle = {ByteView(std::string_view("\x80\x05N."))};
  image.buffers.assign(buffers, {{numbers.data(), 800}, "d", {10, 10}, false});
  const SnapshotDir target(Directory::open(scratch().folder()), "fuzz", 5);
  write_rank_file(stage(image), target);
  Bytes bytes(static_cast<std::size_t>(target.directory().stat("rank-00000.h5")->st_size));
  const UniqueFd fd = target.directory().open_file("rank-00000.h5", O_RDONLY);
  read_all(fd.get(), bytes.data(), bytes.size(), 0, "rank-00000.h5");
  ::unlink(scratch().path().c_str());
  return bytes;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  // The footer and the index are where the meaning is; short seeds of theirs get more mutations.
  return {rank_file_bytes(0), rank_file_bytes(3)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_bytes({data, size});
  const Bytes whole = rehashed(Bytes(data, data + size));
  try_bytes(whole);
  // The same change once more inside the footer and the index of a valid file.
  static const std::vector<Bytes> seeds = fuzz_seeds();
  Bytes aimed = seeds[1];
  const std::size_t footer = aimed.size() - 4096;
  const std::size_t index_at = aimed[footer + 176] + 256U * aimed[footer + 177];
  for (std::size_t i = 0; i < 3 && i < size; ++i) {
    const std::size_t at = (data[i] + 256U * data[size - 1 - i]) % 640;
    aimed[at < 256 ? footer + at : index_at + at - 256] ^=
        static_cast<std::uint8_t>(data[size / 2] | 1);
  }
  try_bytes(rehashed(aimed));
  return 0;
}
