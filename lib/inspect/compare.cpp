// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/compare.hpp"

#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "inspect/pickle_scanner.hpp"
#include "inspect/program_state.hpp"
#include "inspect/python_objects.hpp"
#include "inspect/python_values.hpp"
#include "inspect/rank_facts.hpp"

namespace chkpt::inspect {
namespace {

// Of the stream: interned strings, header, strings of library modules, body, deferred containers.
// Which strings are one object, and the order of sys.modules, are no state of the script.
enum Root : std::size_t { kInterned, kHeader, kLibraryStrings, kBody };
constexpr std::string_view kNotState[] = {"imports", "path"};

// Arguments of reconstructors that say how to make an object, not what it is: classes that are to be
// made before, of which some wait for the garbage collector; where in its bytes and in which state
// of its decoder a text file can be taken up, for which there are several answers.
constexpr std::pair<std::string_view, std::size_t> kNoStateArguments[] = {{"R:class", 4},
                                                                          {"R:file.text", 2}};
// Of the process part "streams": the position of standard input, which is the process's own.
constexpr std::string_view kStreams = "streams";
constexpr std::size_t kInputPosition = 2;

constexpr Role kRoles[] = {Role::kParts, Role::kItems, Role::kPairs, Role::kState, Role::kEffect};
constexpr std::size_t kShownWidth = 60;

// One of the two states with its names.
struct Side {
  Side(const SavedState& state, std::string_view meta)
      : buffers(state.buffers),
        scanned(scan_pickle(state.pickle, state.buffers.size())),
        objects(graph(), deferred_pickles(graph(), scanned.roots), facts_of(state.buffers)),
        program(read_program_state(objects, scanned.roots, RankFacts(meta, "state").stack())) {}

  const Graph& graph() const { return scanned.graph; }

  static std::vector<BufferFacts> facts_of(const std::vector<ByteView>& buffers) {
    std::vector<BufferFacts> facts;
    facts.reserve(buffers.size());
    for (const ByteView& buffer : buffers) facts.push_back({buffer.size, "", {buffer.size}});
    return facts;
  }

  const std::vector<ByteView>& buffers;
  ScannedPickle scanned;
  PythonObjects objects;
  ProgramState program;
};

using Pair = std::pair<NodeId, NodeId>;

// A pair of nodes that was met, and from where.
struct Visit {
  Pair nodes;
  std::size_t parent;
  Role role;
  std::size_t index;
};
constexpr std::size_t kNoParent = SIZE_MAX;

bool is_scalar(Kind kind) {
  return kind < Kind::kTuple || kind == Kind::kExtension || kind == Kind::kBuffer;
}

// Objects that stay the same one however they change.
bool has_identity(Kind kind) {
  return kind == Kind::kList || kind == Kind::kDict || kind == Kind::kSet || kind == Kind::kCall;
}

// Finds the script's name for a place in the graph.
class Names {
 public:
  Names(const Side& before, const Side& after) : before_(before), after_(after) {
    const ProgramState &a = before.program, &b = after.program;
    for (std::size_t i = 0; i < a.modules.size() && i < b.modules.size(); ++i)
      add(a.modules[i].variables, b.modules[i].variables, a.modules[i].name + ".");
    for (std::size_t i = 0; i < a.frames.size() && i < b.frames.size(); ++i)
      add(a.frames[i].locals, b.frames[i].locals, a.frames[i].label() + ".<locals>.");
  }

  std::string path(const std::vector<Visit>& chain) const {
    std::size_t at = chain.size();
    std::string name;
    while (at-- > 0) {
      const auto found = variables_.find(chain[at].nodes);
      if (found == variables_.end()) continue;
      name = found->second;
      break;
    }
    if (name.empty()) return unnamed(chain);
    for (std::size_t next = at; (next = next_part(chain, at, &name)) != at;) at = next;
    return name;
  }

 private:
  void add(const std::vector<NamedValue>& a, const std::vector<NamedValue>& b,
           const std::string& prefix) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (a[i].name == b[i].name)
        variables_.emplace(Pair(a[i].value, b[i].value), prefix + a[i].name);
  }

