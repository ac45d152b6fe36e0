// SPDX-License-Identifier: BSD-3-Clause
// One rank's verified file, scanned: its facts, its pickle graph and the program state in it.
// Everything refers into the file's memory, which this object owns.
#pragma once

#include <memory>

#include "inspect/pickle_scanner.hpp"
#include "inspect/program_state.hpp"
#include "inspect/python_objects.hpp"
#include "inspect/rank_facts.hpp"
#include "inspect/target.hpp"
#include "store/rank_file.hpp"

namespace chkpt::inspect {

class RankContents {
 public:
  // Throws FormatError or IoError; nothing is parsed before it was verified.
  static RankContents load(const Target& target, const store::SnapshotRef& snapshot, int rank);

  int rank() const { return file_.id().rank; }
  const store::RankFile& file() const { return file_; }
  const RankFacts& facts() const { return facts_; }
  const PythonObjects& objects() const { return *objects_; }
  const ProgramState& state() const { return state_; }

 private:
  RankContents(store::RankFile file, const std::string& what);

  store::RankFile file_;
  RankFacts facts_;
  std::unique_ptr<ScannedPickle> scanned_;
  std::unique_ptr<PythonObjects> objects_;
  ProgramState state_;
};

}  // namespace chkpt::inspect
