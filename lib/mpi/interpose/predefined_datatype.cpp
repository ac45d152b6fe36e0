// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/predefined_datatype.hpp"

#include <vector>

namespace chkpt::mpi {
namespace {

struct Predefined {
  const char* name;
  MPI_Datatype type;
};

using Table = std::vector<Predefined>;

// Handles are not constants in every MPI library, hence tables that are made at run time.
#define CHKPT_TYPE(type) \
  { #type, type }

Table types_of_c() {
  return {
      CHKPT_TYPE(MPI_DATATYPE_NULL),
      CHKPT_TYPE(MPI_BYTE),
      CHKPT_TYPE(MPI_PACKED),
      CHKPT_TYPE(MPI_CHAR),
      CHKPT_TYPE(MPI_WCHAR),
      CHKPT_TYPE(MPI_SIGNED_CHAR),
      CHKPT_TYPE(MPI_SHORT),
      CHKPT_TYPE(MPI_INT),
      CHKPT_TYPE(MPI_LONG),
      CHKPT_TYPE(MPI_LONG_LONG),
      CHKPT_TYPE(MPI_UNSIGNED_CHAR),
      CHKPT_TYPE(MPI_UNSIGNED_SHORT),
      CHKPT_TYPE(MPI_UNSIGNED),
      CHKPT_TYPE(MPI_UNSIGNED_LONG),
      CHKPT_TYPE(MPI_UNSIGNED_LONG_LONG),
      CHKPT_TYPE(MPI_FLOAT),
      CHKPT_TYPE(MPI_DOUBLE),
      CHKPT_TYPE(MPI_LONG_DOUBLE),
      CHKPT_TYPE(MPI_C_BOOL),
      CHKPT_TYPE(MPI_INT8_T),
      CHKPT_TYPE(MPI_INT16_T),
      CHKPT_TYPE(MPI_INT32_T),
      CHKPT_TYPE(MPI_INT64_T),
      CHKPT_TYPE(MPI_UINT8_T),
      CHKPT_TYPE(MPI_UINT16_T),
      CHKPT_TYPE(MPI_UINT32_T),
      CHKPT_TYPE(MPI_UINT64_T),
      CHKPT_TYPE(MPI_C_COMPLEX),
      CHKPT_TYPE(MPI_C_FLOAT_COMPLEX),
      CHKPT_TYPE(MPI_C_DOUBLE_COMPLEX),
      CHKPT_TYPE(MPI_C_LONG_DOUBLE_COMPLEX),
      CHKPT_TYPE(MPI_CXX_BOOL),
      CHKPT_TYPE(MPI_CXX_FLOAT_COMPLEX),
      CHKPT_TYPE(MPI_CXX_DOUBLE_COMPLEX),
      CHKPT_TYPE(MPI_CXX_LONG_DOUBLE_COMPLEX),
  };
}

Table types_of_pairs_sizes_and_fortran() {
  return {
      CHKPT_TYPE(MPI_SHORT_INT),  CHKPT_TYPE(MPI_2INT),
      CHKPT_TYPE(MPI_LONG_INT),   CHKPT_TYPE(MPI_FLOAT_INT),
      CHKPT_TYPE(MPI_DOUBLE_INT), CHKPT_TYPE(MPI_LONG_DOUBLE_INT),
      CHKPT_TYPE(MPI_AINT),       CHKPT_TYPE(MPI_OFFSET),
      CHKPT_TYPE(MPI_COUNT),      CHKPT_TYPE(MPI_CHARACTER),
      CHKPT_TYPE(MPI_LOGICAL),    CHKPT_TYPE(MPI_INTEGER),
      CHKPT_TYPE(MPI_REAL),       CHKPT_TYPE(MPI_DOUBLE_PRECISION),
      CHKPT_TYPE(MPI_COMPLEX),    CHKPT_TYPE(MPI_DOUBLE_COMPLEX),
      CHKPT_TYPE(MPI_INTEGER1),   CHKPT_TYPE(MPI_INTEGER2),
      CHKPT_TYPE(MPI_INTEGER4),   CHKPT_TYPE(MPI_INTEGER8),
      CHKPT_TYPE(MPI_REAL4),      CHKPT_TYPE(MPI_REAL8),
      CHKPT_TYPE(MPI_COMPLEX8),   CHKPT_TYPE(MPI_COMPLEX16),
      CHKPT_TYPE(MPI_2REAL),      CHKPT_TYPE(MPI_2DOUBLE_PRECISION),
      CHKPT_TYPE(MPI_2INTEGER),
#ifdef MPI_INTEGER16
      CHKPT_TYPE(MPI_INTEGER16),
#endif
#ifdef MPI_REAL16
      CHKPT_TYPE(MPI_REAL16),
#endif
#ifdef MPI_COMPLEX32
      CHKPT_TYPE(MPI_COMPLEX32),
#endif
#ifdef OPEN_MPI
      CHKPT_TYPE(MPI_LOGICAL1),   CHKPT_TYPE(MPI_LOGICAL2),
      CHKPT_TYPE(MPI_LOGICAL4),   CHKPT_TYPE(MPI_LOGICAL8),
      CHKPT_TYPE(MPI_2COMPLEX),   CHKPT_TYPE(MPI_2DOUBLE_COMPLEX),
#endif
  };
}
#undef CHKPT_TYPE

const Table& predefined() {
  static const Table table = [] {
    Table all = types_of_c();
    const Table others = types_of_pairs_sizes_and_fortran();
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }();
  return table;
}

}  // namespace

const char* predefined_datatype_name(MPI_Datatype type) {
  for (const Predefined& p : predefined()) {
    // A library without, say, REAL16 defines it as MPI_DATATYPE_NULL, which stands first.
    if (p.type == type) return p.name;
  }
  return nullptr;
}

MPI_Datatype predefined_datatype(const std::string& name) {
  for (const Predefined& p : predefined()) {
    if (name == p.name) return p.type;
  }
  return MPI_DATATYPE_NULL;
}

}  // namespace chkpt::mpi
