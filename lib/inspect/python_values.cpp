// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/python_values.hpp"

#include <algorithm>
#include <string_view>

#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

constexpr int kShownNesting = 3;
constexpr std::size_t kShownItems = 12;
constexpr std::size_t kKeyWidth = 40;

class ValueText {
 public:
  ValueText(const PythonObjects& objects, std::size_t width)
      : objects_(objects), graph_(objects.graph()), width_(width) {}

  std::string of(NodeId n, int nesting) const {
    if (n == kNoNode) return "?";
    switch (graph_.kind(n)) {
      case Kind::kNone:
        return "None";
      case Kind::kBool:
        return graph_.truth(n) ? "True" : "False";
      case Kind::kInt:
        return graph_.integer_text(n);
      case Kind::kFloat:
        return python_float(graph_.real(n));
      case Kind::kText:
        return quote_text(graph_.raw_text(n), width_);
      case Kind::kBytes:
        return quote_bytes(graph_.raw_text(n), width_);
      case Kind::kByteArray:
        return "bytearray(" + quote_bytes(graph_.raw_text(n), width_) + ")";
      case Kind::kTuple:
        return tuple(n, nesting);
      case Kind::kList:
        return sequence(n, "[", "]", nesting);
      case Kind::kSet:
        return set(n, "set()", "{", "}", nesting);
      case Kind::kFrozenSet:
        return set(n, "frozenset()", "frozenset({", "})", nesting);
      case Kind::kDict:
        return dict(n, nesting);
      case Kind::kGlobal:
        return printable(graph_.global_name(n));
      case Kind::kExtension:
        return "<extension " + std::to_string(graph_.number(n)) + ">";
      case Kind::kBuffer:
        return "<buffer " + std::to_string(graph_.number(n)) + ">";
      case Kind::kPersistent:
        return persistent(n, nesting);
      case Kind::kCall:
        return call(n, nesting);
    }
    return "?";
  }

 private:
  // Items until the width is used up, then "...".
  template <class Items, class Write>
  std::string joined(const Items& items, std::size_t total, Write write) const {
    std::string out;
    std::size_t shown = 0;
    for (const auto& item : items) {
      if (shown >= kShownItems || columns(out) >= width_) break;
      if (shown > 0) out += ", ";
      out += write(item);
      ++shown;
    }
    if (shown < total) out += shown > 0 ? ", ..." : "...";
    return out;
  }

  std::string sequence(NodeId n, const char* open, const char* close, int nesting) const {
    const std::size_t total = objects_.length(n).value_or(0);
    if (nesting >= kShownNesting && total > 0) return std::string(open) + "..." + close;
    return open +
           joined(objects_.items(n, kShownItems), total,
                  [&](NodeId item) { return of(item, nesting + 1); }) +
           close;
  }

  std::string tuple(NodeId n, int nesting) const {
    if (n == kNoNode || graph_.kind(n) != Kind::kTuple) return "(...)";
    return sequence(n, "(", graph_.count(n, Role::kItems) == 1 ? ",)" : ")", nesting);
  }

  std::string set(NodeId n, const char* empty, const char* open, const char* close,
                  int nesting) const {
    return objects_.length(n).value_or(0) == 0 ? empty : sequence(n, open, close, nesting);
  }

  std::string dict(NodeId n, int nesting) const {
    const std::size_t total = objects_.length(n).value_or(0);
    if (total == 0) return "{}";
    if (nesting >= kShownNesting) return "{...}";
    return "{" +
           joined(objects_.pairs(n, kShownItems), total,
                  [&](const auto& entry) {
                    return of(entry.first, nesting + 1) + ": " + of(entry.second, nesting + 1);
                  }) +
           "}";
  }

  std::string persistent(NodeId n, int nesting) const {
    if (objects_.is_deferred(n)) {
      if (objects_.type_name(n) == "dict") return dict(n, nesting);
      return set(n, "set()", "{", "}", nesting);
    }
    if (objects_.is_set_table(n)) return set(n, "frozenset()", "frozenset({", "})", nesting);
    const std::vector<std::string> parts = objects_.label(n);
    if (!parts.empty() && parts[0] == "i") return "<address of an object>";
    if (!parts.empty() && parts[0] == "a") return "<address in memory>";
    if (!parts.empty() && parts[0] == "t") return "<number of the main thread>";
    if (parts.size() < 2) return "<reference>";
    if (parts[0] == "m" || parts[0] == "M") return "<module " + printable(parts[1]) + ">";
    if (parts[0] == "d" || parts[0] == "D") return "vars(" + printable(parts[1]) + ")";
    if (parts[0] == "s" && parts.size() >= 3) return printable(parts[1] + "." + parts[2]);
    if (parts[0] == "p") return "<object of " + printable(parts[1]) + ">";
    if (parts[0] == "w") return "<weak references>";
    if (parts[0] == "f") return "<frame " + printable(parts[1]) + ">";
    return "<" + printable(parts[1]) + ">";
  }

