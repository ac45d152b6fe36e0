// SPDX-License-Identifier: BSD-3-Clause
// The pickle graph in Python's terms: types, lengths, shapes, attributes, entries. Knows the labels
// (persistent ids) and reconstructor names that chkpt's pickler writes and those of the standard
// library and numpy. What it does not know it names after the callable; it never guesses a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "inspect/pickle_graph.hpp"

namespace chkpt::inspect {

struct BufferFacts {
  std::uint64_t bytes = 0;
  std::string format;
  std::vector<std::uint64_t> shape;
};

struct Array {
  std::string dtype;  // "float64", ">i4", "" if unknown
  std::vector<std::uint64_t> shape;
  bool shape_known = false;
  NodeId base = kNoNode;  // the array whose memory it shares
};

struct Attribute {
  std::string name;
  NodeId value = kNoNode;
};

class PythonObjects {
 public:
  // Borrows the graph. `deferred`: the pickles that follow the body, with the contents of
  // containers that were written by number.
  PythonObjects(const Graph& graph, const std::vector<NodeId>& deferred,
                std::vector<BufferFacts> buffers);

  const Graph& graph() const { return graph_; }
  const std::vector<BufferFacts>& buffers() const { return buffers_; }

  // Tag and arguments of a persistent id: {"s", "os", "environ"}; empty for other nodes.
  std::vector<std::string> label(NodeId n) const;
  // The contents of a deferred container; every other node is returned unchanged.
  NodeId resolve(NodeId n) const;
  bool is_deferred(NodeId n) const;
  bool is_set_table(NodeId n) const;   // a set or frozenset written as its hash table
  bool is_empty_slot(NodeId n) const;  // an unbound local
  // What a closure cell holds; kNoNode if empty. Other nodes are returned unchanged.
  NodeId through_cell(NodeId n) const;

  // "builtins.complex", "R:function" for one of our reconstructors, "" if not a call.
  std::string callable(NodeId call) const;
  NodeId argument(NodeId call, std::size_t index) const;
  // What BUILD gives to an instance, also where that follows the body because the pickle would have
  // become too deep.
  NodeId built_with(NodeId n) const;
  // What one of our state setters is given beside the object.
  NodeId setter_state(NodeId n) const;

  bool is_class(NodeId n) const;
  bool is_function(NodeId n) const;
  bool is_module(NodeId n) const;
  bool is_code(NodeId n) const;

  std::string type_name(NodeId n) const;
  std::optional<std::uint64_t> length(NodeId n) const;
  std::optional<Array> array(NodeId n) const;
  // Keys and values of a dict, a deferred dict or an instance of a subclass.
  std::vector<std::pair<NodeId, NodeId>> pairs(NodeId n, std::size_t limit) const;
  // Elements of a list, tuple or set, of a subclass or of what grew by APPENDS.
  std::vector<NodeId> items(NodeId n, std::size_t limit) const;
  // Values of an instance's own dict and slots.
  std::vector<Attribute> attributes(NodeId n, std::size_t limit) const;
  std::string class_name(NodeId cls) const;
  // An instance of one of the program's own classes, which are saved by value.
  bool is_of_own_class(NodeId n) const;

 private:
  NodeId native_part(NodeId n, std::size_t index, Kind kind) const;
  NodeId set_table(NodeId n) const;
  std::vector<NodeId> table_items(NodeId table, std::size_t limit) const;
  NodeId instance_state(NodeId n) const;
  void add_dict(NodeId dict, std::size_t limit, std::vector<Attribute>* out) const;
  std::vector<std::string> slot_names(NodeId cls, int depth) const;

  const Graph& graph_;
  std::vector<BufferFacts> buffers_;
  std::unordered_map<std::uint64_t, NodeId> deferred_;
  std::unordered_map<NodeId, NodeId> put_off_;  // states of instances that follow the body
};

}  // namespace chkpt::inspect
