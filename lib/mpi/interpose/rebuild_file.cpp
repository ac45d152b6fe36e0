// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/rebuild_file.hpp"

#include <cstdint>
#include <utility>

#include "mpi/interpose/predefined_datatype.hpp"
#include "mpi/interpose/rebuild_datatype.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

ErrorHandler error_handler_of(MPI_File file) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  check(PMPI_File_get_errhandler(file, &handler), "MPI_File_get_errhandler");
  const bool fatal = handler == MPI_ERRORS_ARE_FATAL;
  const bool returns = handler == MPI_ERRORS_RETURN;
  check(PMPI_Errhandler_free(&handler), "MPI_Errhandler_free");
  if (!fatal && !returns) throw CannotSave("an MPI file with a user-defined error handler");
  return fatal ? ErrorHandler::kFatal : ErrorHandler::kReturn;
}

// Owned unless it is a predefined one.
class Type {
 public:
  Type() = default;
  explicit Type(ByteView recipe) : type_(build_datatype(recipe)) {}
  ~Type() {
    if (type_ != MPI_DATATYPE_NULL && predefined_datatype_name(type_) == nullptr) {
      PMPI_Type_free(&type_);
    }
  }
  Type(const Type&) = delete;
  Type& operator=(const Type&) = delete;
  MPI_Datatype get() const { return type_; }
  MPI_Datatype* out() { return &type_; }
  void swap(Type& other) { std::swap(type_, other.type_); }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

// The library wraps the script's type: OpenMPI's own files in duplicates, when a view is set and
// when it is asked for; ROMIO's in a contiguous type of one. These mean the same as what is inside,
// and would grow with every resume.
bool unwrap_once(Type* type) {
  int integers = 0, addresses = 0, types = 0, combiner = 0;
  check(PMPI_Type_get_envelope(type->get(), &integers, &addresses, &types, &combiner),
        "MPI_Type_get_envelope");
  const bool duplicate = combiner == MPI_COMBINER_DUP;
  if (!duplicate && (combiner != MPI_COMBINER_CONTIGUOUS || integers != 1)) return false;
  int count = 1;
  Type inside;
  check(PMPI_Type_get_contents(type->get(), integers, addresses, types, &count, nullptr,
                               inside.out()),
        "MPI_Type_get_contents");
  if (count == 1) type->swap(inside);
  return count == 1;
}

void describe_view(MPI_File file, FileRecipe* recipe) {
  Type etype, filetype;
  char representation[MPI_MAX_DATAREP_STRING + 1] = "";
  check(PMPI_File_get_view(file, &recipe->disp, etype.out(), filetype.out(), representation),
        "MPI_File_get_view");
  for (Type* type : {&etype, &filetype}) {
    while (unwrap_once(type)) {
    }
  }
  recipe->etype = describe_datatype(etype.get());
  recipe->filetype = describe_datatype(filetype.get());
  recipe->representation = representation;
}

// OpenMPI's duplicates have names that say so, and would say it once more after each resume.
void strip_name(MPI_Datatype type) {
  if (predefined_datatype_name(type) != nullptr) return;
  char text[MPI_MAX_OBJECT_NAME + 1] = "";
  int length = 0;
  check(PMPI_Type_get_name(type, text, &length), "MPI_Type_get_name");
  std::string name(text, static_cast<std::size_t>(length));
  const std::string prefix = "Dup ";
  while (name.rfind(prefix, 0) == 0) name.erase(0, prefix.size());
  check(PMPI_Type_set_name(type, name.c_str()), "MPI_Type_set_name");
}

void restore_view(MPI_File file, const FileRecipe& recipe) {
  const Type etype({recipe.etype.data(), recipe.etype.size()});
  const Type filetype({recipe.filetype.data(), recipe.filetype.size()});
  strip_name(etype.get());
  strip_name(filetype.get());
  check(PMPI_File_set_view(file, recipe.disp, etype.get(), filetype.get(),
                           recipe.representation.c_str(), MPI_INFO_NULL),
        "MPI_File_set_view");
}

// The members decide together: one that looks late would find the file cut already.
void restore_size(MPI_File file, const FileRecipe& recipe, MPI_Comm comm) {
  std::int64_t own[2] = {0, recipe.size};
  MPI_Offset size = 0;
  check(PMPI_File_get_size(file, &size), "MPI_File_get_size");
  own[0] = size;
  std::int64_t all[2] = {0, 0};
  check(PMPI_Allreduce(own, all, 2, MPI_INT64_T, MPI_MAX, comm), "MPI_Allreduce");
  if (all[0] < all[1]) throw MpiError(recipe.path + " is shorter than at the snapshot");
  if (all[0] > all[1] && (recipe.amode & MPI_MODE_RDONLY) == 0) {
    check(PMPI_File_set_size(file, all[1]), "MPI_File_set_size");
  }
}

}  // namespace

