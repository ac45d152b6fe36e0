// SPDX-License-Identifier: BSD-3-Clause
// Everything here is asked from or made by the library with PMPI calls, so none of it is counted
// as the script's own communication.
#include "mpi/interpose/rebuild_communicator.hpp"

#include <algorithm>
#include <utility>

#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

class Group {
 public:
  Group() = default;
  explicit Group(MPI_Group group) : group_(group) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() {
    if (group_ != MPI_GROUP_NULL && group_ != MPI_GROUP_EMPTY) PMPI_Group_free(&group_);
  }
  MPI_Group get() const { return group_; }
  MPI_Group* out() { return &group_; }

 private:
  MPI_Group group_ = MPI_GROUP_NULL;
};

ErrorHandler error_handler_of(MPI_Comm comm) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  check(PMPI_Comm_get_errhandler(comm, &handler), "MPI_Comm_get_errhandler");
  const bool fatal = handler == MPI_ERRORS_ARE_FATAL;
  const bool returns = handler == MPI_ERRORS_RETURN;
  check(PMPI_Errhandler_free(&handler), "MPI_Errhandler_free");
  if (!fatal && !returns) throw CannotSave("a communicator with a user-defined MPI error handler");
  return fatal ? ErrorHandler::kFatal : ErrorHandler::kReturn;
}

void describe_cartesian(MPI_Comm comm, CommunicatorRecipe* recipe) {
  int n = 0;
  check(PMPI_Cartdim_get(comm, &n), "MPI_Cartdim_get");
  const auto size = static_cast<std::size_t>(n);
  recipe->dims.resize(size);
  recipe->periods.resize(size);
  std::vector<int> coordinates(size);
  check(PMPI_Cart_get(comm, n, recipe->dims.data(), recipe->periods.data(), coordinates.data()),
        "MPI_Cart_get");
}

void describe_graph(MPI_Comm comm, CommunicatorRecipe* recipe) {
  int nodes = 0, edges = 0;
  check(PMPI_Graphdims_get(comm, &nodes, &edges), "MPI_Graphdims_get");
  recipe->dims.resize(static_cast<std::size_t>(nodes));
  recipe->periods.resize(static_cast<std::size_t>(edges));
  check(PMPI_Graph_get(comm, nodes, edges, recipe->dims.data(), recipe->periods.data()),
        "MPI_Graph_get");
}

void describe_distributed_graph(MPI_Comm comm, CommunicatorRecipe* recipe) {
  int in = 0, out = 0, weighted = 0;
  check(PMPI_Dist_graph_neighbors_count(comm, &in, &out, &weighted),
        "MPI_Dist_graph_neighbors_count");
  recipe->weighted = weighted != 0;
  recipe->sources.resize(static_cast<std::size_t>(in));
  recipe->source_weights.resize(static_cast<std::size_t>(in));
  recipe->targets.resize(static_cast<std::size_t>(out));
  recipe->target_weights.resize(static_cast<std::size_t>(out));
  check(
      PMPI_Dist_graph_neighbors(comm, in, recipe->sources.data(),
                                recipe->weighted ? recipe->source_weights.data() : MPI_UNWEIGHTED,
                                out, recipe->targets.data(),
                                recipe->weighted ? recipe->target_weights.data() : MPI_UNWEIGHTED),
      "MPI_Dist_graph_neighbors");
}

void describe_topology(MPI_Comm comm, CommunicatorRecipe* recipe) {
  int kind = MPI_UNDEFINED;
  check(PMPI_Topo_test(comm, &kind), "MPI_Topo_test");
  if (kind == MPI_CART) {
    recipe->topology = Topology::kCartesian;
    describe_cartesian(comm, recipe);
  } else if (kind == MPI_GRAPH) {
    recipe->topology = Topology::kGraph;
    describe_graph(comm, recipe);
  } else if (kind == MPI_DIST_GRAPH) {
    recipe->topology = Topology::kDistributedGraph;
    describe_distributed_graph(comm, recipe);
  }
}

MPI_Comm with_topology(MPI_Comm plain, const CommunicatorRecipe& r) {
  constexpr int kKeepRanks = 0;
  MPI_Comm made = MPI_COMM_NULL;
  const int n = static_cast<int>(r.dims.size());
  if (r.topology == Topology::kCartesian) {
    check(PMPI_Cart_create(plain, n, r.dims.data(), r.periods.data(), kKeepRanks, &made),
          "MPI_Cart_create");
  } else if (r.topology == Topology::kGraph) {
    check(PMPI_Graph_create(plain, n, r.dims.data(), r.periods.data(), kKeepRanks, &made),
          "MPI_Graph_create");
  } else {
    // With no neighbour at all a weights array may not be MPI_UNWEIGHTED on this rank only.
    check(
        PMPI_Dist_graph_create_adjacent(plain, static_cast<int>(r.sources.size()), r.sources.data(),
                                        r.weighted ? r.source_weights.data() : MPI_UNWEIGHTED,
                                        static_cast<int>(r.targets.size()), r.targets.data(),
                                        r.weighted ? r.target_weights.data() : MPI_UNWEIGHTED,
                                        MPI_INFO_NULL, kKeepRanks, &made),
        "MPI_Dist_graph_create_adjacent");
  }
  return made;
}

InfoEntries hints_of(MPI_Comm comm) {
  Info info;
  check(PMPI_Comm_get_info(comm, info.out()), "MPI_Comm_get_info");
  return info.entries();
}

