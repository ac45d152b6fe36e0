// SPDX-License-Identifier: BSD-3-Clause
// The MANIFEST's parser: whatever it accepts must be canonical. Each input is tried as it is and
// with its last line replaced by the right hash, which lets it past the first check.
#include <cstdlib>

#include "base/error.hpp"
#include "fuzz_target.hpp"
#include "store/manifest.hpp"

namespace {

using namespace chkpt;
using namespace chkpt::store;

void try_text(std::string_view text) {
  try {
    const Manifest manifest = parse_manifest(text, "MANIFEST");
    if (format_manifest(manifest) != text) std::abort();
    if (manifest.files.size() != static_cast<std::size_t>(manifest.nranks)) std::abort();
  } catch (const FormatError&) {
  }
}

Bytes manifest_of(int nranks) {
  Manifest manifest;
  manifest.run_id = "run-1";
  manifest.epoch = 12;
  manifest.generation = 3;
  manifest.nranks = nranks;
  manifest.created_unix_ns = 1700000000000000000;
  manifest.facts = {{"host", "node1"}, {"script", "a%b\nc"}};
  for (int rank = 0; rank < nranks; ++rank) {
    manifest.files.push_back({rank_file_name(rank, nranks), 16384U + static_cast<unsigned>(rank),
                              hash128(ByteView(std::string_view("x")))});
  }
  const std::string text = format_manifest(manifest);
  return {text.begin(), text.end()};
}

}  // namespace

std::vector<Bytes> fuzz_seeds() { return {manifest_of(1), manifest_of(3)}; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ByteView(data, size).text();
  try_text(text);
  constexpr std::size_t kEndLine = 37;
  const std::string body(text.substr(0, size > kEndLine ? size - kEndLine : 0));
  try_text(body + "end " + hash128(ByteView(std::string_view(body))).hex() + "\n");
  return 0;
}
