// SPDX-License-Identifier: BSD-3-Clause
#include "store/h5/memory_driver.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

namespace chkpt::store::h5 {
namespace {

// Travels in the file access properties; exactly one of the two is used.
struct Target {
  SparseImage* image;
  ByteView bytes;
};

// libhdf5 requires its own part to come first.
struct OpenFile {
  H5FD_t base;
  Target target;
  haddr_t eoa;
  haddr_t eof;
};

hid_t driver_id();

OpenFile* self(H5FD_t* file) { return reinterpret_cast<OpenFile*>(file); }
const OpenFile* self(const H5FD_t* file) { return reinterpret_cast<const OpenFile*>(file); }

H5FD_t* open_file(const char*, unsigned, hid_t access, haddr_t) {
  const auto* target = static_cast<const Target*>(H5Pget_driver_info(access));
  if (target == nullptr) return nullptr;
  auto* file = new (std::nothrow) OpenFile{};
  if (file == nullptr) return nullptr;
  file->target = *target;
  file->eof = target->image == nullptr ? target->bytes.size : 0;
  return &file->base;
}

herr_t close_file(H5FD_t* file) {
  OpenFile* const f = self(file);
  if (f->target.image != nullptr) f->target.image->set_end(f->eoa);
  delete f;
  return 0;
}

int compare(const H5FD_t* a, const H5FD_t* b) {
  if (a == b) return 0;
  return std::less<const H5FD_t*>()(a, b) ? -1 : 1;
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  *flags =
      H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_eoa(const H5FD_t* file, H5FD_mem_t) { return self(file)->eoa; }
haddr_t get_eof(const H5FD_t* file, H5FD_mem_t) { return self(file)->eof; }

herr_t set_eoa(H5FD_t* file, H5FD_mem_t, haddr_t eoa) {
  self(file)->eoa = eoa;
  return 0;
}

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* out) {
  const Target& target = self(file)->target;
  if (target.image != nullptr) {
    target.image->read(address, static_cast<std::uint8_t*>(out), size);
    return 0;
  }
  if (address > target.bytes.size || size > target.bytes.size - address) return -1;
  std::memcpy(out, target.bytes.data + address, size);
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, const void* from) {
  OpenFile* const f = self(file);
  if (f->target.image == nullptr) return -1;
  try {
    f->target.image->write(address, static_cast<const std::uint8_t*>(from), size);
  } catch (const std::bad_alloc&) {
    return -1;
  }
  f->eof = std::max<haddr_t>(f->eof, address + size);
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  if (self(file)->target.image != nullptr) self(file)->eof = self(file)->eoa;
  return 0;
}

// No lock callbacks: libhdf5 then locks nothing.
H5FD_class_t describe_driver() {
  H5FD_class_t driver;
  std::memset(&driver, 0, sizeof driver);
#ifdef H5FD_CLASS_VERSION
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(513);
#endif
  driver.name = "chkpt_memory";
  driver.maxaddr = haddr_t{1} << 62;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(Target);
  driver.open = open_file;
  driver.close = close_file;
  driver.cmp = compare;
  driver.query = query;
  driver.get_eoa = get_eoa;
  driver.set_eoa = set_eoa;
  driver.get_eof = get_eof;
  driver.read = read;
  driver.write = write;
  driver.truncate = truncate;
  const H5FD_mem_t one_kind_of_free_list[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(one_kind_of_free_list), std::end(one_kind_of_free_list), driver.fl_map);
  return driver;
}

hid_t driver_id() {
  static const H5FD_class_t driver = describe_driver();
  static const hid_t id = checked(H5FDregister(&driver), "register the memory driver");
  return id;
}

Properties access_to(const Target& target) {
  Properties access(H5Pcreate(H5P_FILE_ACCESS), "make file access properties");
  check_status(H5Pset_driver(access.get(), driver_id(), &target), "choose the memory driver");
  // Metadata checksums exist from 1.8 on; a fixed upper bound keeps the bytes the same everywhere.
  check_status(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110),
               "choose the file format");
  return access;
}

}  // namespace

void SparseImage::write(std::uint64_t address, const std::uint8_t* from, std::size_t size) {
  while (size > 0) {
    const std::uint64_t inside = address % kPageSize;
    const std::size_t piece = std::min<std::uint64_t>(size, kPageSize - inside);
    Page& page = pages_.try_emplace(address / kPageSize, Page{}).first->second;
    std::copy_n(from, piece, page.begin() + static_cast<std::ptrdiff_t>(inside));
    address += piece;
    from += piece;
    size -= piece;
  }
}

void SparseImage::read(std::uint64_t address, std::uint8_t* to, std::size_t size) const {
  while (size > 0) {
    const std::uint64_t inside = address % kPageSize;
    const std::size_t piece = std::min<std::uint64_t>(size, kPageSize - inside);
    const auto page = pages_.find(address / kPageSize);
    if (page == pages_.end()) {
      std::fill_n(to, piece, std::uint8_t{0});
    } else {
      std::copy_n(page->second.begin() + static_cast<std::ptrdiff_t>(inside), piece, to);
    }
    address += piece;
    to += piece;
    size -= piece;
  }
}

Properties access_to_write(SparseImage& image) { return access_to({&image, {}}); }
Properties access_to_read(ByteView bytes) { return access_to({nullptr, bytes}); }

}  // namespace chkpt::store::h5
