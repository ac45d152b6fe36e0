// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzz target on mutations of its seeds: mutate_main [COUNT [SEED]]. The same arguments give
// the same inputs on every machine; when something goes wrong the number of the input is the last
// thing that was noted in the file named by CHKPT_FUZZ_LOG, if that is set.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "fuzz_target.hpp"

namespace {

using chkpt::Bytes;

class Mutator {
 public:
  Mutator(std::uint64_t seed, std::vector<Bytes> seeds) : random_(seed), seeds_(std::move(seeds)) {}

  Bytes next() {
    Bytes bytes = seeds_[below(seeds_.size())];
    for (std::size_t count = 1 + below(4); count > 0; --count) mutate(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void mutate(Bytes& bytes) {
    static constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const std::size_t at = below(bytes.size());
    const std::size_t run = std::min(bytes.size() - at, 1 + below(16));
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(run);
    switch (below(7)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 1:
        std::fill(begin, end, kEdges[below(5)]);
        break;
      case 2:
        bytes.erase(begin, end);
        break;
      case 3:
        bytes.insert(begin, 1 + below(16), static_cast<std::uint8_t>(random_()));
        break;
      case 4:
        bytes.resize(at);
        break;
      case 5: {
        const Bytes copy(begin, end);
        const std::size_t to = below(bytes.size() - copy.size() + 1);
        std::copy(copy.begin(), copy.end(), bytes.begin() + static_cast<std::ptrdiff_t>(to));
        break;
      }
      default:
        std::generate(begin, end, [this] { return static_cast<std::uint8_t>(random_()); });
    }
  }

  std::mt19937_64 random_;
  std::vector<Bytes> seeds_;
};

}  // namespace

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 1000;
  const long seed = argc > 2 ? std::atol(argv[2]) : 1;
  const char* log = std::getenv("CHKPT_FUZZ_LOG");
  std::printf("%ld mutations with seed %ld\n", count, seed);
  std::fflush(stdout);
  for (const Bytes& bytes : fuzz_seeds()) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  Mutator mutator(static_cast<std::uint64_t>(seed), fuzz_seeds());
  for (long i = 0; i < count; ++i) {
    const Bytes bytes = mutator.next();
    if (log != nullptr) {
      if (std::FILE* file = std::fopen(log, "w")) {
        std::fprintf(file, "%ld\n", i);
        std::fclose(file);
      }
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return 0;
}
