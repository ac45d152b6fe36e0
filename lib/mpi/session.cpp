// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/session.hpp"

#include <cstdlib>

#include <unistd.h>

#include "base/error.hpp"
#include "base/loaded_images.hpp"
#include "mpi/interpose/fortran_calls.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/script_state.hpp"

namespace chkpt::mpi {
namespace {

struct State {
  bool running = false;
  int rank = 0;
  int size = 1;
  int provided = MPI_THREAD_SINGLE;
  MPI_Comm control = MPI_COMM_NULL;
  MPI_Comm peer = MPI_COMM_NULL;
  MPI_Comm acks = MPI_COMM_NULL;
  MPI_Comm self = MPI_COMM_NULL;
};
State g_state;

std::set<std::string>& own_libraries() {
  static auto* files = new std::set<std::string>;
  return *files;
}

std::set<std::string> loaded_libraries() {
  std::set<std::string> files;
  for (const LoadedImage& image : loaded_images()) files.insert(image.path());
  return files;
}

int env_number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}

constexpr char kYieldWhenIdle[] = "OMPI_MCA_mpi_yield_when_idle";

// Ranks that wait must yield when they outnumber the node's cores. mpirun says so itself, srun does
// not. The cores of this process tell nothing: launchers bind each rank to one. True if the
// variable was set here; the script must not see it.
bool yield_when_oversubscribed() {
  if (std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE") || std::getenv(kYieldWhenIdle)) return false;
  const int local = env_number("SLURM_STEP_TASKS_PER_NODE");  // "4(x2)": the 4
  if (local <= ::sysconf(_SC_NPROCESSORS_ONLN)) return false;
  return ::setenv(kYieldWhenIdle, "1", 0) == 0;
}

MPI_Comm private_copy(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check(PMPI_Comm_dup(comm, &copy), "MPI_Comm_dup");
  check(PMPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return copy;
}

// MPICH 4.0's MPI_Comm_create_group follows a null pointer in a parent whose group nobody has asked
// for yet.
void ask_for_group(MPI_Comm comm) {
  MPI_Group group = MPI_GROUP_NULL;
  check(PMPI_Comm_group(comm, &group), "MPI_Comm_group");
  check(PMPI_Group_free(&group), "MPI_Group_free");
}

void open_session() {
  const bool asked_to_yield = yield_when_oversubscribed();
  const std::set<std::string> before = loaded_libraries();
  const int rc = PMPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &g_state.provided);
  if (asked_to_yield) ::unsetenv(kYieldWhenIdle);
  check(rc, "MPI_Init_thread");
  redirect_fortran_calls();
  own_libraries() = loaded_libraries();
  for (const std::string& file : before) own_libraries().erase(file);
  check(PMPI_Comm_rank(MPI_COMM_WORLD, &g_state.rank), "MPI_Comm_rank");
  check(PMPI_Comm_size(MPI_COMM_WORLD, &g_state.size), "MPI_Comm_size");
  g_state.control = private_copy(MPI_COMM_WORLD);
  g_state.peer = private_copy(MPI_COMM_WORLD);
  ask_for_group(g_state.peer);
  g_state.acks = private_copy(MPI_COMM_WORLD);
  g_state.self = private_copy(MPI_COMM_SELF);
  registry().add_predefined(g_state.rank);
  g_state.running = true;
  enter_main_thread();
}

}  // namespace

void check(int rc, const char* call) {
  if (rc == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (PMPI_Error_string(rc, text, &length) != MPI_SUCCESS) text[0] = '\0';
  throw MpiError(std::string(call) + " failed: " + text);
}

bool launched_by_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

namespace session {

void start(Start how) {
  if (how == Start::kEager && !g_state.running) open_session();
}

void finish() {
  if (!g_state.running) return;
  g_state.running = false;
  leave_main_thread();
  for (MPI_Comm* comm : {&g_state.control, &g_state.peer, &g_state.acks, &g_state.self}) {
    PMPI_Comm_free(comm);
  }
  PMPI_Finalize();
}

const std::set<std::string>& libraries() { return own_libraries(); }

void abort(int exit_code) {
  if (g_state.running) PMPI_Abort(MPI_COMM_WORLD, exit_code);
  ::_exit(exit_code);
}

bool first_on_node() {
  if (!g_state.running) return true;
  MPI_Comm node = MPI_COMM_NULL;
  check(PMPI_Comm_split_type(g_state.control, MPI_COMM_TYPE_SHARED, g_state.rank, MPI_INFO_NULL,
                             &node),
        "MPI_Comm_split_type");
  int rank_on_node = 0;
  check(PMPI_Comm_rank(node, &rank_on_node), "MPI_Comm_rank");
  check(PMPI_Comm_free(&node), "MPI_Comm_free");
  return rank_on_node == 0;
}

bool active() { return g_state.running; }
int rank() { return g_state.rank; }
int size() { return g_state.size; }
MPI_Comm control() { return g_state.control; }
MPI_Comm peer() { return g_state.peer; }
MPI_Comm acks() { return g_state.acks; }
MPI_Comm self() { return g_state.self; }

bool script_initialized() { return script_state().initialized; }
bool script_finalized() { return script_state().finalized; }
int script_thread_level() { return script_state().thread_level; }

void adopt_script_state(bool initialized, bool finalized, int thread_level) {
  if (initialized) start(Start::kEager);
  script_state() = {initialized, finalized, thread_level};
}

}  // namespace session

int provided_thread_level() { return g_state.provided; }

ScriptState& script_state() {
  static ScriptState state;
  return state;
}

}  // namespace chkpt::mpi