FileRecipe describe_file(const FileInfo& file) {
  if ((file.amode & MPI_MODE_SEQUENTIAL) != 0) {
    throw CannotSave("an MPI file in sequential mode (" + file.path + ")");
  }
  FileRecipe recipe;
  const MPI_File handle = file.handle;
  recipe.id = file.comm->id;
  recipe.path = file.path;
  recipe.amode = file.amode;
  Info info;
  check(PMPI_File_get_info(handle, info.out()), "MPI_File_get_info");
  recipe.info = info.entries();
  recipe.errors = error_handler_of(handle);
  check(PMPI_File_get_size(handle, &recipe.size), "MPI_File_get_size");
  describe_view(handle, &recipe);
  check(PMPI_File_get_position(handle, &recipe.position), "MPI_File_get_position");
  check(PMPI_File_get_position_shared(handle, &recipe.shared_position),
        "MPI_File_get_position_shared");
  int atomic = 0;
  check(PMPI_File_get_atomicity(handle, &atomic), "MPI_File_get_atomicity");
  recipe.atomic = atomic != 0;
  return recipe;
}

void write_file(RecipeWriter& out, const FileRecipe& recipe) {
  out.text(recipe.id);
  out.text(recipe.path);
  out.i64(recipe.amode);
  write_info(out, recipe.info);
  out.i64(static_cast<int>(recipe.errors));
  out.i64(recipe.size);
  out.i64(recipe.disp);
  out.bytes(recipe.etype.data(), recipe.etype.size());
  out.bytes(recipe.filetype.data(), recipe.filetype.size());
  out.text(recipe.representation);
  out.i64(recipe.position);
  out.i64(recipe.shared_position);
  out.u64(recipe.atomic ? 1 : 0);
}

FileRecipe read_file(RecipeReader& in) {
  const auto bytes = [&in] {
    const ByteView view = in.bytes();
    return Bytes(view.data, view.data + view.size);
  };
  FileRecipe recipe;
  recipe.id = in.text();
  recipe.path = in.text();
  recipe.amode = in.integer();
  recipe.info = read_info(in);
  recipe.errors = in.integer() == 0 ? ErrorHandler::kFatal : ErrorHandler::kReturn;
  recipe.size = in.i64();
  recipe.disp = in.i64();
  recipe.etype = bytes();
  recipe.filetype = bytes();
  recipe.representation = in.text();
  recipe.position = in.i64();
  recipe.shared_position = in.i64();
  recipe.atomic = in.u64() != 0;
  return recipe;
}

void build_file(const FileRecipe& recipe) {
  CommInfo* comm = registry().find(recipe.id);
  if (comm == nullptr) throw FormatError("MPI recipe: a file without communicator " + recipe.id);
  // A file that is gone must not be made again, empty.
  const int amode = recipe.amode & ~(MPI_MODE_CREATE | MPI_MODE_EXCL);
  const Info info(recipe.info);
  MPI_File file = MPI_FILE_NULL;
  if (PMPI_File_open(comm->handle, recipe.path.c_str(), amode, info.get(), &file) != MPI_SUCCESS) {
    throw MpiError("the MPI file " + recipe.path + " cannot be opened again");
  }
  check(PMPI_File_set_errhandler(
            file, recipe.errors == ErrorHandler::kFatal ? MPI_ERRORS_ARE_FATAL : MPI_ERRORS_RETURN),
        "MPI_File_set_errhandler");
  restore_size(file, recipe, comm->handle);
  restore_view(file, recipe);
  if (recipe.atomic) check(PMPI_File_set_atomicity(file, 1), "MPI_File_set_atomicity");
  check(PMPI_File_seek(file, recipe.position, MPI_SEEK_SET), "MPI_File_seek");
  check(PMPI_File_seek_shared(file, recipe.shared_position, MPI_SEEK_SET), "MPI_File_seek_shared");
  open_files::add(file, *comm, recipe.path, recipe.amode);
}

}  // namespace chkpt::mpi
