// SPDX-License-Identifier: BSD-3-Clause
// Recipe of one communicator as the library shows it: members, topology, name, hints, error
// handler. How it came about does not matter: it is made again from its members alone, so
// communicators freed long ago leave no trace. Identity and counters are added by rebuild.cpp.
#pragma once

#include <mpi.h>

#include <string>
#include <vector>

#include "mpi/interpose/rebuild_info.hpp"
#include "mpi/interpose/rebuild_stream.hpp"

namespace chkpt::mpi {

enum class Topology : int { kNone = 0, kCartesian = 1, kGraph = 2, kDistributedGraph = 3 };
enum class ErrorHandler : int { kFatal = 0, kReturn = 1 };

struct CommunicatorRecipe {
  std::vector<int> members;  // world ranks, in rank order; of an intercommunicator the own group
  std::vector<int> remote;   // intercommunicators only: the other group
  std::string name;
  InfoEntries info;  // hints
  ErrorHandler errors = ErrorHandler::kFatal;
  Topology topology = Topology::kNone;
  std::vector<int> dims;     // Cartesian: extents; graph: index
  std::vector<int> periods;  // Cartesian: 0 or 1; graph: edges
  std::vector<int> sources, source_weights, targets, target_weights;  // this rank's neighbours
  bool weighted = false;
};

// World ranks of a group's members, in rank order; CannotSave if one is outside MPI_COMM_WORLD.
std::vector<int> members_in_world(MPI_Group group);

// Throws CannotSave for an error handler written by the user.
CommunicatorRecipe describe_communicator(MPI_Comm comm);
void write_communicator(RecipeWriter& out, const CommunicatorRecipe& recipe);
CommunicatorRecipe read_communicator(RecipeReader& in);

// Collective over the members. `world` is a private duplicate of MPI_COMM_WORLD: the library talks
// to the other members on it with `tag`, which no other creation in progress may use.
MPI_Comm build_communicator(const CommunicatorRecipe& recipe, MPI_Comm world, int tag);
// What remains to be done for a communicator the library made itself (MPI_COMM_WORLD and _SELF).
void restore_settings(MPI_Comm comm, const CommunicatorRecipe& recipe);

}  // namespace chkpt::mpi