  // The last object on the chain that is a named part of chain[at]; `at` if there is none.
  std::size_t next_part(const std::vector<Visit>& chain, std::size_t at, std::string* name) const {
    std::size_t total = 0;
    const auto [a, b] = chain[at].nodes;
    const auto mine = parts_of(before_.objects, before_.objects.resolve(a), SIZE_MAX, &total);
    const auto theirs = parts_of(after_.objects, after_.objects.resolve(b), SIZE_MAX, &total);
    std::map<Pair, std::string> parts;
    for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i)
      parts.emplace(Pair(mine[i].value, theirs[i].value), mine[i].suffix);
    for (std::size_t next = chain.size() - 1; next > at; --next) {
      const auto found = parts.find(chain[next].nodes);
      if (found == parts.end()) continue;
      *name += found->second;
      return next;
    }
    return at;
  }

  // What no variable leads to: "process.random", "deferred containers".
  std::string unnamed(const std::vector<Visit>& chain) const {
    if (chain.front().index > kBody) return "the contents of a set or dict";
    std::string name;
    for (const Visit& visit : chain) {
      if (visit.role == Role::kItems) name += "[" + std::to_string(visit.index) + "]";
      if (visit.role != Role::kPairs || visit.index % 2 == 0) continue;
      const NodeId container = chain[static_cast<std::size_t>(&visit - chain.data()) - 1].nodes.first;
      const NodeId key = before_.graph().child(container, Role::kPairs, visit.index - 1);
      name += (name.empty() ? "" : ".") + short_value(before_.objects, key, kShownWidth);
    }
    return name.empty() ? "the saved state" : name;
  }

  const Side& before_;
  const Side& after_;
  std::map<Pair, std::string> variables_;
};

class Comparison {
 public:
  Comparison(const Side& before, const Side& after, std::size_t limit)
      : a_(before), b_(after), limit_(limit), names_(before, after) {
    partner_of_a_.assign(a_.graph().size(), kNoNode);
    partner_of_b_.assign(b_.graph().size(), kNoNode);
  }