// Without those that a communicator has unless it is told otherwise: MPICH lists all there are, and
// takes some of them differently when they are set.
InfoEntries given_hints(MPI_Comm comm) {
  static const InfoEntries own = hints_of(session::self());
  InfoEntries given;
  for (auto& hint : hints_of(comm))
    if (std::find(own.begin(), own.end(), hint) == own.end()) given.push_back(std::move(hint));
  return given;
}

}  // namespace

std::vector<int> members_in_world(MPI_Group group) {
  int n = 0;
  check(PMPI_Group_size(group, &n), "MPI_Group_size");
  std::vector<int> ranks(static_cast<std::size_t>(n)), world(ranks.size());
  for (int i = 0; i < n; ++i) ranks[static_cast<std::size_t>(i)] = i;
  Group all;
  check(PMPI_Comm_group(MPI_COMM_WORLD, all.out()), "MPI_Comm_group");
  check(PMPI_Group_translate_ranks(group, n, ranks.data(), all.get(), world.data()),
        "MPI_Group_translate_ranks");
  for (int rank : world) {
    if (rank == MPI_UNDEFINED) throw CannotSave("an MPI group with members of another MPI job");
  }
  return world;
}

CommunicatorRecipe describe_communicator(MPI_Comm comm) {
  CommunicatorRecipe recipe;
  Group group;
  check(PMPI_Comm_group(comm, group.out()), "MPI_Comm_group");
  recipe.members = members_in_world(group.get());
  char name[MPI_MAX_OBJECT_NAME + 1] = "";
  int length = 0;
  check(PMPI_Comm_get_name(comm, name, &length), "MPI_Comm_get_name");
  recipe.name.assign(name, static_cast<std::size_t>(length));
  recipe.info = given_hints(comm);
  recipe.errors = error_handler_of(comm);
  int inter = 0;
  check(PMPI_Comm_test_inter(comm, &inter), "MPI_Comm_test_inter");
  if (inter == 0) {
    describe_topology(comm, &recipe);
    return recipe;
  }
  Group remote;
  check(PMPI_Comm_remote_group(comm, remote.out()), "MPI_Comm_remote_group");
  recipe.remote = members_in_world(remote.get());
  return recipe;
}

void write_communicator(RecipeWriter& out, const CommunicatorRecipe& recipe) {
  out.integers(recipe.members);
  out.integers(recipe.remote);
  out.text(recipe.name);
  write_info(out, recipe.info);
  out.i64(static_cast<int>(recipe.errors));
  out.i64(static_cast<int>(recipe.topology));
  out.integers(recipe.dims);
  out.integers(recipe.periods);
  out.integers(recipe.sources);
  out.integers(recipe.source_weights);
  out.integers(recipe.targets);
  out.integers(recipe.target_weights);
  out.u64(recipe.weighted ? 1 : 0);
}

CommunicatorRecipe read_communicator(RecipeReader& in) {
  CommunicatorRecipe recipe;
  recipe.members = in.integers<int>();
  recipe.remote = in.integers<int>();
  recipe.name = in.text();
  recipe.info = read_info(in);
  recipe.errors = in.integer() == 0 ? ErrorHandler::kFatal : ErrorHandler::kReturn;
  const int topology = in.integer();
  if (topology < 0 || topology > 3) throw FormatError("MPI recipe: unknown topology");
  recipe.topology = static_cast<Topology>(topology);
  recipe.dims = in.integers<int>();
  recipe.periods = in.integers<int>();
  recipe.sources = in.integers<int>();
  recipe.source_weights = in.integers<int>();
  recipe.targets = in.integers<int>();
  recipe.target_weights = in.integers<int>();
  recipe.weighted = in.u64() != 0;
  return recipe;
}

void restore_settings(MPI_Comm comm, const CommunicatorRecipe& recipe) {
  check(PMPI_Comm_set_name(comm, recipe.name.c_str()), "MPI_Comm_set_name");
  if (!recipe.info.empty()) {
    const Info info(recipe.info);
    check(PMPI_Comm_set_info(comm, info.get()), "MPI_Comm_set_info");
  }
  check(PMPI_Comm_set_errhandler(
            comm, recipe.errors == ErrorHandler::kFatal ? MPI_ERRORS_ARE_FATAL : MPI_ERRORS_RETURN),
        "MPI_Comm_set_errhandler");
}

MPI_Comm build_communicator(const CommunicatorRecipe& recipe, MPI_Comm world, int tag) {
  Group all, group;
  check(PMPI_Comm_group(world, all.out()), "MPI_Comm_group");
  check(PMPI_Group_incl(all.get(), static_cast<int>(recipe.members.size()), recipe.members.data(),
                        group.out()),
        "MPI_Group_incl");
  MPI_Comm plain = MPI_COMM_NULL;
  check(PMPI_Comm_create_group(world, group.get(), tag, &plain), "MPI_Comm_create_group");
  if (plain == MPI_COMM_NULL) throw MpiError("MPI_Comm_create_group made no communicator");
  MPI_Comm made = plain;
  if (!recipe.remote.empty()) {
    check(PMPI_Intercomm_create(plain, 0, world, recipe.remote.front(), tag, &made),
          "MPI_Intercomm_create");
    check(PMPI_Comm_free(&plain), "MPI_Comm_free");
  } else if (recipe.topology != Topology::kNone) {
    made = with_topology(plain, recipe);
    check(PMPI_Comm_free(&plain), "MPI_Comm_free");
    if (made == MPI_COMM_NULL) throw MpiError("an MPI topology did not include this rank");
  }
  restore_settings(made, recipe);
  return made;
}

}  // namespace chkpt::mpi
