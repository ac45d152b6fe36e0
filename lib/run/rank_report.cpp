// SPDX-License-Identifier: BSD-3-Clause
#include "run/rank_report.hpp"

#include <sstream>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace chkpt::run {
namespace {

store::RankFileInfo parse_payload(const std::string& payload) {
  std::istringstream words(payload);
  store::RankFileInfo file;
  std::string root;
  words >> file.name >> file.size >> root;
  const auto hash = Hash128::from_hex(root);
  if (!words || !hash) throw FormatError("a rank sent an unreadable report: " + payload);
  file.root = *hash;
  return file;
}

}  // namespace

std::string report_payload(const store::RankFileInfo& file) {
  return file.name + " " + std::to_string(file.size) + " " + file.root.hex();
}

std::vector<store::RankFileInfo> reported_files(const std::vector<cut::Report>& reports) {
  std::vector<store::RankFileInfo> files;
  files.reserve(reports.size());
  for (const cut::Report& report : reports) files.push_back(parse_payload(report.payload));
  return files;
}

}  // namespace chkpt::run
