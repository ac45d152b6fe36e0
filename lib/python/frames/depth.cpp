// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/depth.hpp"

#include <memory>
#include <unordered_map>

namespace chkpt::frames {

// Never destroyed: the interpreter is gone when static objects are.
struct CodeAnalysisCache {
  using Map = std::unordered_map<PyCodeObject*, std::unique_ptr<CodeAnalysis>>;
  static Map& map() {
    static Map* analyses = new Map;
    return *analyses;
  }
  static std::unique_ptr<CodeAnalysis> make(PyCodeObject* code);
};

std::unique_ptr<CodeAnalysis> CodeAnalysisCache::make(PyCodeObject* code) {
  std::unique_ptr<CodeAnalysis> analysis(new CodeAnalysis(code));
  if (!analysis->read_instructions()) return nullptr;
  analysis->read_handlers();
  if (!analysis->trace_depths()) return nullptr;
  return analysis;
}

const CodeAnalysis* CodeAnalysis::of(PyCodeObject* code) {
  auto& map = CodeAnalysisCache::map();
  const auto found = map.find(code);
  if (found != map.end()) return found->second.get();
  auto analysis = CodeAnalysisCache::make(code);
  if (!analysis) return nullptr;
  return map.emplace(code, std::move(analysis)).first->second.get();
}

void forget_analyses() {
  // Emptied before the code objects are let go: their deallocation may come back here.
  CodeAnalysisCache::Map gone;
  gone.swap(CodeAnalysisCache::map());
}

int CodeAnalysis::depth(int unit) const {
  return unit >= 0 && unit < size() ? depth_[static_cast<std::size_t>(unit)] : -1;
}

int CodeAnalysis::next(int unit) const { return unit + 1 + _PyOpcode_Caches[opcode(unit)]; }

int CodeAnalysis::jump(int unit) const {
  return shim::jumps_backward(opcode(unit)) ? next(unit) - arg(unit) : next(unit) + arg(unit);
}

int CodeAnalysis::owner(int unit) const {
  while (unit > 0 && !begins_[static_cast<std::size_t>(unit)]) --unit;
  return unit;
}

int CodeAnalysis::with_prefixes(int unit) const {
  while (unit > 0 && begins_[static_cast<std::size_t>(unit) - 1] &&
         opcode(unit - 1) == shim::kExtendedArg)
    --unit;
  return unit;
}

int CodeAnalysis::previous(int unit) const {
  const int first = with_prefixes(unit);
  return first == 0 ? -1 : owner(first - 1);
}

bool CodeAnalysis::rebinds_first_argument() const {
  for (int i = 0; i < size(); ++i) {
    if (!begins_[static_cast<std::size_t>(i)]) continue;
    const int op = opcode(i);
    const bool stores = op == shim::kStoreFast || op == shim::kDeleteFast ||
                        op == shim::kStoreDeref || op == shim::kDeleteDeref;
    if (stores && arg(i) == 0) return true;
    if (shim::stores_fast_zero_in_pair(op, arg(i))) return true;
  }
  return false;
}

bool CodeAnalysis::read_instructions() {
  // PyCode_GetCode() undoes specialisation and instrumentation.
  const Ref bytes = Ref::steal(PyCode_GetCode(reinterpret_cast<PyCodeObject*>(code_.get())));
  if (!bytes) {
    PyErr_Clear();
    return false;
  }
  const auto* raw = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(bytes.get()));
  const auto n = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())) / 2;
  opcode_.assign(n, static_cast<std::uint8_t>(shim::kCacheUnit));
  arg_.assign(n, 0);
  depth_.assign(n, -1);
  begins_.assign(n, false);
  handler_of_.assign(n, -1);
  int extended = 0;
  for (std::size_t i = 0; i < n;) {
    opcode_[i] = raw[2 * i];
    arg_[i] = raw[2 * i + 1] | extended;
    begins_[i] = true;
    extended = opcode_[i] == shim::kExtendedArg ? arg_[i] << 8 : 0;
    i += 1 + static_cast<std::size_t>(_PyOpcode_Caches[opcode_[i]]);
  }
  return true;
}

namespace {

// One number of the exception table: six bits a byte, most significant first.
unsigned read_varint(const std::uint8_t** p) {
  unsigned value = **p & 63U;
  while (*(*p)++ & 64U) value = (value << 6) | (**p & 63U);
  return value;
}

}  // namespace

void CodeAnalysis::read_handlers() {
  PyObject* table = reinterpret_cast<PyCodeObject*>(code_.get())->co_exceptiontable;
  const auto* p = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(table));
  const auto* end = p + PyBytes_GET_SIZE(table);
  while (p < end) {
    const unsigned start = read_varint(&p);
    const unsigned length = read_varint(&p);
    const unsigned target = read_varint(&p);
    const unsigned depth_lasti = read_varint(&p);
    // The handler starts with the exception and perhaps the raising offset on the stack.
    const int depth = static_cast<int>(depth_lasti >> 1) + static_cast<int>(depth_lasti & 1U) + 1;
    handlers_.push_back({static_cast<int>(target), depth});
    for (unsigned i = start; i < start + length && i < handler_of_.size(); ++i)
      handler_of_[i] = static_cast<int>(handlers_.size()) - 1;
  }
}

bool CodeAnalysis::reach(int unit, int depth, std::vector<int>* pending) {
  if (unit < 0 || unit >= size() || depth < 0) return false;
  auto& known = depth_[static_cast<std::size_t>(unit)];
  if (known >= 0) return known == depth;
  known = depth;
  pending->push_back(unit);
  return true;
}

bool CodeAnalysis::trace_depths() {
  std::vector<int> pending;
  if (!reach(0, 0, &pending)) return false;
  while (!pending.empty()) {
    const int i = pending.back();
    pending.pop_back();
    const int op = opcode(i);
    const int handler = handler_of_[static_cast<std::size_t>(i)];
    if (handler >= 0) {
      const Handler& h = handlers_[static_cast<std::size_t>(handler)];
      if (!reach(h.target, h.depth, &pending)) return false;
    }
    if (op == shim::kExtendedArg) {
      if (!reach(i + 1, depth(i), &pending)) return false;
      continue;
    }
    if (shim::has_jump(op) &&
        !reach(jump(i), depth(i) + shim::stack_effect(op, arg(i), true), &pending))
      return false;
    if (shim::never_falls_through(op)) continue;
    const int effect = shim::stack_effect(op, arg(i), false);
    if (effect == PY_INVALID_STACK_EFFECT) return false;
    if (!reach(next(i), depth(i) + effect, &pending)) return false;
  }
  return true;
}

}  // namespace chkpt::frames