  std::vector<Difference> run() {
    const auto &mine = a_.scanned.roots, &theirs = b_.scanned.roots;
    for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i)
      if (i != kInterned && i != kLibraryStrings)
        compare({{mine[i], theirs[i]}, kNoParent, Role::kEffect, i});
    while (!open_.empty() && found_.size() < limit_) {
      const std::size_t at = open_.back();
      open_.pop_back();
      open(at);
    }
    if (found_.empty() && mine.size() != theirs.size())
      found_.push_back({"the saved state", "has another number of parts"});
    return std::move(found_);
  }

 private:
  void compare(const Visit& visit) {
    const auto [a, b] = visit.nodes;
    const Kind kind = a_.graph().kind(a);
    if (kind != b_.graph().kind(b)) return differ(visit, "");
    if (is_scalar(kind)) {
      if (!same_scalar(kind, a, b)) differ(visit, kind == Kind::kBuffer ? "other contents" : "");
      return;
    }
    if (partner_of_a_[a] == b) return;
    if (has_identity(kind) && (partner_of_a_[a] != kNoNode || partner_of_b_[b] != kNoNode))
      return differ(visit, partner_of_a_[a] != kNoNode ? "was one object, is several"
                                                       : "was an object of its own");
    partner_of_a_[a] = b;
    partner_of_b_[b] = a;
    visits_.push_back(visit);
    open_.push_back(visits_.size() - 1);
  }

  void open(std::size_t at) {
    const Visit visit = visits_[at];
    const auto [a, b] = visit.nodes;
    for (const Role role : kRoles) {
      const std::vector<NodeId> mine = a_.graph().children(a, role);
      const std::vector<NodeId> theirs = b_.graph().children(b, role);
      for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i) {
        if (is_no_state(visit, role, mine, i)) continue;
        compare({{mine[i], theirs[i]}, at, role, i});
        if (found_.size() >= limit_) return;
      }
      if (mine.size() != theirs.size()) return differ(visit, counts(role, mine.size(), theirs.size()));
    }
  }

  bool is_no_state(const Visit& visit, Role role, const std::vector<NodeId>& flat,
                   std::size_t i) const {
    if (visit.parent == kNoParent) {
      if (visit.index != kHeader || role != Role::kPairs || i % 2 == 0) return false;
      for (const std::string_view key : kNotState)
        if (a_.graph().raw_text(flat[i - 1]) == key) return true;
      return false;
    }
    if (role != Role::kItems) return false;
    if (visit.role == Role::kPairs && i == kInputPosition) return key_of(visit) == kStreams;
    if (visit.role != Role::kParts) return false;
    const std::string made_by = a_.objects.callable(visits_[visit.parent].nodes.first);
    for (const auto& [callable, argument] : kNoStateArguments)
      if (i == argument && made_by == callable) return true;
    return false;
  }

  // Of a value in a dict; empty for a key.
  std::string_view key_of(const Visit& visit) const {
    if (visit.index % 2 == 0) return {};
    const NodeId dict = visits_[visit.parent].nodes.first;
    return a_.graph().raw_text(a_.graph().child(dict, Role::kPairs, visit.index - 1));
  }

  bool same_scalar(Kind kind, NodeId a, NodeId b) const {
    const Graph &ga = a_.graph(), &gb = b_.graph();
    switch (kind) {
      case Kind::kNone:
        return true;
      case Kind::kBool:
        return ga.truth(a) == gb.truth(b);
      case Kind::kInt:
        return ga.integer(a) == gb.integer(b) && ga.long_digits(a) == gb.long_digits(b);
      case Kind::kFloat: {
        const double mine = ga.real(a), theirs = gb.real(b);
        return std::memcmp(&mine, &theirs, sizeof mine) == 0;
      }
      case Kind::kExtension:
        return ga.number(a) == gb.number(b);
      case Kind::kBuffer:
        return same_buffer(ga.number(a), gb.number(b));
      default:
        return ga.raw_text(a) == gb.raw_text(b);
    }
  }

  bool same_buffer(std::uint64_t a, std::uint64_t b) const {
    if (a >= a_.buffers.size() || b >= b_.buffers.size()) return false;
    const ByteView mine = a_.buffers[a], theirs = b_.buffers[b];
    return mine.size == theirs.size &&
           (mine.size == 0 || std::memcmp(mine.data, theirs.data, mine.size) == 0);
  }

  static std::string counts(Role role, std::size_t before, std::size_t after) {
    const std::size_t each = role == Role::kPairs ? 2 : 1;
    const char* noun = role == Role::kState || role == Role::kEffect ? " states" : " entries";
    return "had " + std::to_string(before / each) + noun + ", has " + std::to_string(after / each);
  }

  void differ(const Visit& visit, std::string text) {
    std::vector<Visit> chain{visit};
    for (std::size_t up = visit.parent; up != kNoParent; up = visits_[up].parent)
      chain.insert(chain.begin(), visits_[up]);
    if (text.empty())
      text = "was " + shown(a_, visit.nodes.first) + ", is " + shown(b_, visit.nodes.second);
    found_.push_back({names_.path(chain), text});
  }

  static std::string shown(const Side& side, NodeId n) {
    const std::string value = short_value(side.objects, n, kShownWidth);
    return value.empty() ? side.objects.type_name(n) : value;
  }

  const Side& a_;
  const Side& b_;
  const std::size_t limit_;
  const Names names_;
  std::vector<NodeId> partner_of_a_, partner_of_b_;
  std::vector<Visit> visits_;
  std::vector<std::size_t> open_;
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> compare_states(const SavedState& before, const SavedState& after,
                                       std::string_view meta_json, std::size_t limit) {
  const Side mine(before, meta_json), theirs(after, meta_json);
  return Comparison(mine, theirs, limit).run();
}

}  // namespace chkpt::inspect
