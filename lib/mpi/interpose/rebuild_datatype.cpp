// SPDX-License-Identifier: BSD-3-Clause
// The constructors below take their arguments in exactly the order in which
// MPI_Type_get_contents returns them (MPI-3.1, section 4.1.13).
#include "mpi/interpose/rebuild_datatype.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "mpi/interpose/absolute_addresses.hpp"
#include "mpi/interpose/predefined_datatype.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

struct Contents {
  int combiner = MPI_COMBINER_NAMED;
  std::vector<int> integers;
  std::vector<MPI_Aint> addresses;
  std::vector<MPI_Datatype> types;
};

int combiner_of(MPI_Datatype type) {
  int integers = 0, addresses = 0, types = 0, combiner = MPI_COMBINER_NAMED;
  check(PMPI_Type_get_envelope(type, &integers, &addresses, &types, &combiner),
        "MPI_Type_get_envelope");
  return combiner;
}

// Types of these kinds belong to the library.
bool is_unfreeable(int combiner) {
  return combiner == MPI_COMBINER_NAMED || combiner == MPI_COMBINER_F90_REAL ||
         combiner == MPI_COMBINER_F90_COMPLEX || combiner == MPI_COMBINER_F90_INTEGER;
}

// An own reference to a type; frees derived ones only.
class TypeHandle {
 public:
  explicit TypeHandle(MPI_Datatype type) : type_(type) {}
  TypeHandle(TypeHandle&& other) noexcept : type_(std::exchange(other.type_, MPI_DATATYPE_NULL)) {}
  TypeHandle& operator=(TypeHandle&& other) noexcept {
    std::swap(type_, other.type_);
    return *this;
  }
  ~TypeHandle() {
    if (type_ == MPI_DATATYPE_NULL) return;
    int integers = 0, addresses = 0, types = 0, combiner = MPI_COMBINER_NAMED;
    if (PMPI_Type_get_envelope(type_, &integers, &addresses, &types, &combiner) == MPI_SUCCESS &&
        !is_unfreeable(combiner)) {
      PMPI_Type_free(&type_);
    }
  }
  MPI_Datatype get() const { return type_; }
  MPI_Datatype release() { return std::exchange(type_, MPI_DATATYPE_NULL); }

 private:
  MPI_Datatype type_;
};

Contents contents_of(MPI_Datatype type) {
  Contents c;
  int integers = 0, addresses = 0, types = 0;
  check(PMPI_Type_get_envelope(type, &integers, &addresses, &types, &c.combiner),
        "MPI_Type_get_envelope");
  c.integers.resize(static_cast<std::size_t>(integers));
  c.addresses.resize(static_cast<std::size_t>(addresses));
  c.types.resize(static_cast<std::size_t>(types));
  check(PMPI_Type_get_contents(type, integers, addresses, types, c.integers.data(),
                               c.addresses.data(), c.types.data()),
        "MPI_Type_get_contents");
  return c;
}

// Combiner numbers differ between MPI libraries; these are ours.
constexpr int kCombiners[] = {
    MPI_COMBINER_DUP,           MPI_COMBINER_CONTIGUOUS,     MPI_COMBINER_VECTOR,
    MPI_COMBINER_HVECTOR,       MPI_COMBINER_INDEXED,        MPI_COMBINER_HINDEXED,
    MPI_COMBINER_INDEXED_BLOCK, MPI_COMBINER_HINDEXED_BLOCK, MPI_COMBINER_STRUCT,
    MPI_COMBINER_SUBARRAY,      MPI_COMBINER_DARRAY,         MPI_COMBINER_RESIZED,
    MPI_COMBINER_F90_REAL,      MPI_COMBINER_F90_COMPLEX,    MPI_COMBINER_F90_INTEGER,
};
constexpr std::uint64_t kPredefinedType = 100;

// Throws CannotSave for a combiner that is not among ours.
std::uint64_t number_of(int combiner) {
  const auto* const found = std::find(std::begin(kCombiners), std::end(kCombiners), combiner);
  if (found == std::end(kCombiners)) {
    throw CannotSave("an MPI datatype made by a constructor chkpt does not know (combiner " +
                     std::to_string(combiner) + ")");
  }
  return static_cast<std::uint64_t>(found - kCombiners);
}

