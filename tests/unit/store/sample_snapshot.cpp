// SPDX-License-Identifier: BSD-3-Clause
// Writes one committed snapshot of two ranks below argv[1] with a buffer of every element type, for
// h5py_view_test.py to look at. Element i of every buffer is i % 100 (bool: i % 2, complex: minus
// that as its imaginary part).
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/run_directory.hpp"
#include "store/writer.hpp"

namespace chkpt::store {
namespace {

constexpr std::size_t kCount = std::size_t{32} * 1024 * 4;

template <typename T>
Bytes elements(const std::function<T(std::size_t)>& value) {
  Bytes bytes(kCount * sizeof(T));
  for (std::size_t i = 0; i < kCount; ++i) {
    const T element = value(i);
    std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
  }
  return bytes;
}

template <typename T>
Bytes plain() {
  return elements<T>([](std::size_t i) { return static_cast<T>(i % 100); });
}

template <typename T>
Bytes complex() {
  struct Pair {
    T real, imaginary;
  };
  return elements<Pair>([](std::size_t i) {
    return Pair{static_cast<T>(i % 100), -static_cast<T>(i % 100)};
  });
}

struct Sample {
  std::string format;
  Bytes bytes;
  std::vector<std::uint64_t> shape;
};

std::vector<Sample> samples() {
  const std::vector<std::uint64_t> grid = {32, 1024, 4};
  return {
      {"b", plain<std::int8_t>(), grid},
      {"B", plain<std::uint8_t>(), grid},
      {"h", plain<std::int16_t>(), grid},
      {"i", plain<std::int32_t>(), grid},
      {"L", plain<std::uint64_t>(), grid},
      {"l", plain<std::int64_t>(), grid},
      {">i", elements<std::uint32_t>([](std::size_t i) {
         return __builtin_bswap32(static_cast<std::uint32_t>(i % 100));
       }),
       grid},
      // Half precision: 0 and 1 have known bits.
      {"e", elements<std::uint16_t>([](std::size_t i) {
         return static_cast<std::uint16_t>(i % 2 == 0 ? 0 : 0x3c00);
       }),
       grid},
      {"f", plain<float>(), grid},
      {"<d", plain<double>(), grid},
      {"Zf", complex<float>(), grid},
      {"Zd", complex<double>(), grid},
      {"?", elements<std::uint8_t>([](std::size_t i) { return static_cast<std::uint8_t>(i % 2); }),
       grid},
      {"T{d:x:i:y:}", plain<std::uint8_t>(), {kCount / 16}},
      {"", plain<std::uint8_t>(), {}},
      {"d", Bytes(80, 0), {10}},
      {"d", plain<double>(), std::vector<std::uint64_t>{kCount / 256, 2, 2, 2, 2, 2, 2, 2, 2}},
  };
}

void write_snapshot(const std::string& path) {
  RunDirectory run = RunDirectory::open_or_create(path);
  const Generation generation = run.claim("sample");
  const SnapshotDir target = run.begin(7, "sample", 2, generation);
  const std::vector<Sample> all = samples();
  Manifest manifest;
  manifest.run_id = "sample";
  manifest.epoch = 7;
  manifest.nranks = 2;
  for (int rank = 0; rank < 2; ++rank) {
    RankImage image;
    image.id = {"sample", 7, rank, 2};
    image.meta_json = R"({"format": 1})";
    image.pickle = {ByteView(std::string_view("\x80\x05N."))};
    for (const Sample& sample : all) {
      image.buffers.push_back({sample.bytes, sample.format, sample.shape, false});
    }
    manifest.files.push_back(write_rank_file(stage(image), target));
  }
  run.commit(target, manifest, generation);
  std::printf("%s\n", target.path().c_str());
}

}  // namespace
}  // namespace chkpt::store

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    chkpt::store::write_snapshot(argv[1]);
  } catch (const chkpt::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
