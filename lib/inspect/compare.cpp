// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/compare.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "inspect/compared_state.hpp"
#include "inspect/compared_values.hpp"
#include "inspect/difference_names.hpp"
#include "inspect/python_values.hpp"
#include "inspect/set_tables.hpp"

namespace chkpt::inspect {
namespace {

// Of the stream: interned strings, header, strings of library modules, body; then the contents of
// deferred containers, which are compared where the containers are met. Which strings are one
// object, and the order of sys.modules, are no state of the script. Abstract base classes hold what
// was registered with them weakly: there may be classes that only wait for the garbage collector.
enum Root : std::size_t { kInterned, kHeader, kLibraryStrings, kBody };
constexpr std::string_view kNotState[] = {"imports", "order", "own pickling", "path",
                                          "registrations"};

// Arguments of reconstructors that say how to make an object, not what it is: classes that are to
// be made before, of which some wait for the garbage collector; where in its bytes and in which
// state of its decoder a text file can be taken up, for which there are several answers.
constexpr std::pair<std::string_view, std::size_t> kNoStateArguments[] = {{"R:class", 4},
                                                                          {"R:file.text", 2}};
// Of the process part "streams": the position of standard input, which is the process's own.
constexpr std::string_view kStreams = "streams";
constexpr std::size_t kInputPosition = 2;

constexpr std::string_view kLibraryGlobals = "library globals";

constexpr Role kRoles[] = {Role::kParts, Role::kItems, Role::kPairs, Role::kState, Role::kEffect};

// Values like numbers and tuples, but saved as calls: one that a library keeps twice may come back
// as two, when its __reduce__ gives them in new objects.
constexpr std::string_view kValueTypes[] = {"builtins.slice", "builtins.range", "builtins.complex"};

class Comparison {
 public:
  Comparison(const ComparedState& before, const ComparedState& after, std::size_t limit)
      : a_(before), b_(after), limit_(limit), values_(before, after), names_(before, after) {
    partner_of_a_.assign(a_.graph().size(), kNoNode);
    partner_of_b_.assign(b_.graph().size(), kNoNode);
  }

  std::vector<Difference> run() {
    const auto &mine = a_.scanned.roots, &theirs = b_.scanned.roots;
    for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i)
      if (i == kHeader || i == kBody) compare({{mine[i], theirs[i]}, kNoParent, Role::kEffect, i});
    do {
      open_all();
    } while (match_unordered() && found_.size() < limit_);
    return std::move(found_);
  }

 private:
  void compare(Visit visit) {
    visit.nodes = {as_text(a_, visit.nodes.first), as_text(b_, visit.nodes.second)};
    const auto [a, b] = visit.nodes;
    const Kind kind = a_.graph().kind(a);
    const bool are_sets = is_set(a_, a) && is_set(b_, b);
    if (kind != b_.graph().kind(b) && !are_sets) return differ(visit, "");
    if (is_scalar(kind)) {
      if (!values_.same_scalar(kind, a, b))
        differ(visit, kind == Kind::kBuffer ? "other contents" : "");
      return;
    }
    if (partner_of_a_[a] == b) return;
    if (has_identity(a) && (partner_of_a_[a] != kNoNode || partner_of_b_[b] != kNoNode))
      return differ(visit, partner_of_a_[a] != kNoNode ? "was one object, is several"
                                                       : "was an object of its own");
    partner_of_a_[a] = b;
    partner_of_b_[b] = a;
    visits_.push_back(visit);
    open_.push_back(visits_.size() - 1);
  }

  // Objects that stay the same one however they change.
  bool has_identity(NodeId a) const {
    const Kind kind = a_.graph().kind(a);
    if (kind == Kind::kCall)
      return std::find(std::begin(kValueTypes), std::end(kValueTypes), a_.objects.callable(a)) ==
             std::end(kValueTypes);
    return kind == Kind::kList || kind == Kind::kDict || kind == Kind::kSet;
  }

  // A string that a library module has too is written as a call that gives the module's.
  static NodeId as_text(const ComparedState& side, NodeId n) {
    const bool is_call = side.graph().kind(n) == Kind::kCall;
    return is_call && side.objects.callable(n) == "R:library_string" ? side.objects.argument(n, 2)
                                                                     : n;
  }

