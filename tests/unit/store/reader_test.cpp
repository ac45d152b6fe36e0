// SPDX-License-Identifier: BSD-3-Clause
// The libhdf5 view refuses whatever a rank file never contains.
#include "store/h5/reader.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "store/h5/layout.hpp"
#include "store/h5/memory_driver.hpp"

namespace chkpt::store::h5 {
namespace {

using ::testing::HasSubstr;

// A file made by `fill` with the memory driver, as bytes.
Bytes make_file(const std::function<void(hid_t)>& fill) {
  const Session session;
  SparseImage image;
  {
    const Properties access = access_to_write(image);
    const File file(H5Fcreate("x", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "make a file");
    fill(file.get());
  }
  Bytes bytes(image.end());
  image.read(0, bytes.data(), bytes.size());
  return bytes;
}

std::string refusal(const std::function<void(hid_t)>& fill) {
  const Bytes bytes = make_file(fill);
  try {
    const Reader reader(bytes);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

void make_dataset(hid_t file, hid_t type, const Properties& creation) {
  const hsize_t extent = 16;
  const Space space(H5Screate_simple(1, &extent, nullptr), "make a shape");
  const Dataset dataset(
      H5Dcreate2(file, "x", type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      "make a dataset");
}

Properties dataset_creation() { return {H5Pcreate(H5P_DATASET_CREATE), "make properties"}; }

TEST(ReaderTest, shows_groups_datasets_and_attributes) {
  const Bytes bytes = make_master({"run", 7, 0, 2});
  EXPECT_THROW(Reader reader(bytes), FormatError);  // it has external links
  const Bytes plain = make_file([](hid_t file) {
    make_dataset(file, H5T_IEEE_F64LE, dataset_creation());
    const Space scalar(H5Screate(H5S_SCALAR), "make a scalar");
    const Attribute attribute(
        H5Acreate2(file, "answer", H5T_STD_I32BE, scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
        "make an attribute");
    const int answer = -42;
    H5Awrite(attribute.get(), H5T_NATIVE_INT, &answer);
  });
  const Reader reader(plain);
  ASSERT_EQ(reader.datasets().size(), 1U);
  EXPECT_EQ(reader.datasets()[0].type, "float64");
  ASSERT_EQ(reader.attributes().size(), 1U);
  EXPECT_EQ(reader.attributes()[0].name, "answer");
  EXPECT_EQ(reader.attributes()[0].value, "-42");
}

TEST(ReaderTest, refuses_links_that_lead_elsewhere) {
  EXPECT_THAT(refusal([](hid_t file) {
                H5Lcreate_external("/etc/passwd", "/", file, "x", H5P_DEFAULT, H5P_DEFAULT);
              }),
              HasSubstr("/x: a soft or external link"));
  EXPECT_THAT(
      refusal([](hid_t file) { H5Lcreate_soft("/y", file, "x", H5P_DEFAULT, H5P_DEFAULT); }),
      HasSubstr("/x: a soft or external link"));
}

TEST(ReaderTest, refuses_storage_elsewhere_and_filters) {
  EXPECT_THAT(refusal([](hid_t file) {
                const Properties creation = dataset_creation();
                H5Pset_external(creation.get(), "/etc/passwd", 0, 128);
                make_dataset(file, H5T_IEEE_F64LE, creation);
              }),
              HasSubstr("/x: stored in another file"));
  EXPECT_THAT(refusal([](hid_t file) {
                const Properties creation = dataset_creation();
                const hsize_t chunk = 4;
                H5Pset_chunk(creation.get(), 1, &chunk);
                H5Pset_deflate(creation.get(), 1);
                make_dataset(file, H5T_IEEE_F64LE, creation);
              }),
              HasSubstr("/x: chunked or virtual"));
  EXPECT_THAT(refusal([](hid_t file) {
                const Properties creation = dataset_creation();
                const hsize_t extent = 16;
                const Space space(H5Screate_simple(1, &extent, nullptr), "make a shape");
                H5Pset_virtual(creation.get(), space.get(), "/tmp/other.h5", "y", space.get());
                make_dataset(file, H5T_IEEE_F64LE, creation);
              }),
              HasSubstr("/x: chunked or virtual"));
}

TEST(ReaderTest, refuses_variable_length_and_reference_types) {
  EXPECT_THAT(refusal([](hid_t file) {
                const Type text(H5Tcopy(H5T_C_S1), "copy a type");
                H5Tset_size(text.get(), H5T_VARIABLE);
                make_dataset(file, text.get(), dataset_creation());
              }),
              HasSubstr("a type that rank files never contain"));
  EXPECT_THAT(refusal([](hid_t file) {
                const Type list(H5Tvlen_create(H5T_NATIVE_INT), "make a type");
                make_dataset(file, list.get(), dataset_creation());
              }),
              HasSubstr("a type that rank files never contain"));
  EXPECT_THAT(refusal([](hid_t file) { make_dataset(file, H5T_STD_REF_OBJ, dataset_creation()); }),
              HasSubstr("a type that rank files never contain"));
}

TEST(ReaderTest, survives_groups_that_contain_themselves) {
  EXPECT_THAT(refusal([](hid_t file) {
                const Group group(H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                                  "make a group");
                H5Lcreate_hard(file, "/", group.get(), "again", H5P_DEFAULT, H5P_DEFAULT);
              }),
              HasSubstr("nested too deeply"));
}

TEST(ReaderTest, refuses_what_is_no_hdf5) {
  EXPECT_THROW(Reader reader(ByteView(std::string_view("nonsense"))), FormatError);
  EXPECT_THROW(Reader reader(ByteView{}), FormatError);
}

}  // namespace
}  // namespace chkpt::store::h5
