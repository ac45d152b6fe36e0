// SPDX-License-Identifier: BSD-3-Clause
#include "store/h5/types.hpp"

#include <memory>

#include "base/error.hpp"
#include "store/footer.hpp"
#include "store/index.hpp"

namespace chkpt::store::h5 {
namespace {

using Kind = Element::Kind;

Type copy_type(hid_t type) { return {H5Tcopy(type), "copy a type"}; }

Type integer_type(const Element& element) {
  Type type = copy_type(element.kind == Kind::kUnsigned ? H5T_STD_U8LE : H5T_STD_I8LE);
  check_status(H5Tset_size(type.get(), element.size), "size a type");
  check_status(H5Tset_order(type.get(), element.big_endian ? H5T_ORDER_BE : H5T_ORDER_LE),
               "order a type");
  return type;
}

// As numpy's float16: 1 sign, 5 exponent and 10 mantissa bits.
Type half_type() {
  Type type = copy_type(H5T_IEEE_F32LE);
  check_status(H5Tset_fields(type.get(), 15, 10, 5, 0, 10), "lay out a half");
  check_status(H5Tset_size(type.get(), 2), "size a half");
  check_status(H5Tset_ebias(type.get(), 15), "bias a half");
  return type;
}

Type float_type(std::uint32_t size, bool big_endian) {
  Type type = size == 2   ? half_type()
              : size == 4 ? copy_type(H5T_IEEE_F32LE)
                          : copy_type(H5T_IEEE_F64LE);
  if (big_endian) check_status(H5Tset_order(type.get(), H5T_ORDER_BE), "order a type");
  return type;
}

Type complex_type(const Element& element) {
  const std::uint32_t half = element.size / 2;
  const Type part = float_type(half, element.big_endian);
  Type type(H5Tcreate(H5T_COMPOUND, element.size), "make a complex type");
  check_status(H5Tinsert(type.get(), "r", 0, part.get()), "add the real part");
  check_status(H5Tinsert(type.get(), "i", half, part.get()), "add the imaginary part");
  return type;
}

Type bool_type() {
  Type type(H5Tenum_create(H5T_STD_I8LE), "make a bool type");
  std::int8_t value = 0;
  check_status(H5Tenum_insert(type.get(), "FALSE", &value), "add FALSE");
  value = 1;
  check_status(H5Tenum_insert(type.get(), "TRUE", &value), "add TRUE");
  return type;
}

void insert_field(const Type& record, const char* name, std::size_t at, hid_t type) {
  check_status(H5Tinsert(record.get(), name, at, type), "add a field of the index");
}

std::string member_name(hid_t type, unsigned member) {
  const std::unique_ptr<char, decltype(&H5free_memory)> name(H5Tget_member_name(type, member),
                                                             &H5free_memory);
  return name ? name.get() : "";
}

std::string describe_compound(hid_t type) {
  const int members = H5Tget_nmembers(type);
  std::string text;
  for (int i = 0; i < members; ++i) {
    const Type member(H5Tget_member_type(type, static_cast<unsigned>(i)), "read a type");
    const std::string name = member_name(type, static_cast<unsigned>(i));
    const std::string what = describe_type(member.get());
    if (members == 2 && i == 1 && name == "i" && text == "r: " + what && what[0] == 'f') {
      const std::string order =
          what.find(' ') == std::string::npos ? "" : what.substr(what.find(' '));
      return "complex" + std::to_string(H5Tget_size(type) * 8) + order;
    }
    text += (i > 0 ? ", " : "") + name + ": " + what;
  }
  return "{" + text + "}";
}

std::string describe_enum(hid_t type) {
  if (H5Tget_nmembers(type) == 2 && member_name(type, 0) == "FALSE" &&
      member_name(type, 1) == "TRUE") {
    return "bool";
  }
  return "enumeration";
}

std::string describe_array(hid_t type) {
  const Type base(H5Tget_super(type), "read a type");
  hsize_t extents[H5S_MAX_RANK];
  const int rank = H5Tget_array_dims2(type, extents);
  check_status(rank, "read a type");
  std::string text = describe_type(base.get()) + "[";
  for (int i = 0; i < rank; ++i) text += (i > 0 ? "," : "") + std::to_string(extents[i]);
  return text + "]";
}

std::string describe_number(hid_t type, Kind kind) {
  const Element element{kind, static_cast<std::uint32_t>(H5Tget_size(type)),
                        H5Tget_order(type) == H5T_ORDER_BE};
  return element.name();
}

}  // namespace

Type make_type(const Element& element) {
  switch (element.kind) {
    case Kind::kFloat:
      return float_type(element.size, element.big_endian);
    case Kind::kComplex:
      return complex_type(element);
    case Kind::kBool:
      return bool_type();
    case Kind::kSigned:
    case Kind::kUnsigned:
      break;
  }
  return integer_type(element);
}

Type make_text_type(std::size_t width) {
  Type type = copy_type(H5T_C_S1);
  check_status(H5Tset_size(type.get(), width), "size a text");
  check_status(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "pad a text");
  return type;
}

Type make_index_type() {
  Type record(H5Tcreate(H5T_COMPOUND, kIndexRecordSize), "make the index type");
  const Type text = make_text_type(kIndexFormatWidth);
  const hsize_t extents = kIndexMaxDimensions;
  const Type shape(H5Tarray_create2(H5T_STD_U64LE, 1, &extents), "make the shape type");
  insert_field(record, "where", kIndexAtWhere, H5T_STD_U8LE);
  insert_field(record, "flags", kIndexAtFlags, H5T_STD_U8LE);
  insert_field(record, "ndim", kIndexAtDimensions, H5T_STD_U8LE);
  insert_field(record, "offset", kIndexAtOffset, H5T_STD_U64LE);
  insert_field(record, "length", kIndexAtLength, H5T_STD_U64LE);
  insert_field(record, "format", kIndexAtFormat, text.get());
  insert_field(record, "shape", kIndexAtShape, shape.get());
  return record;
}

std::string describe_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return describe_number(type,
                             H5Tget_sign(type) == H5T_SGN_NONE ? Kind::kUnsigned : Kind::kSigned);
    case H5T_FLOAT:
      return describe_number(type, Kind::kFloat);
    case H5T_ENUM:
      return describe_enum(type);
    case H5T_COMPOUND:
      return describe_compound(type);
    case H5T_ARRAY:
      return describe_array(type);
    case H5T_STRING:
      if (H5Tis_variable_str(type) > 0) break;
      return "text[" + std::to_string(H5Tget_size(type)) + "]";
    default:
      break;
  }
  throw FormatError("a type that rank files never contain (variable length, reference or opaque)");
}

}  // namespace chkpt::store::h5
