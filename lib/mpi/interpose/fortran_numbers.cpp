// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/fortran_numbers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "mpi/interpose/extra_references.hpp"
#include "mpi/interpose/matched.hpp"
#include "mpi/interpose/wrapper.hpp"

namespace chkpt::mpi::fortran_numbers {
namespace {

// Where the library's own number is another object's: beyond those that it gives.
constexpr int kFirstOwn = 1 << 24;

struct Numbered {
  int number = kNone;
  bool saved = false;
};

struct Table {
  std::map<std::uint64_t, Numbered> numbers;  // by handle
  std::map<int, std::uint64_t> handles;       // by number
};

std::mutex g_mutex;

Table& table(Family family) {
  static auto* tables = new std::array<Table, static_cast<std::size_t>(Family::kCount)>;
  return (*tables)[static_cast<std::size_t>(family)];
}

int unused(const Table& table, int librarys) {
  if (table.handles.count(librarys) == 0) return librarys;
  return std::max(kFirstOwn, table.handles.rbegin()->first + 1);
}

// The number to give for an object that the library has given its own number for.
int given(Family family, std::uint64_t handle, int librarys) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  Table& known = table(family);
  const auto found = known.numbers.find(handle);
  if (found != known.numbers.end()) return found->second.number;
  const int number = unused(known, librarys);
  known.numbers[handle] = {number, false};
  known.handles[number] = handle;
  return number;
}

template <class H>
H handle_of(Family family, int number, H (*librarys)(MPI_Fint)) {
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    const Table& known = table(family);
    const auto found = known.handles.find(number);
    if (found != known.handles.end()) {
      H handle;
      std::memcpy(&handle, &found->second, sizeof handle);
      return handle;
    }
  }
  return librarys(number);
}

template <class H, std::size_t kHowMany>
bool is_one_of(H handle, const H (&handles)[kHowMany]) {
  return std::find(std::begin(handles), std::end(handles), handle) != std::end(handles);
}

bool is_predefined_type(MPI_Datatype type) {
  int integers = 0, addresses = 0, types = 0, combiner = MPI_COMBINER_NAMED;
  if (type == MPI_DATATYPE_NULL) return true;
  return PMPI_Type_get_envelope(type, &integers, &addresses, &types, &combiner) != MPI_SUCCESS ||
         combiner == MPI_COMBINER_NAMED;
}

const char* name(Family family) {
  constexpr std::array<const char*, static_cast<std::size_t>(Family::kCount)> kNames{
      "communicator", "group", "datatype", "operation", "info"};
  return kNames[static_cast<std::size_t>(family)];
}

}  // namespace

int of_saved(Family family, std::uint64_t handle) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto found = table(family).numbers.find(handle);
  if (found == table(family).numbers.end()) return kNone;
  found->second.saved = true;
  return found->second.number;
}

void adopt(Family family, std::uint64_t handle, int number) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  table(family).numbers[handle] = {number, false};
  table(family).handles[number] = handle;
}

void forget(Family family, std::uint64_t handle) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  Table& known = table(family);
  const auto found = known.numbers.find(handle);
  if (found == known.numbers.end()) return;
  known.handles.erase(found->second.number);
  known.numbers.erase(found);
}

void begin_save() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  for (int family = 0; family < static_cast<int>(Family::kCount); ++family)
    for (auto& entry : table(static_cast<Family>(family)).numbers) entry.second.saved = false;
}

std::string not_saved() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  for (int i = 0; i < static_cast<int>(Family::kCount); ++i) {
    const auto family = static_cast<Family>(i);
    for (const auto& entry : table(family).numbers) {
      if (entry.second.saved) continue;
      return std::string("an MPI ") + name(family) + " that Fortran code knows as number " +
             std::to_string(entry.second.number) + " and no object of the script holds";
    }
  }
  return "";
}

}  // namespace chkpt::mpi::fortran_numbers

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions
using fortran_numbers::Family;

// MPICH's are macros that give the handle itself.
#ifdef OPEN_MPI

CHKPT_WRAPPER MPI_Fint MPI_Comm_c2f(MPI_Comm comm) {
  const MPI_Fint number = PMPI_Comm_c2f(comm);
  if (fortran_numbers::is_one_of(comm, {MPI_COMM_NULL, MPI_COMM_WORLD, MPI_COMM_SELF}))
    return number;
  return fortran_numbers::given(Family::kComm, fortran_numbers::bits_of(comm), number);
}
CHKPT_WRAPPER MPI_Comm MPI_Comm_f2c(MPI_Fint number) {
  return fortran_numbers::handle_of(Family::kComm, number, PMPI_Comm_f2c);
}

CHKPT_WRAPPER MPI_Fint MPI_Group_c2f(MPI_Group group) {
  const MPI_Fint number = PMPI_Group_c2f(group);
  if (fortran_numbers::is_one_of(group, {MPI_GROUP_NULL, MPI_GROUP_EMPTY})) return number;
  return fortran_numbers::given(Family::kGroup, fortran_numbers::bits_of(group), number);
}
CHKPT_WRAPPER MPI_Group MPI_Group_f2c(MPI_Fint number) {
  return fortran_numbers::handle_of(Family::kGroup, number, PMPI_Group_f2c);
}

