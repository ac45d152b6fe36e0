// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect tree: the variables of a rank by name, with what they hold and how large they are.
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/units.hpp"
#include "inspect/commands.hpp"
#include "inspect/rank_contents.hpp"
#include "inspect/rank_groups.hpp"
#include "inspect/text.hpp"
#include "inspect/variables.hpp"

namespace chkpt::inspect {
namespace {

Json optional_text(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json to_json(const Variable& v) {
  Json out{{"name", v.name},
           {"depth", v.depth},
           {"type", v.type},
           {"dtype", optional_text(v.dtype)},
           {"shape", nullptr},
           {"length", nullptr},
           {"bytes", v.bytes},
           {"bytes_complete", v.bytes_complete},
           {"value", optional_text(v.value)},
           {"alias_of", optional_text(v.alias_of)},
           {"view_of", optional_text(v.view_of)},
           {"more_parts", v.more_parts}};
  if (v.shape) out["shape"] = *v.shape;
  if (v.length) out["length"] = *v.length;
  return out;
}

std::string marks(const Variable& v, const Terminal& terminal) {
  if (!v.alias_of.empty()) return "is " + printable(v.alias_of);
  if (!v.view_of.empty()) return "shares memory with " + printable(v.view_of);
  if (v.more_parts > 0) {
    return std::string(terminal.ellipsis()) + " " + std::to_string(v.more_parts) + " more";
  }
  return printable(v.value);
}

// Parts of a variable are shown below it by their own part of the name.
std::string own_name(const Variable& v, const VariableQuery& query) {
  if (!query.glob.empty() || v.depth == 0) return printable(v.name);
  return std::string(2 * static_cast<std::size_t>(v.depth), ' ') + printable(v.part);
}

void print(const RankContents& rank, const VariableList& list, const VariableQuery& query,
           Terminal& terminal) {
  terminal.line("rank " + std::to_string(rank.rank()) + " of " +
                    std::to_string(rank.file().id().nranks) + ", epoch " +
                    std::to_string(rank.file().id().epoch),
                Style::kBold);
  Table table({{"name", Table::Align::kLeft, 1, Style::kName},
               {"type", Table::Align::kLeft, 2},
               {"bytes", Table::Align::kRight},
               {"value", Table::Align::kLeft, 3, Style::kDim, false}});
  for (const Variable& v : list.variables) {
    table.row({own_name(v, query), kind_text(v),
               (v.bytes_complete ? "" : ">") + format_bytes(v.bytes), marks(v, terminal)});
  }
  if (!table.empty()) table.print(terminal);
  if (list.hidden > 0 && query.glob.empty()) {
    terminal.line("  " + plural(list.hidden, "definition") +
                      " not shown (modules, functions, classes, __names__): --all",
                  Style::kDim);
  }
}

}  // namespace

int show_tree(const Invocation& invocation, Terminal& terminal) {
  const Target target = resolve_target(invocation.path);
  const store::SnapshotRef snapshot = snapshot_of(target);
  VariableQuery query;
  query.glob = invocation.glob;
  query.all = invocation.all;
  if (invocation.depth) {
    query.depth = *invocation.depth;
    query.open_all = true;
  }
  Json ranks = Json::array();
  std::size_t found = 0;
  for (const int rank : chosen_ranks(invocation, target, snapshot, RankChoice::kFirst)) {
    const RankContents contents = RankContents::load(target, snapshot, rank);
    const VariableList list = list_variables(contents.objects(), contents.state(), query);
    found += list.variables.size();
    if (invocation.json) {
      Json variables = Json::array();
      for (const Variable& v : list.variables) variables.push_back(to_json(v));
      ranks.push_back({{"rank", rank}, {"variables", variables}, {"hidden", list.hidden}});
    } else {
      print(contents, list, query, terminal);
    }
  }
  if (invocation.json) {
    const Json out{{"schema", "chkpt-inspect/tree/1"},
                   {"path", snapshot.path},
                   {"epoch", snapshot.epoch},
                   {"ranks", ranks}};
    terminal.out() << dump_json(out, 2) << '\n';
  }
  if (found == 0 && !query.glob.empty()) {
    throw UsageError("no variable matches '" + printable(query.glob) + "'");
  }
  return kFine;
}

}  // namespace chkpt::inspect
