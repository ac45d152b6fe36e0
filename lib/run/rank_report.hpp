// SPDX-License-Identifier: BSD-3-Clause
// What the ranks tell rank 0 of the files they have written, for the manifest.
#pragma once

#include <string>
#include <vector>

#include "cut/agent.hpp"
#include "store/rank_image.hpp"

namespace chkpt::run {

// The payload of a write report: how the MANIFEST will list the file.
std::string report_payload(const store::RankFileInfo& file);

// The files of all ranks, from their reports by rank. Throws FormatError.
std::vector<store::RankFileInfo> reported_files(const std::vector<cut::Report>& reports);

}  // namespace chkpt::run
