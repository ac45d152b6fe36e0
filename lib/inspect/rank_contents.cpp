// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/rank_contents.hpp"

#include <utility>

#include "base/error.hpp"

namespace chkpt::inspect {
namespace {

std::vector<BufferFacts> buffer_facts(const store::RankFile& file) {
  std::vector<BufferFacts> out;
  out.reserve(file.buffer_count());
  for (std::size_t i = 0; i < file.buffer_count(); ++i) {
    const store::BufferView buffer = file.buffer(i);
    out.push_back({buffer.bytes.size, buffer.format, buffer.shape});
  }
  return out;
}

}  // namespace

RankContents RankContents::load(const Target& target, const store::SnapshotRef& snapshot,
                                int rank) {
  return {read_rank(target, snapshot, rank), snapshot.path + " rank " + std::to_string(rank)};
}

RankContents::RankContents(store::RankFile file, const std::string& what)
    : file_(std::move(file)), facts_(file_.meta_json(), what + " /meta") {
  try {
    scanned_ = std::make_unique<ScannedPickle>(scan_pickle(file_.pickle(), file_.buffer_count()));
  } catch (const FormatError& e) {
    throw FormatError(what + ": " + e.what());
  }
  objects_ = std::make_unique<PythonObjects>(
      scanned_->graph, deferred_pickles(scanned_->graph, scanned_->roots), buffer_facts(file_));
  state_ = read_program_state(*objects_, scanned_->roots, facts_.stack());
}

}  // namespace chkpt::inspect