bool has_byte_displacements(int combiner) {
  return combiner == MPI_COMBINER_STRUCT || combiner == MPI_COMBINER_HINDEXED ||
         combiner == MPI_COMBINER_HINDEXED_BLOCK;
}

void check_relative(const Contents& c) {
  if (!has_byte_displacements(c.combiner)) return;
  if (std::any_of(c.addresses.begin(), c.addresses.end(), absolute_addresses::is_one)) {
    throw CannotSave("an MPI datatype made of addresses, for MPI.BOTTOM");
  }
}

void write_type(RecipeWriter& out, MPI_Datatype type) {
  if (const char* name = predefined_datatype_name(type)) {
    out.u64(kPredefinedType);
    out.text(name);
    return;
  }
  const std::uint64_t number = number_of(combiner_of(type));
  const Contents c = contents_of(type);
  std::vector<TypeHandle> owned;
  for (MPI_Datatype inner : c.types) owned.emplace_back(inner);
  check_relative(c);
  char name[MPI_MAX_OBJECT_NAME + 1] = "";
  int length = 0;
  check(PMPI_Type_get_name(type, name, &length), "MPI_Type_get_name");
  out.u64(number);
  out.text({name, static_cast<std::size_t>(length)});
  out.integers(c.integers);
  out.integers(c.addresses);
  out.u64(c.types.size());
  for (const TypeHandle& inner : owned) write_type(out, inner.get());
}

struct Parts {
  std::vector<int> i;
  std::vector<MPI_Aint> a;
  std::vector<TypeHandle> owned;
  std::vector<MPI_Datatype> t;
};

void need(const Parts& p, std::size_t integers, std::size_t addresses, std::size_t types) {
  if (p.i.size() < integers || p.a.size() < addresses || p.t.size() < types) {
    throw FormatError("MPI datatype recipe: arguments are missing");
  }
}

std::size_t leading_count(const Parts& p) {
  need(p, 1, 0, 0);
  if (p.i[0] < 0) throw FormatError("MPI datatype recipe: negative count");
  return static_cast<std::size_t>(p.i[0]);
}

int create_blocks(int combiner, const Parts& p, MPI_Datatype* made) {
  const std::size_t n = leading_count(p);
  switch (combiner) {
    case MPI_COMBINER_INDEXED:
      need(p, 1 + 2 * n, 0, 1);
      return PMPI_Type_indexed(p.i[0], &p.i[1], &p.i[1] + n, p.t[0], made);
    case MPI_COMBINER_HINDEXED:
      need(p, 1 + n, n, 1);
      return PMPI_Type_create_hindexed(p.i[0], p.i.data() + 1, p.a.data(), p.t[0], made);
    case MPI_COMBINER_INDEXED_BLOCK:
      need(p, 2 + n, 0, 1);
      return PMPI_Type_create_indexed_block(p.i[0], p.i[1], p.i.data() + 2, p.t[0], made);
    case MPI_COMBINER_HINDEXED_BLOCK:
      need(p, 2, n, 1);
      return PMPI_Type_create_hindexed_block(p.i[0], p.i[1], p.a.data(), p.t[0], made);
    default:
      need(p, 1 + n, n, n);
      return PMPI_Type_create_struct(p.i[0], p.i.data() + 1, p.a.data(), p.t.data(), made);
  }
}

int create_array(int combiner, const Parts& p, MPI_Datatype* made) {
  if (combiner == MPI_COMBINER_SUBARRAY) {
    const std::size_t n = leading_count(p);
    need(p, 3 * n + 2, 0, 1);
    const int* sizes = p.i.data() + 1;
    return PMPI_Type_create_subarray(p.i[0], sizes, sizes + n, sizes + 2 * n, p.i[3 * n + 1],
                                     p.t[0], made);
  }
  need(p, 3, 0, 1);
  if (p.i[2] < 0) throw FormatError("MPI datatype recipe: negative count");
  const auto n = static_cast<std::size_t>(p.i[2]);
  need(p, 4 * n + 4, 0, 1);
  const int* sizes = p.i.data() + 3;
  return PMPI_Type_create_darray(p.i[0], p.i[1], p.i[2], sizes, sizes + n, sizes + 2 * n,
                                 sizes + 3 * n, p.i[4 * n + 3], p.t[0], made);
}