  static std::vector<NodeId> parts(const ComparedState& side, NodeId n, Role role) {
    std::vector<NodeId> children = side.graph().children(n, role);
    const NodeId state = role == Role::kState ? side.objects.built_with(n) : kNoNode;
    if (children.empty() && state != kNoNode) children.push_back(state);
    return children;
  }

  void open_all() {
    while (!open_.empty() && found_.size() < limit_) {
      const std::size_t at = open_.back();
      open_.pop_back();
      open(at);
    }
  }

  void open(std::size_t at) {
    const Visit visit = visits_[at];
    const auto [a, b] = visit.nodes;
    if (is_set(a_, a) && is_set(b_, b) && values_.is_unordered_set(a, b)) {
      unordered_.push_back({at, set_keys(a_, a), set_keys(b_, b)});
      return;
    }
    if (is_native_table(visit) && values_.other_hashes(a, b)) {
      unordered_.push_back({at, keys_in_table(a_, a), keys_in_table(b_, b)});
      return;
    }
    const NodeId table = set_table_of(a_, a);
    if (table != kNoNode) return compare({{table, set_table_of(b_, b)}, at, Role::kEffect, 0});
    if (a_.objects.is_deferred(a) && b_.objects.is_deferred(b)) {
      const Pair contents{a_.objects.resolve(a), b_.objects.resolve(b)};
      if (contents != visit.nodes) compare({contents, at, Role::kEffect, 0});
      return;
    }
    if (lost_hash(a, b)) return differ(visit, "had another hash");
    const bool free = is_in_library_state(visit);
    if (free && values_.is_array_in_other_memory(a, b)) return;
    for (const Role role : kRoles) {
      const std::vector<NodeId> mine = parts(a_, a, role);
      std::vector<NodeId> theirs = parts(b_, b, role);
      if (free && role == Role::kPairs) theirs = values_.pairs_in_order(mine, theirs);
      for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i) {
        if (is_no_state(visit, role, mine, i)) continue;
        compare({{mine[i], theirs[i]}, at, role, i});
        if (found_.size() >= limit_) return;
      }
      if (role == Role::kState && is_at_end(mine, theirs, a)) continue;
      if (role == Role::kItems && mine.size() == theirs.size() + 1 && is_library_entry(visit))
        continue;
      if (mine.size() != theirs.size())
        return differ(visit, counts(role, mine.size(), theirs.size()));
    }
  }

  // What a library's own __reduce__ or __getstate__ gives, and its __setstate__ takes as it likes:
  // it may make arrays of its memory anew each time, and fill a __dict__ in an order of its own.
  bool is_in_library_state(const Visit& visit) const {
    const Visit* part = &visit;
    if (part->role == Role::kItems && part->parent != kNoParent) part = &visits_[part->parent];
    if (part->role != Role::kState || part->parent == kNoParent) return false;
    const NodeId object = visits_[part->parent].nodes.first;
    const std::string made_by = a_.objects.callable(object);
    return !made_by.empty() && !begins_with(made_by, "R:") && !a_.objects.is_of_own_class(object);
  }

  // Iterators that have ended are saved without a state; made again they have one that says
  // nothing: iter(()) at number 0.
  bool is_at_end(const std::vector<NodeId>& mine, const std::vector<NodeId>& theirs,
                 NodeId call) const {
    if (mine.size() + theirs.size() != 1 || a_.graph().kind(call) != Kind::kCall) return false;
    const ComparedState& side = mine.empty() ? b_ : a_;
    const NodeId state = mine.empty() ? theirs[0] : mine[0];
    return a_.objects.callable(call) == "builtins.iter" && side.graph().integer(state) == 0;
  }

  // Objects that chkpt makes anew must have the hash that they had; what a library has, or makes,
  // may have been hashed by then. That nobody had asked before the save is not known for certain.
  bool lost_hash(NodeId a, NodeId b) const {
    const NodeId mine = a_.graph().child(a, Role::kHash, 0);
    if (mine == kNoNode || a_.graph().kind(a) != Kind::kCall) return false;
    const std::string made_by = a_.objects.callable(a);
    if (made_by == "R:library.object") return false;
    if (!begins_with(made_by, "R:") && !a_.objects.is_of_own_class(a)) return false;
    const NodeId theirs = b_.graph().child(b, Role::kHash, 0);
    return theirs == kNoNode || !values_.same_scalar(Kind::kBytes, mine, theirs);
  }

