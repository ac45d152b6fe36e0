// SPDX-License-Identifier: BSD-3-Clause
// The commit record of a snapshot: a short text that lists every rank file with its size and root
// hash and ends with the hash of itself. A snapshot exists exactly when its MANIFEST does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/rank_image.hpp"

namespace chkpt::store {

constexpr char kManifestName[] = "MANIFEST";
constexpr std::uint32_t kManifestVersion = 1;

struct Manifest {
  std::uint32_t version = kManifestVersion;
  std::string run_id;
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;  // which incarnation of the run wrote it; set by commit()
  int nranks = 0;
  std::int64_t created_unix_ns = 0;
  std::map<std::string, std::string> facts;  // key [A-Za-z0-9._-]+ -> any text; shown, never needed
  std::vector<RankFileInfo> files;           // by rank

  std::uint64_t total_size() const;
};

std::string format_manifest(const Manifest& manifest);

// Accepts exactly what format_manifest() writes. Throws FormatError "<path>: ...".
Manifest parse_manifest(std::string_view text, const std::string& path);

}  // namespace chkpt::store