int create_simple(int combiner, const Parts& p, MPI_Datatype* made) {
  switch (combiner) {
    case MPI_COMBINER_DUP:
      need(p, 0, 0, 1);
      return PMPI_Type_dup(p.t[0], made);
    case MPI_COMBINER_CONTIGUOUS:
      need(p, 1, 0, 1);
      return PMPI_Type_contiguous(p.i[0], p.t[0], made);
    case MPI_COMBINER_VECTOR:
      need(p, 3, 0, 1);
      return PMPI_Type_vector(p.i[0], p.i[1], p.i[2], p.t[0], made);
    case MPI_COMBINER_HVECTOR:
      need(p, 2, 1, 1);
      return PMPI_Type_create_hvector(p.i[0], p.i[1], p.a[0], p.t[0], made);
    case MPI_COMBINER_RESIZED:
      need(p, 0, 2, 1);
      return PMPI_Type_create_resized(p.t[0], p.a[0], p.a[1], made);
    case MPI_COMBINER_F90_REAL:
      need(p, 2, 0, 0);
      return PMPI_Type_create_f90_real(p.i[0], p.i[1], made);
    case MPI_COMBINER_F90_COMPLEX:
      need(p, 2, 0, 0);
      return PMPI_Type_create_f90_complex(p.i[0], p.i[1], made);
    case MPI_COMBINER_F90_INTEGER:
      need(p, 1, 0, 0);
      return PMPI_Type_create_f90_integer(p.i[0], made);
    default:
      return create_array(combiner, p, made);
  }
}

bool has_blocks(int combiner) {
  return combiner == MPI_COMBINER_INDEXED || combiner == MPI_COMBINER_HINDEXED ||
         combiner == MPI_COMBINER_INDEXED_BLOCK || combiner == MPI_COMBINER_HINDEXED_BLOCK ||
         combiner == MPI_COMBINER_STRUCT;
}

TypeHandle read_type(RecipeReader& in);

TypeHandle read_derived(RecipeReader& in, int combiner) {
  const std::string name = in.text();
  Parts p;
  p.i = in.integers<int>();
  p.a = in.integers<MPI_Aint>();
  const std::size_t types = in.count(8);
  for (std::size_t k = 0; k < types; ++k) {
    p.owned.push_back(read_type(in));
    p.t.push_back(p.owned.back().get());
  }
  MPI_Datatype made = MPI_DATATYPE_NULL;
  check(
      has_blocks(combiner) ? create_blocks(combiner, p, &made) : create_simple(combiner, p, &made),
      "making an MPI datatype again");
  TypeHandle type(made);
  check(PMPI_Type_commit(&made), "MPI_Type_commit");
  // A predefined Fortran type keeps the library's own name.
  if (!is_unfreeable(combiner)) {
    check(PMPI_Type_set_name(made, name.c_str()), "MPI_Type_set_name");
  }
  return type;
}

TypeHandle read_type(RecipeReader& in) {
  const std::uint64_t kind = in.u64();
  if (kind == kPredefinedType) {
    const std::string name = in.text();
    const MPI_Datatype type = predefined_datatype(name);
    if (type == MPI_DATATYPE_NULL && name != "MPI_DATATYPE_NULL") {
      throw FormatError("this MPI library has no datatype " + name);
    }
    return TypeHandle(type);
  }
  if (kind >= std::size(kCombiners)) {
    throw FormatError("MPI datatype recipe: unknown kind");
  }
  return read_derived(in, kCombiners[kind]);
}

}  // namespace

Bytes describe_datatype(MPI_Datatype type) {
  RecipeWriter out;
  write_type(out, type);
  return out.take();
}

MPI_Datatype build_datatype(ByteView recipe) {
  RecipeReader in(recipe);
  TypeHandle type = read_type(in);
  if (!in.at_end()) throw FormatError("MPI datatype recipe: bytes left over");
  return type.release();
}

}  // namespace chkpt::mpi