CHKPT_WRAPPER MPI_Fint MPI_Type_c2f(MPI_Datatype type) {
  const MPI_Fint number = PMPI_Type_c2f(type);
  if (fortran_numbers::is_predefined_type(type)) return number;
  return fortran_numbers::given(Family::kType, fortran_numbers::bits_of(type), number);
}
CHKPT_WRAPPER MPI_Datatype MPI_Type_f2c(MPI_Fint number) {
  return fortran_numbers::handle_of(Family::kType, number, PMPI_Type_f2c);
}

CHKPT_WRAPPER MPI_Fint MPI_Op_c2f(MPI_Op op) {
  const MPI_Fint number = PMPI_Op_c2f(op);
  if (fortran_numbers::is_one_of(
          op, {MPI_OP_NULL, MPI_MAX, MPI_MIN, MPI_SUM, MPI_PROD, MPI_LAND, MPI_BAND, MPI_LOR,
               MPI_BOR, MPI_LXOR, MPI_BXOR, MPI_MAXLOC, MPI_MINLOC, MPI_REPLACE, MPI_NO_OP}))
    return number;
  return fortran_numbers::given(Family::kOp, fortran_numbers::bits_of(op), number);
}
CHKPT_WRAPPER MPI_Op MPI_Op_f2c(MPI_Fint number) {
  return fortran_numbers::handle_of(Family::kOp, number, PMPI_Op_f2c);
}

CHKPT_WRAPPER MPI_Fint MPI_Info_c2f(MPI_Info info) {
  const MPI_Fint number = PMPI_Info_c2f(info);
  if (fortran_numbers::is_one_of(info, {MPI_INFO_NULL, MPI_INFO_ENV})) return number;
  return fortran_numbers::given(Family::kInfo, fortran_numbers::bits_of(info), number);
}
CHKPT_WRAPPER MPI_Info MPI_Info_f2c(MPI_Fint number) {
  return fortran_numbers::handle_of(Family::kInfo, number, PMPI_Info_f2c);
}

// Numbers of these are not given again, so Fortran code must not have any: see Requests.
CHKPT_WRAPPER MPI_Fint MPI_Request_c2f(MPI_Request request) {
  RequestInfo* info = outside("MPI_Request_c2f") ? nullptr : requests().find(request);
  if (info != nullptr) info->numbered = true;
  return PMPI_Request_c2f(request);
}
CHKPT_WRAPPER MPI_Fint MPI_Message_c2f(MPI_Message message) {
  const int number = outside("MPI_Message_c2f") ? 0 : matched::number_of(message);
  return number != 0 ? number : PMPI_Message_c2f(message);
}
CHKPT_WRAPPER MPI_Message MPI_Message_f2c(MPI_Fint number) {
  const MPI_Message message =
      outside("MPI_Message_f2c") ? MPI_MESSAGE_NULL : matched::with_number(number);
  return message != MPI_MESSAGE_NULL ? message : PMPI_Message_f2c(number);
}
CHKPT_WRAPPER MPI_Fint MPI_Win_c2f(MPI_Win win) {
  if (win != MPI_WIN_NULL && !outside("MPI_Win_c2f"))
    deferrals::forever("MPI_Win_c2f", "gave Fortran code a window");
  return PMPI_Win_c2f(win);
}
CHKPT_WRAPPER MPI_Fint MPI_File_c2f(MPI_File file) {
  if (file != MPI_FILE_NULL && !outside("MPI_File_c2f"))
    deferrals::forever("MPI_File_c2f", "gave Fortran code a file");
  return PMPI_File_c2f(file);
}

#endif

// Several handles of a group may be one to the library, which counts them.
CHKPT_WRAPPER int MPI_Group_free(MPI_Group* group) {
  using extra_references::Counted;
  const MPI_Group freed = *group;
  if (extra_references::free_one<MPI_Group>(Counted::kGroup, group, MPI_GROUP_NULL))
    return MPI_SUCCESS;
#ifdef OPEN_MPI
  const MPI_Fint number = PMPI_Group_c2f(freed);
  const int rc = PMPI_Group_free(group);
  const bool gone = rc == MPI_SUCCESS && PMPI_Group_f2c(number) != freed;
#else
  const int rc = PMPI_Group_free(group);
  const bool gone = rc == MPI_SUCCESS;
#endif
  if (gone) fortran_numbers::forget(Family::kGroup, fortran_numbers::bits_of(freed));
  return rc;
}

CHKPT_WRAPPER int MPI_Op_free(MPI_Op* op) {
  fortran_numbers::forget(Family::kOp, fortran_numbers::bits_of(*op));
  return PMPI_Op_free(op);
}

CHKPT_WRAPPER int MPI_Info_free(MPI_Info* info) {
  fortran_numbers::forget(Family::kInfo, fortran_numbers::bits_of(*info));
  return PMPI_Info_free(info);
}
