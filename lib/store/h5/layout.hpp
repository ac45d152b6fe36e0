// SPDX-License-Identifier: BSD-3-Clause
// Lets libhdf5 lay out a rank file without giving it the data: every dataset is contiguous and
// allocated early, so libhdf5 tells where its bytes belong and we put them there ourselves.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/element.hpp"
#include "store/footer.hpp"
#include "store/h5/memory_driver.hpp"
#include "store/rank_image.hpp"

namespace chkpt::store::h5 {

// A buffer that gets a dataset of its own, /buffers/<number>.
struct DatasetPlan {
  std::size_t number = 0;
  Element element;  // of raw bytes when the real type has no counterpart
  std::vector<std::uint64_t> shape;
};

struct LayoutPlan {
  Identity id;
  std::uint64_t meta_size = 0, mpi_size = 0, packed_size = 0, pickle_size = 0;
  std::uint64_t buffer_count = 0;
  std::vector<DatasetPlan> datasets;
};

struct Layout {
  SparseImage metadata;
  Extent meta, mpi, index, packed, pickle;     // size 0 has offset 0
  std::vector<std::uint64_t> dataset_offsets;  // in the order of the plan
};

Layout lay_out(const LayoutPlan& plan);

// The whole file checkpoint.h5: one external link per rank, for people and viewers.
Bytes make_master(const Identity& id);

}  // namespace chkpt::store::h5
