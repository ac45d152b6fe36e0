// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/open_files.hpp"

#include <cstdlib>
#include <map>
#include <memory>

#include "mpi/interpose/epochs.hpp"
#include "mpi/interpose/wrapper.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::open_files {
namespace {

HandleTable<MPI_File, FileInfo*>& by_handle() {
  static HandleTable<MPI_File, FileInfo*> table;
  return table;
}

std::map<CommId, std::unique_ptr<FileInfo>>& by_id() {
  static std::map<CommId, std::unique_ptr<FileInfo>> table;
  return table;
}

void remove(FileInfo& file) {
  epochs::close_all(&file);
  by_handle().erase(file.handle);
  by_id().erase(CommId(file.comm->id));
}

// The script may change its directory while the file is open.
std::string absolute(const char* name) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(name, nullptr), &std::free);
  return real ? real.get() : name;
}

}  // namespace

FileInfo* find(MPI_File file) {
  FileInfo** entry = by_handle().find(file);
  return entry == nullptr ? nullptr : *entry;
}

FileInfo* find(const CommId& id) {
  const auto it = by_id().find(id);
  return it == by_id().end() ? nullptr : it->second.get();
}

FileInfo& add(MPI_File file, CommInfo& comm, const std::string& path, int amode) {
  auto info = std::make_unique<FileInfo>();
  *info = {file, &comm, path, amode};
  by_handle().insert(file, info.get());
  return *(by_id()[comm.id] = std::move(info));
}

void for_each(const std::function<void(const FileInfo&)>& f) {
  for (const auto& entry : by_id()) f(*entry.second);
}

MPI_Comm communicator(MPI_File file) {
  const FileInfo* info = find(file);
  return info == nullptr ? MPI_COMM_NULL : info->comm->handle;
}

int started(bool by_script, MPI_File file, int rc, MPI_Request* request) {
  const FileInfo* info = by_script ? find(file) : nullptr;
  return info == nullptr ? rc : started_on(*info->comm, rc, request);
}

int begun(const char* call, MPI_File file, int rc) {
  const FileInfo* info = find(file);
  // The caller's scope is still open: this is inside of the call.
  if (info != nullptr && t_depth == 1 && rc == MPI_SUCCESS) {
    epochs::open(info, epochs::Kind::kSplit, call);
  }
  return rc;
}

int ended(bool by_script, MPI_File file, int rc) {
  const FileInfo* info = by_script ? find(file) : nullptr;
  if (info != nullptr) epochs::close(info, epochs::Kind::kSplit);
  return rc;
}

namespace {

int open_file(const char* call, MPI_Comm comm, const char* name, int amode, MPI_Info hints,
              MPI_File* file) {
  const auto real = [&] { return PMPI_File_open(comm, name, amode, hints, file); };
  CommInfo* parent = outside(call) ? nullptr : registry().find(comm);
  if (parent == nullptr || parent->inter()) return making(deferrals::Kind::kFile, call, real);
  parent->tick();
  MPI_Comm own = MPI_COMM_NULL;
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    clock_advanced();
    rc = real();
    if (rc == MPI_SUCCESS) rc = PMPI_Comm_split(comm, 0, parent->rank, &own);
  }
  // An error of opening is the same on all members, as are the clocks that count the call.
  if (rc == MPI_SUCCESS) {
    const std::uint64_t number = Registry::next_child(*parent);
    rc = guarded(call, [&] {
      add(*file, registry().add_child(*parent, number, own), absolute(name), amode);
      return MPI_SUCCESS;
    });
  } else if (refused_arguments(rc)) {
    parent->untick();
  }
  call_done();
  return rc;
}

int close_file(const char* call, MPI_File* file) {
  const auto real = [&] { return PMPI_File_close(file); };
  FileInfo* info = outside(call) ? nullptr : find(*file);
  if (info == nullptr) return ending(deferrals::Kind::kFile, call, real);
  CommInfo& comm = *info->comm;
  MPI_Comm own = comm.handle;
  remove(*info);
  requests().forget(comm);
  registry().remove(comm);
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    clock_advanced();
    rc = real();
    PMPI_Comm_free(&own);
  }
  if (rc != MPI_SUCCESS) deferrals::forever(call, "failed");
  call_done();
  return rc;
}

}  // namespace
}  // namespace chkpt::mpi::open_files

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

CHKPT_WRAPPER int MPI_File_open(MPI_Comm comm, const char* filename, int amode, MPI_Info info,
                                MPI_File* fh) {
  return open_files::open_file("MPI_File_open", comm, filename, amode, info, fh);
}

CHKPT_WRAPPER int MPI_File_close(MPI_File* fh) {
  return open_files::close_file("MPI_File_close", fh);
}

// A resumed process opens the file without MPI_MODE_CREATE and the like.
CHKPT_WRAPPER int MPI_File_get_amode(MPI_File fh, int* amode) {
  const FileInfo* info = outside("MPI_File_get_amode") ? nullptr : open_files::find(fh);
  if (info == nullptr) return PMPI_File_get_amode(fh, amode);
  *amode = info->amode;
  return MPI_SUCCESS;
}
