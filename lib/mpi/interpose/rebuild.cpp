// SPDX-License-Identifier: BSD-3-Clause
// Communicators are made in the order of their ids. That order is the same on every rank and every
// member of a communicator has it in its list, so the smallest one not yet made is the next one of
// all its members: no two ranks can wait for each other.
#include "mpi/interpose/rebuild.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "mpi/interpose/attributes.hpp"
#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/wall_clock.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

constexpr std::uint64_t kVersion = 9;

bool is_predefined(const CommId& id) { return id.find('/') == CommId::npos; }

std::uint64_t fingerprint(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// ---------------------------------------------------------------- bytes

void write_saved(RecipeWriter& out, const SavedComm& comm) {
  out.text(comm.id);
  out.integers(comm.members);
  out.integers(comm.local);
  out.u64(comm.clock);
  out.u64(comm.created);
  out.u64(comm.group_created.size());
  for (const auto& entry : comm.group_created) {
    out.text(entry.first);
    out.u64(entry.second);
  }
  out.integers(comm.sent);
  out.integers(comm.received);
  out.u64(comm.two_phase_until);
  out.u64(comm.drained.size());
  for (const Drained& message : comm.drained) {
    out.i64(message.source);
    out.i64(message.tag);
    out.u64(message.ack);
    out.i64(message.ack_to);
    out.bytes(message.data.data(), message.data.size());
  }
}

SavedComm read_saved(RecipeReader& in) {
  SavedComm comm;
  comm.id = in.text();
  comm.members = in.integers<int>();
  comm.local = in.integers<int>();
  comm.clock = in.u64();
  comm.created = in.u64();
  for (std::size_t n = in.count(16); n > 0; --n) {
    std::string members = in.text();
    comm.group_created[std::move(members)] = in.u64();
  }
  comm.sent = in.integers<std::uint64_t>();
  comm.received = in.integers<std::uint64_t>();
  if (comm.sent.size() != comm.members.size() || comm.received.size() != comm.members.size()) {
    throw FormatError("MPI recipe: message counters do not fit communicator " + comm.id);
  }
  comm.two_phase_until = in.u64();
  comm.drained.resize(in.count(40));
  for (Drained& message : comm.drained) {
    message.source = in.integer();
    message.tag = in.integer();
    message.ack = in.u64();
    message.ack_to = in.integer();
    const ByteView data = in.bytes();
    message.data.assign(data.data, data.data + data.size);
  }
  return comm;
}

void write_joint(RecipeWriter& out, const JointClock& clock) {
  out.text(clock.id);
  out.u64(clock.value);
  out.integers(clock.members);
}

JointClock read_joint(RecipeReader& in) {
  JointClock clock;
  clock.id = in.text();
  clock.value = in.u64();
  clock.members = in.integers<int>();
  return clock;
}

void write_context(RecipeWriter& out, const SavedContext& context) {
  out.text(context.comm);
  out.text(context.duplicate);
  out.text(context.local);
  out.i64(context.tag);
  out.i64(context.low_group);
}

SavedContext read_context(RecipeReader& in) {
  SavedContext context;
  context.comm = in.text();
  context.duplicate = in.text();
  context.local = in.text();
  context.tag = in.integer();
  context.low_group = in.integer();
  return context;
}

void write_half(RecipeWriter& out, const std::optional<SentHalf>& half) {
  out.u64(half ? 1 : 0);
  if (!half) return;
  out.text(half->call);
  out.text(half->comm);
  out.i64(half->dest);
  out.i64(half->tag);
  out.u64(half->sync);
}

std::optional<SentHalf> read_half(RecipeReader& in) {
  if (in.u64() == 0) return std::nullopt;
  SentHalf half;
  half.call = in.text();
  half.comm = in.text();
  half.dest = in.integer();
  half.tag = in.integer();
  half.sync = in.u64();
  return half;
}

void write_sync_send(RecipeWriter& out, const sync_sends::Saved& send) {
  out.text(send.comm);
  out.u64(send.id);
  out.i64(send.dest);
  out.i64(send.tag);
  out.u64(send.later);
}

sync_sends::Saved read_sync_send(RecipeReader& in) {
  sync_sends::Saved send;
  send.comm = in.text();
  send.id = in.u64();
  send.dest = in.integer();
  send.tag = in.integer();
  send.later = in.u64();
  return send;
}

void write_wall_clock(RecipeWriter& out, const std::optional<double>& reading) {
  out.u64(reading ? 1 : 0);
  if (!reading) return;
  std::uint64_t bits = 0;
  static_assert(sizeof bits == sizeof *reading);
  std::memcpy(&bits, &*reading, sizeof bits);
  out.u64(bits);
}

std::optional<double> read_wall_clock(RecipeReader& in) {
  if (in.u64() == 0) return std::nullopt;
  const std::uint64_t bits = in.u64();
  double reading = 0;
  std::memcpy(&reading, &bits, sizeof bits);
  return reading;
}

// ---------------------------------------------------------------- capture

RankState::Communicator captured(const CommInfo& info) {
  RankState::Communicator comm;
  if (info.handle == MPI_COMM_NULL) throw CannotSave("a communicator that is still being made");
  comm.state = saved(info);
  comm.fortran_number = fortran_numbers::of_saved(fortran_numbers::Family::kComm,
                                                  fortran_numbers::bits_of(info.handle));
  for (const Drained& message : comm.state.drained) {
    if (!message.ready) throw CannotSave("an MPI message that is still arriving");
  }
  try {
    comm.recipe = describe_communicator(info.handle);
  } catch (const CannotSave& e) {
    throw CannotSave(std::string(e.what()) + " (communicator " + info.id + ")");
  }
  return comm;
}

// ---------------------------------------------------------------- rebuild

// The library may talk on this duplicate while communicators are made; the script never sees it.
class PrivateWorld {
 public:
  PrivateWorld() {
    check(PMPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
    check(PMPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  ~PrivateWorld() { PMPI_Comm_free(&comm_); }
  PrivateWorld(const PrivateWorld&) = delete;
  PrivateWorld& operator=(const PrivateWorld&) = delete;
  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

// What would make ranks wait for each other or for nobody must be found before the first of them
// starts waiting.
void validate(const RankState& state) {
  std::set<CommId> seen;
  for (const auto& comm : state.communicators) {
    const bool inter = !comm.state.local.empty();
    const auto& own = inter ? comm.state.local : comm.state.members;
    if (comm.state.id.empty() || !seen.insert(comm.state.id).second) {
      throw FormatError("MPI recipe: communicator " + comm.state.id + " twice");
    }
    if (own != comm.recipe.members ||
        comm.recipe.remote != (inter ? comm.state.members : std::vector<int>{})) {
      throw FormatError("MPI recipe: members of communicator " + comm.state.id + " disagree");
    }
    for (const int rank : comm.state.members) {
      if (rank < 0 || rank >= session::size()) {
        throw FormatError("MPI recipe: communicator " + comm.state.id + " has a member " +
                          std::to_string(rank) + " outside this job");
      }
    }
    if (std::find(own.begin(), own.end(), session::rank()) == own.end()) {
      throw FormatError("MPI recipe: this rank is no member of communicator " + comm.state.id);
    }
  }
}

MPI_Comm predefined(const CommId& id) {
  if (id == "w") return MPI_COMM_WORLD;
  if (id == "s" + std::to_string(session::rank())) return MPI_COMM_SELF;
  throw FormatError("MPI recipe: unknown predefined communicator " + id);
}

// The members must have made the same communicator: its first collective shows it.
void compare_identity(MPI_Comm comm, const CommId& id) {
  const auto own = static_cast<std::int64_t>(fingerprint(id) >> 1);
  const std::int64_t mine[2] = {own, -own};
  std::int64_t range[2] = {own, -own};  // of an intercommunicator: of the other group
  check(PMPI_Allreduce(mine, range, 2, MPI_INT64_T, MPI_MAX, comm), "MPI_Allreduce");
  if (range[0] != own || range[1] != -own) {
    throw MpiError("communicator " + id + " was rebuilt as different ones on its members");
  }
}

MPI_Comm build_one(const RankState::Communicator& comm, MPI_Comm world) {
  const CommId& id = comm.state.id;
  if (is_predefined(id)) {
    const MPI_Comm handle = predefined(id);
    restore_settings(handle, comm.recipe);
    return handle;
  }
  constexpr std::uint64_t kTags = 32767;  // MPI guarantees no more
  const MPI_Comm made =
      build_communicator(comm.recipe, world, static_cast<int>(fingerprint(id) % kTags));
  compare_identity(made, id);
  return made;
}

std::vector<MPI_Comm> build_all(const RankState& state) {
  const auto& comms = state.communicators;
  std::vector<std::size_t> order(comms.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return comms[a].state.id < comms[b].state.id; });
  const PrivateWorld world;
  std::vector<MPI_Comm> made(comms.size(), MPI_COMM_NULL);
  for (const std::size_t i : order) made[i] = build_one(comms[i], world.get());
  return made;
}

}  // namespace

RankState capture_rank_state() {
  RankState state;
  state.script_initialized = session::script_initialized();
  state.script_finalized = session::script_finalized();
  state.thread_level = session::script_thread_level();
  state.next_key = attributes::next_number();
  if (!session::active()) return state;
  registry().for_each([&](const CommInfo& info) { state.communicators.push_back(captured(info)); });
  state.joint_clocks = registry().joint_clocks();
  state.sent_half = sent_half::pending();
  state.sync_sends = sync_sends::saved();
  state.next_sync_send = sync_sends::next_id();
  state.wall_clock = wall_clock::reading();
  windows::for_each(
      [&](const WindowInfo& window) { state.windows.push_back(describe_window(window)); });
  open_files::for_each([&](const FileInfo& file) { state.files.push_back(describe_file(file)); });
  return state;
}

Bytes encode(const RankState& state) {
  RecipeWriter out;
  out.u64(kVersion);
  out.u64(state.script_initialized ? 1 : 0);
  out.u64(state.script_finalized ? 1 : 0);
  out.i64(state.thread_level);
  out.bytes(state.settings.data(), state.settings.size());
  out.i64(state.next_key);
  out.u64(state.communicators.size());
  for (const auto& comm : state.communicators) {
    write_saved(out, comm.state);
    write_communicator(out, comm.recipe);
    out.i64(comm.fortran_number);
  }
  out.u64(state.joint_clocks.size());
  for (const auto& clock : state.joint_clocks) write_joint(out, clock);
  out.u64(state.contexts.size());
  for (const auto& context : state.contexts) write_context(out, context);
  write_half(out, state.sent_half);
  write_wall_clock(out, state.wall_clock);
  out.u64(state.next_sync_send);
  out.u64(state.sync_sends.size());
  for (const auto& send : state.sync_sends) write_sync_send(out, send);
  out.u64(state.windows.size());
  for (const auto& window : state.windows) write_window(out, window);
  out.u64(state.files.size());
  for (const auto& file : state.files) write_file(out, file);
  return out.take();
}

RankState decode(ByteView section) {
  RecipeReader in(section);
  if (in.u64() != kVersion) throw FormatError("MPI recipe: written by another version of chkpt");
  RankState state;
  state.script_initialized = in.u64() != 0;
  state.script_finalized = in.u64() != 0;
  state.thread_level = in.integer();
  const ByteView settings = in.bytes();
  state.settings.assign(settings.data, settings.data + settings.size);
  state.next_key = in.integer();
  state.communicators.resize(in.count(64));
  for (auto& comm : state.communicators) {
    comm.state = read_saved(in);
    comm.recipe = read_communicator(in);
    comm.fortran_number = in.integer();
  }
  for (std::size_t n = in.count(24); n > 0; --n) state.joint_clocks.push_back(read_joint(in));
  for (std::size_t n = in.count(40); n > 0; --n) state.contexts.push_back(read_context(in));
  state.sent_half = read_half(in);
  state.wall_clock = read_wall_clock(in);
  state.next_sync_send = in.u64();
  for (std::size_t n = in.count(40); n > 0; --n) state.sync_sends.push_back(read_sync_send(in));
  for (std::size_t n = in.count(88); n > 0; --n) state.windows.push_back(read_window(in));
  for (std::size_t n = in.count(104); n > 0; --n) state.files.push_back(read_file(in));
  if (!in.at_end()) throw FormatError("MPI recipe: bytes left over");
  return state;
}

void rebuild(const RankState& state) {
  std::string problem;
  try {
    validate(state);
  } catch (const Error& e) {
    problem = e.what();
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (!verdict.ok) throw FormatError(verdict.message);
  if (!session::active()) return;
  const std::vector<MPI_Comm> made = build_all(state);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const RankState::Communicator& comm = state.communicators[i];
    registry().adopt(made[i], comm.state);
    if (comm.fortran_number != fortran_numbers::kNone)
      fortran_numbers::adopt(fortran_numbers::Family::kComm, fortran_numbers::bits_of(made[i]),
                             comm.fortran_number);
  }
  for (const JointClock& clock : state.joint_clocks) registry().adopt_joint(clock);
  sync_sends::adopt(state.sync_sends, state.next_sync_send);
  if (state.sent_half) sent_half::adopt(*state.sent_half);
  if (state.wall_clock) wall_clock::go_on_from(*state.wall_clock);
  // In the order of ids, as the communicators.
  for (const WindowRecipe& window : state.windows) {
    if (window.memory != WindowMemory::kScript) build_window(window, nullptr);
  }
  for (const FileRecipe& file : state.files) build_file(file);
}

}  // namespace chkpt::mpi
