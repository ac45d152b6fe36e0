// SPDX-License-Identifier: BSD-3-Clause
// The script's open MPI files. Like a window (windows.hpp) each gets a private communicator in the
// registry: its id is the file's identity, its clock counts the collective operations on the file.
// Operations that have been started are in the request table, or, between begin and end of a split
// one, an epoch, in which no snapshot stands. Files on communicators that chkpt does not follow
// defer snapshots. Main thread only.
#pragma once

#include <functional>
#include <string>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

struct FileInfo {
  MPI_File handle = MPI_FILE_NULL;
  CommInfo* comm = nullptr;  // private
  std::string path;          // absolute
  int amode = 0;             // as the script gave it
};

namespace open_files {

FileInfo* find(MPI_File file);  // null for one that is not followed
FileInfo* find(const CommId& id);
FileInfo& add(MPI_File file, CommInfo& comm, const std::string& path, int amode);
// In the order of ids, which is the same on all ranks.
void for_each(const std::function<void(const FileInfo&)>& f);

inline bool may_write(const FileInfo& file) { return (file.amode & MPI_MODE_RDONLY) == 0; }

// For the generated wrappers: where an operation counts; MPI_COMM_NULL if nowhere.
MPI_Comm communicator(MPI_File file);
// A nonblocking operation of this rank alone, or a split one; pass rc through.
int started(bool by_script, MPI_File file, int rc, MPI_Request* request);
int begun(const char* call, MPI_File file, int rc);
int ended(bool by_script, MPI_File file, int rc);

}  // namespace open_files
}  // namespace chkpt::mpi
