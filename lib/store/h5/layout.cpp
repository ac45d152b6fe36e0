// SPDX-License-Identifier: BSD-3-Clause
#include "store/h5/layout.hpp"

#include <cstdio>
#include <string>

#include "base/error.hpp"
#include "store/h5/types.hpp"

namespace chkpt::store::h5 {
namespace {

constexpr hsize_t kAlignFrom = 64 << 10;  // datasets of this size and more start at a page
constexpr hsize_t kAlignment = 4096;
constexpr hsize_t kMetadataBlock = 4096;  // small files stay small
constexpr std::size_t kFormatTextWidth = 16;

Properties without_times(hid_t kind) {
  Properties properties(H5Pcreate(kind), "make creation properties");
  // Times would make the bytes of equal snapshots differ.
  check_status(H5Pset_obj_track_times(properties.get(), false), "leave out times");
  return properties;
}

File create_file(SparseImage& image) {
  const Properties access = access_to_write(image);
  check_status(H5Pset_alignment(access.get(), kAlignFrom, kAlignment), "align datasets");
  check_status(H5Pset_meta_block_size(access.get(), kMetadataBlock), "size metadata blocks");
  const Properties creation = without_times(H5P_FILE_CREATE);
  return {H5Fcreate("rank", H5F_ACC_TRUNC, creation.get(), access.get()), "lay out a file"};
}

Group create_group(const File& file, const char* name) {
  const Properties creation = without_times(H5P_GROUP_CREATE);
  return {H5Gcreate2(file.get(), name, H5P_DEFAULT, creation.get(), H5P_DEFAULT), "make a group"};
}

void write_attribute(const File& file, const char* name, const Type& type, const void* value) {
  const Space scalar(H5Screate(H5S_SCALAR), "make a scalar");
  const Attribute attribute(
      H5Acreate2(file.get(), name, type.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
      "make an attribute");
  check_status(H5Awrite(attribute.get(), type.get(), value), "write an attribute");
}

template <typename T>
void write_number(const File& file, const char* name, T value) {
  const Type type(H5Tcopy(sizeof(T) == 4 ? H5T_NATIVE_UINT32 : H5T_NATIVE_UINT64), "copy a type");
  write_attribute(file, name, type, &value);
}

void write_text(const File& file, const char* name, std::size_t width, std::string text) {
  text.resize(width, '\0');
  write_attribute(file, name, make_text_type(width), text.data());
}

void write_identity(const File& file, const Identity& id, bool with_rank) {
  write_text(file, "chkpt_format", kFormatTextWidth, "chkpt-mpi");
  write_number<std::uint32_t>(file, "format_version", kFormatVersion);
  write_text(file, "run_id", kMaxRunIdLength, id.run_id);
  write_number<std::uint64_t>(file, "epoch", id.epoch);
  if (with_rank) write_number(file, "rank", static_cast<std::uint32_t>(id.rank));
  write_number(file, "nranks", static_cast<std::uint32_t>(id.nranks));
}

// Makes datasets and tells where libhdf5 put them.
class Allocator {
 public:
  Allocator() : creation_(without_times(H5P_DATASET_CREATE)) {
    check_status(H5Pset_layout(creation_.get(), H5D_CONTIGUOUS), "choose the layout");
    check_status(H5Pset_alloc_time(creation_.get(), H5D_ALLOC_TIME_EARLY), "allocate early");
    check_status(H5Pset_fill_time(creation_.get(), H5D_FILL_TIME_NEVER), "leave out filling");
  }

  std::uint64_t make(hid_t place, const char* name, const Type& type,
                     const std::vector<std::uint64_t>& shape) const {
    const std::vector<hsize_t> extents(shape.begin(), shape.end());
    const Space space(
        shape.empty() ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
        "make a shape");
    const Dataset dataset(
        H5Dcreate2(place, name, type.get(), space.get(), H5P_DEFAULT, creation_.get(), H5P_DEFAULT),
        "make a dataset");
    const haddr_t offset = H5Dget_offset(dataset.get());
    if (offset == HADDR_UNDEF) throw Error(std::string("HDF5: no place for dataset ") + name);
    return offset;
  }

  Extent make_section(const File& file, const char* name, const Type& type, std::uint64_t count,
                      std::uint64_t size) const {
    if (count > 0) return {make(file.get(), name, type, {count}), size};
    make_empty(file, name, type);
    return {};
  }

 private:
  // libhdf5 gives no place to an empty dataset.
  void make_empty(const File& file, const char* name, const Type& type) const {
    const hsize_t none = 0;
    const Space space(H5Screate_simple(1, &none, nullptr), "make a shape");
    const Dataset dataset(H5Dcreate2(file.get(), name, type.get(), space.get(), H5P_DEFAULT,
                                     creation_.get(), H5P_DEFAULT),
                          "make a dataset");
  }

  Properties creation_;
};

}  // namespace

Layout lay_out(const LayoutPlan& plan) {
  const Session session;
  Layout layout;
  File file = create_file(layout.metadata);
  write_identity(file, plan.id, true);
  const Allocator allocator;
  const Type byte = make_type(Element{});
  const Type record = make_index_type();
  const auto bytes = [&](const char* name, std::uint64_t size) {
    return allocator.make_section(file, name, byte, size, size);
  };
  layout.meta = bytes("meta", plan.meta_size);
  layout.mpi = bytes("mpi", plan.mpi_size);
  layout.index = allocator.make_section(file, "index", record, plan.buffer_count,
                                        plan.buffer_count * kIndexRecordSize);
  layout.packed = bytes("packed", plan.packed_size);
  Group buffers = create_group(file, "buffers");
  for (const DatasetPlan& dataset : plan.datasets) {
    char name[32];
    std::snprintf(name, sizeof name, "%06zu", dataset.number);
    layout.dataset_offsets.push_back(
        allocator.make(buffers.get(), name, make_type(dataset.element), dataset.shape));
  }
  layout.pickle = bytes("pickle", plan.pickle_size);
  buffers.close("close a group");
  file.close("finish a layout");
  return layout;
}

Bytes make_master(const Identity& id) {
  const Session session;
  SparseImage image;
  File file = create_file(image);
  write_identity(file, id, false);
  Group ranks = create_group(file, "rank");
  for (int rank = 0; rank < id.nranks; ++rank) {
    char name[32];
    std::snprintf(name, sizeof name, "%05d", rank);
    check_status(H5Lcreate_external(rank_file_name(rank, id.nranks).c_str(), "/", ranks.get(), name,
                                    H5P_DEFAULT, H5P_DEFAULT),
                 "link a rank file");
  }
  ranks.close("close a group");
  file.close("finish the master file");
  Bytes bytes(image.end());
  image.read(0, bytes.data(), bytes.size());
  return bytes;
}

}  // namespace chkpt::store::h5
