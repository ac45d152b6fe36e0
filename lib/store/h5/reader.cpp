// SPDX-License-Identifier: BSD-3-Clause
#include "store/h5/reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/h5/memory_driver.hpp"
#include "store/h5/types.hpp"

namespace chkpt::store::h5 {
namespace {

constexpr int kDeepestGroup = 8;
constexpr std::size_t kMostObjects = 4'000'000;
constexpr std::size_t kLongestText = 4096;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw FormatError(path + ": " + why);
}

herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* out) {
  try {
    // A soft or external link could lead anywhere; rank files have none.
    static_cast<std::vector<std::pair<std::string, bool>>*>(out)->emplace_back(
        name, info->type == H5L_TYPE_HARD);
    return 0;
  } catch (...) {
    return -1;
  }
}

std::vector<std::pair<std::string, bool>> links_of(hid_t group) {
  std::vector<std::pair<std::string, bool>> links;
  hsize_t position = 0;
  check_status(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, collect_link, &links),
               "list a group");
  return links;
}

void require_plain_storage(hid_t dataset, const std::string& path) {
  const Properties creation(H5Dget_create_plist(dataset), "read a dataset's properties");
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) {
    refuse(path, "chunked or virtual storage, which rank files never have");
  }
  if (H5Pget_nfilters(creation.get()) != 0) refuse(path, "filtered, which rank files never are");
  if (H5Pget_external_count(creation.get()) != 0) refuse(path, "stored in another file");
}

std::vector<std::uint64_t> shape_of(hid_t dataset) {
  const Space space(H5Dget_space(dataset), "read a shape");
  hsize_t extents[H5S_MAX_RANK];
  const int rank = H5Sget_simple_extent_dims(space.get(), extents, nullptr);
  check_status(rank, "read a shape");
  return {extents, extents + rank};
}

DatasetInfo read_dataset(hid_t dataset, const std::string& path, std::uint64_t file_size) {
  require_plain_storage(dataset, path);
  DatasetInfo info;
  info.path = path;
  const Type type(H5Dget_type(dataset), "read a type");
  info.type = describe_type(type.get());
  info.shape = shape_of(dataset);
  info.size_bytes = H5Dget_storage_size(dataset);
  const haddr_t offset = H5Dget_offset(dataset);
  info.offset = offset == HADDR_UNDEF ? 0 : offset;
  if (info.offset > file_size || info.size_bytes > file_size - info.offset) {
    refuse(path, "lies outside the file");
  }
  return info;
}

struct Walk {
  std::vector<DatasetInfo>& datasets;
  std::uint64_t file_size;
  std::size_t objects = 0;

  void visit(hid_t group, const std::string& prefix, int depth) {
    if (depth > kDeepestGroup) refuse(prefix, "nested too deeply");
    for (const auto& [name, is_hard] : links_of(group)) {
      const std::string path = prefix + "/" + name;
      if (!is_hard) refuse(path, "a soft or external link, which rank files never have");
      if (++objects > kMostObjects) refuse(path, "too many objects");
      const Object object(H5Oopen(group, name.c_str(), H5P_DEFAULT), "open an object");
      const H5I_type_t kind = H5Iget_type(object.get());
      if (kind == H5I_GROUP) {
        visit(object.get(), path, depth + 1);
      } else if (kind == H5I_DATASET) {
        datasets.push_back(read_dataset(object.get(), path, file_size));
      } else {
        refuse(path, "neither a group nor a dataset");
      }
    }
  }
};

std::string read_value(hid_t attribute, const std::string& name) {
  const Type type(H5Aget_type(attribute), "read a type");
  const Space space(H5Aget_space(attribute), "read a shape");
  if (H5Sget_simple_extent_npoints(space.get()) != 1) refuse(name, "attribute with many values");
  const H5T_class_t kind = H5Tget_class(type.get());
  if (kind == H5T_INTEGER) {
    const bool is_unsigned = H5Tget_sign(type.get()) == H5T_SGN_NONE;
    std::uint64_t value = 0;
    check_status(H5Aread(attribute, is_unsigned ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, &value),
                 "read an attribute");
    return is_unsigned ? std::to_string(value) : std::to_string(static_cast<std::int64_t>(value));
  }
  const std::size_t size = H5Tget_size(type.get());
  if (kind != H5T_STRING || H5Tis_variable_str(type.get()) != 0 || size > kLongestText) {
    refuse(name, "attribute of a type that rank files never have");
  }
  std::string text(size, '\0');
  check_status(H5Aread(attribute, type.get(), text.data()), "read an attribute");
  text.resize(std::min(text.find('\0'), size));
  return text;
}

herr_t collect_name(hid_t, const char* name, const H5A_info_t*, void* out) {
  try {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  } catch (...) {
    return -1;
  }
}

std::vector<AttributeInfo> attributes_of(hid_t object) {
  std::vector<std::string> names;
  hsize_t position = 0;
  check_status(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, collect_name, &names),
               "list attributes");
  std::vector<AttributeInfo> attributes;
  for (const std::string& name : names) {
    const Attribute attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), "open an attribute");
    attributes.push_back({name, read_value(attribute.get(), name)});
  }
  return attributes;
}

}  // namespace

Reader::Reader(ByteView bytes) {
  try {
    const Session session;
    const Properties access = access_to_read(bytes);
    const File file(H5Fopen("rank", H5F_ACC_RDONLY, access.get()), "open the file");
    const Group root(H5Gopen2(file.get(), "/", H5P_DEFAULT), "open the root group");
    attributes_ = attributes_of(root.get());
    Walk{datasets_, bytes.size}.visit(root.get(), "", 0);
  } catch (const FormatError&) {
    throw;
  } catch (const Error& error) {
    throw FormatError(error.what());
  }
  std::sort(datasets_.begin(), datasets_.end(),
            [](const DatasetInfo& a, const DatasetInfo& b) { return a.path < b.path; });
}

}  // namespace chkpt::store::h5
