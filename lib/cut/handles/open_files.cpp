// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/open_files.hpp"

#include <set>

namespace chkpt::cut::handles {
namespace {

std::set<mpi::CommId>& described() {
  static std::set<mpi::CommId> ids;
  return ids;
}

}  // namespace

Ref describe_file(PyObject* object) {
  const mpi::FileInfo* file = mpi::open_files::find(handle_in<MPI_File>(object));
  if (!file) throw CannotSave("an MPI.File chkpt does not follow (closed through another object)");
  described().insert(file->comm->id);
  return checked(PyUnicode_FromString(file->comm->id.c_str()));
}

void restore_file(PyObject* object, PyObject* payload) {
  const char* id = PyUnicode_AsUTF8(payload);
  if (!id) throw_pending_exception();
  const mpi::FileInfo* file = mpi::open_files::find(mpi::CommId(id));
  if (!file) throw PythonError(std::string("the MPI file ") + id + " has not been opened again");
  handle_in<MPI_File>(object) = file->handle;
}

void forget_described_files() { described().clear(); }

void check_files_described(const std::vector<mpi::FileRecipe>& recipes) {
  for (const mpi::FileRecipe& recipe : recipes) {
    if (described().count(recipe.id) == 0) {
      throw CannotSave("the open MPI file " + recipe.path +
                       ", which no MPI.File object stands for");
    }
  }
}

}  // namespace chkpt::cut::handles