  // The table of an instance of a class derived from set: part of what its state setter is given.
  bool is_native_table(const Visit& visit) const {
    constexpr std::size_t kTablePart = 5;
    if (visit.role != Role::kItems || visit.index != kTablePart) return false;
    const Visit* call = &visit;
    for (int up = 0; up < 3; ++up) {
      if (call->parent == kNoParent) return false;
      call = &visits_[call->parent];
    }
    return a_.objects.callable(call->nodes.first) == "R:native.state" &&
           b_.graph().kind(visit.nodes.second) == Kind::kTuple;
  }

  // Once all other objects have found their partners. What is left of a set may be compared if it
  // is one object; more of them could be paired in several ways. True if something was begun.
  bool match_unordered() {
    bool begun = false;
    for (auto& [at, mine, theirs] : std::exchange(unordered_, {})) {
      const Visit visit = visits_[at];
      if (mine.size() != theirs.size()) {
        differ(visit, counts(Role::kItems, mine.size(), theirs.size()));
        continue;
      }
      drop_partners(&mine, &theirs);
      if (mine.size() != theirs.size()) {
        differ(visit, "is a set of other objects");
      } else if (mine.size() == 1) {
        compare({{mine[0], theirs[0]}, at, Role::kItems, 0});
        begun = true;
      }
    }
    return begun;
  }

  void drop_partners(std::vector<NodeId>* mine, std::vector<NodeId>* theirs) const {
    const auto is_partner = [this](NodeId a, NodeId b) {
      const Kind kind = a_.graph().kind(a);
      if (kind != b_.graph().kind(b)) return false;
      return is_scalar(kind) ? values_.same_scalar(kind, a, b) : partner_of_a_[a] == b;
    };
    for (auto a = mine->begin(); a != mine->end();) {
      const auto b = std::find_if(theirs->begin(), theirs->end(),
                                  [&](NodeId other) { return is_partner(*a, other); });
      if (b == theirs->end()) {
        ++a;
        continue;
      }
      theirs->erase(b);
      a = mine->erase(a);
    }
  }

  bool is_no_state(const Visit& visit, Role role, const std::vector<NodeId>& flat,
                   std::size_t i) const {
    if (visit.parent == kNoParent) {
      if (role != Role::kPairs || i % 2 == 0) return false;
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

  // Of what has changed in libraries: [(place, holder, [(part, key[, value]), ...]), ...]. An entry
  // has no value if it is what the last import has made it; what has been put back can be just
  // that.
  bool is_library_entry(const Visit& visit) const {
    constexpr std::size_t kEntries = 2;
    const Visit* levels[4] = {&visit, nullptr, nullptr, nullptr};  // entry, list, change, list
    for (std::size_t i = 1; i < std::size(levels); ++i) {
      if (levels[i - 1]->parent == kNoParent) return false;
      levels[i] = &visits_[levels[i - 1]->parent];
    }
    const Visit &entries = *levels[1], &all = *levels[3];
    return entries.role == Role::kItems && entries.index == kEntries && all.role == Role::kPairs &&
           key_of(all) == kLibraryGlobals;
  }

  // Of a value in a dict; empty for a key.
  std::string_view key_of(const Visit& visit) const {
    if (visit.index % 2 == 0) return {};
    const NodeId dict = visits_[visit.parent].nodes.first;
    return a_.graph().raw_text(a_.graph().child(dict, Role::kPairs, visit.index - 1));
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

  static std::string shown(const ComparedState& side, NodeId n) {
    const std::string value = short_value(side.objects, n, kShownWidth);
    return value.empty() ? side.objects.type_name(n) : value;
  }

  const ComparedState& a_;
  const ComparedState& b_;
  const std::size_t limit_;
  const ComparedValues values_;
  const DifferenceNames names_;
  std::vector<NodeId> partner_of_a_, partner_of_b_;
  std::vector<Visit> visits_;
  std::vector<std::size_t> open_;
  struct UnorderedSet {
    std::size_t at;
    std::vector<NodeId> mine, theirs;
  };
  std::vector<UnorderedSet> unordered_;  // to be looked at last
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> compare_states(const SavedState& before, const SavedState& after,
                                       std::string_view meta_json, std::size_t limit) {
  const ComparedState mine(before, meta_json), theirs(after, meta_json);
  return Comparison(mine, theirs, limit).run();
}

}  // namespace chkpt::inspect