  std::string call(NodeId n, int nesting) const {
    if (const auto found = objects_.array(n)) {
      const std::string type = found->dtype.empty() ? objects_.type_name(n) : found->dtype;
      return printable(type) + (found->shape_known ? " " + shape_text(found->shape) : "");
    }
    const std::string name = objects_.callable(n);
    if (objects_.is_class(n)) return "<class " + printable(objects_.class_name(n)) + ">";
    if (name == "builtins.complex") return complex_number(n);
    if (name == "builtins.range" || name == "builtins.slice") return arguments(n, nesting);
    const std::string type = printable(objects_.type_name(n));
    if (name.rfind("R:file.", 0) == 0) return "<" + type + file_name(n) + ">";
    if (name == "R:exception") return type + tuple(exception_arguments(n), kShownNesting - 1);
    if (name == "R:function") return "<function" + qualified_name(objects_.argument(n, 0)) + ">";
    if (name == "R:generator") return "<" + type + qualified_name(objects_.argument(n, 1)) + ">";
    if (name == "R:native") {
      if (std::string value = native_value(n, nesting); !value.empty()) return type + value;
    }
    if (nesting >= kShownNesting) return "<" + type + ">";
    const auto attributes = objects_.attributes(n, kShownItems);
    const std::string names = joined(attributes, attributes.size(), [&](const auto& a) {
      return printable(a.name) + "=" + of(a.value, kShownNesting);
    });
    return "<" + type + (names.empty() ? "" : " " + names) + ">";
  }

  NodeId exception_arguments(NodeId n) const {
    const NodeId state = objects_.setter_state(n);
    if (state == kNoNode || graph_.kind(state) != Kind::kTuple) return kNoNode;
    return graph_.child(state, Role::kItems, 0);
  }

  std::string qualified_name(NodeId code) const {
    constexpr std::size_t kQualifiedName = 12;
    const NodeId name = objects_.argument(code, kQualifiedName);
    return name == kNoNode ? "" : " " + printable(graph_.text(name));
  }

  // "(1, 2)" of a subclass of tuple, "([1, 2])" of one of list.
  std::string native_value(NodeId n, int nesting) const {
    const NodeId arguments = objects_.argument(n, 2);
    if (arguments != kNoNode && graph_.count(arguments, Role::kItems) > 0) {
      const NodeId first = graph_.child(arguments, Role::kItems, 0);
      if (graph_.kind(first) == Kind::kTuple) return tuple(first, nesting);
      return "(" + of(first, nesting + 1) + ")";
    }
    if (!objects_.pairs(n, 1).empty()) return "(" + dict(n, nesting) + ")";
    if (!objects_.items(n, 1).empty()) return "(" + sequence(n, "[", "]", nesting) + ")";
    return {};
  }

  // A text file is made of a buffered one, that of a raw one, which knows the path.
  std::string file_name(NodeId n) const {
    if (objects_.callable(n) == "R:file.text") n = objects_.argument(n, 0);
    if (objects_.callable(n) == "R:file.buffered") n = objects_.argument(n, 1);
    if (objects_.callable(n) != "R:file.raw") return "";
    const NodeId open_file = objects_.argument(n, 0);
    if (open_file == kNoNode || graph_.count(open_file, Role::kItems) == 0) return "";
    const NodeId path = graph_.child(open_file, Role::kItems, 0);
    return path == kNoNode ? "" : " " + quote_text(graph_.raw_text(path), width_);
  }

  // repr() writes the parts of a complex number without ".0".
  std::string part_of_complex(NodeId n) const {
    std::string text = of(n, kShownNesting);
    const std::size_t tail = text.size() < 2 ? 0 : text.size() - 2;
    if (text.compare(tail, 2, ".0") == 0) text.resize(tail);
    return text;
  }

  std::string complex_number(NodeId n) const {
    const std::string imaginary = part_of_complex(objects_.argument(n, 1));
    return "(" + part_of_complex(objects_.argument(n, 0)) + (imaginary[0] == '-' ? "" : "+") +
           imaginary + "j)";
  }

  std::string arguments(NodeId n, int nesting) const {
    const NodeId list = graph_.child(n, Role::kParts, 1);
    if (list == kNoNode || graph_.kind(list) != Kind::kTuple) return "";
    return objects_.type_name(n) + sequence(list, "(", ")", nesting);
  }

  const PythonObjects& objects_;
  const Graph& graph_;
  std::size_t width_;
};

std::string key_suffix(const PythonObjects& objects, NodeId key) {
  return "[" + short_value(objects, key, kKeyWidth) + "]";
}

}  // namespace

std::string short_value(const PythonObjects& objects, NodeId n, std::size_t width) {
  return ValueText(objects, width).of(n, 0);
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    out += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return out + (shape.size() == 1 ? ",)" : ")");
}

std::vector<Part> parts_of(const PythonObjects& objects, NodeId n, std::size_t limit,
                           std::size_t* total) {
  *total = 0;
  std::vector<Part> out;
  const Graph& graph = objects.graph();
  if (objects.array(n) || objects.is_class(n) || objects.is_function(n)) return out;
  for (const Attribute& a : objects.attributes(n, SIZE_MAX)) {
    if ((*total)++ < limit) out.push_back({"." + a.name, a.value});
  }
  const NodeId real = objects.resolve(n);
  const bool is_list = graph.kind(n) == Kind::kList || graph.kind(n) == Kind::kTuple;
  const auto pairs = is_list ? decltype(objects.pairs(n, 0)){} : objects.pairs(n, SIZE_MAX);
  for (const auto& [key, value] : pairs) {
    if ((*total)++ < limit) out.push_back({key_suffix(objects, key), value});
  }
  if (real == n && graph.kind(n) != Kind::kPersistent) {
    const bool ordered = graph.kind(n) != Kind::kSet && graph.kind(n) != Kind::kFrozenSet;
    const std::vector<NodeId> items = objects.items(n, SIZE_MAX);
    for (std::size_t i = 0; ordered && i < items.size(); ++i) {
      if ((*total)++ < limit) out.push_back({"[" + std::to_string(i) + "]", items[i]});
    }
  }
  return out;
}

}  // namespace chkpt::inspect
