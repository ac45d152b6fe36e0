// SPDX-License-Identifier: BSD-3-Clause
// What a pickle would build, as data: a graph of values, containers and labelled calls. Nothing is
// imported or called. Scalars keep only their place in the stream (16 bytes a node) and are decoded
// when somebody asks, so that a list of ten million floats stays affordable. Borrows the stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace chkpt::inspect {

using NodeId = std::uint32_t;
constexpr NodeId kNoNode = 0xffffffffU;

enum class Kind : std::uint8_t {
  kNone,
  kBool,
  kInt,
  kFloat,
  kText,
  kBytes,
  kByteArray,
  kTuple,
  kList,
  kDict,
  kSet,
  kFrozenSet,
  kGlobal,      // a name in a module: see Graph::global_name
  kCall,        // callable(*args): REDUCE, NEWOBJ, NEWOBJ_EX, OBJ, INST
  kPersistent,  // what the program that wrote the pickle labelled by itself; kParts = {label}
  kExtension,   // copyreg extension code
  kBuffer,      // out-of-band buffer number Graph::buffer_index
};

// What an edge from a container or call to another node means.
enum class Role : std::uint8_t {
  kItems,   // elements; of a call: what was appended to or added to its result
  kPairs,   // key, value, key, value ...
  kParts,   // of a call: callable, arguments tuple[, keyword arguments]; of a global: module, name
  kState,   // argument of BUILD
  kEffect,  // a call with this node as its first argument whose result was thrown away
  kHash,    // the hash, as bytes, that the object has by an address or a name
};

class Graph {
 public:
  explicit Graph(ByteView stream) : stream_(stream) {}

  std::size_t size() const { return nodes_.size(); }
  Kind kind(NodeId n) const { return nodes_[n].kind; }

  // Number of edges of that role; children() stops after `limit` of them.
  std::size_t count(NodeId n, Role role) const;
  std::vector<NodeId> children(NodeId n, Role role, std::size_t limit = SIZE_MAX) const;
  NodeId child(NodeId n, Role role, std::size_t index) const;  // kNoNode if there is none
  // Every edge, whatever its role.
  template <class Visit>
  void each_edge(NodeId n, Visit visit) const;

  // Bytes in the stream that are this node's own: its instruction, not its children or its buffer.
  std::size_t own_bytes(NodeId n) const;

  bool truth(NodeId n) const;                           // kBool
  std::optional<std::int64_t> integer(NodeId n) const;  // kInt that fits
  std::string integer_text(NodeId n) const;             // kInt of any size; long ones in hex
  std::string_view long_digits(NodeId n) const;         // kInt that does not: as it is stored
  double real(NodeId n) const;                          // kFloat
  std::string_view raw_text(NodeId n) const;            // payload of kText, kBytes, kByteArray
  std::string text(NodeId n) const;                     // kText as UTF-8, else ""
  std::string global_name(NodeId n) const;              // kGlobal: "module.name", else ""
  std::uint64_t number(NodeId n) const;                 // kExtension's code, kBuffer's index

 private:
  friend class GraphBuilder;
  struct Node {
    std::uint64_t offset;  // of the instruction that made it
    std::uint32_t extra;   // record of a composite, index of a buffer
    Kind kind;
  };
  struct Composite {
    std::uint32_t first_run = kNoNode;
    std::uint32_t last_run = kNoNode;
  };
  struct Run {
    std::uint64_t first_edge;
    std::uint32_t edges;
    std::uint32_t next;
    Role role;
  };
  static bool is_composite(Kind kind);
  std::uint32_t first_run(NodeId n) const;

  ByteView stream_;
  std::vector<Node> nodes_;
  std::vector<Composite> composites_;
  std::vector<Run> runs_;
  std::vector<NodeId> edges_;
};

template <class Visit>
void Graph::each_edge(NodeId n, Visit visit) const {
  for (std::uint32_t r = first_run(n); r != kNoNode; r = runs_[r].next) {
    for (std::uint32_t i = 0; i < runs_[r].edges; ++i) visit(edges_[runs_[r].first_edge + i]);
  }
}

}  // namespace chkpt::inspect
