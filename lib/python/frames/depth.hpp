// SPDX-License-Identifier: BSD-3-Clause
// What can be known about a code object without running it: where instructions begin, and how many
// values are on the stack before each. The interpreter keeps the stack pointer of a running frame
// in a register, so this analysis is the only way to know how much of its stack is alive.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <vector>

namespace chkpt::frames {

class CodeAnalysis {
 public:
  // Kept until forget_analyses(); null (no Python exception) if memory is short or the depths of
  // the code are contradictory. Needs the GIL.
  static const CodeAnalysis* of(PyCodeObject* code);

  int size() const { return static_cast<int>(opcode_.size()); }
  // All positions are code units. Opcodes are unspecialised; arguments include EXTENDED_ARGs.
  int opcode(int unit) const { return opcode_[static_cast<std::size_t>(unit)]; }
  int arg(int unit) const { return arg_[static_cast<std::size_t>(unit)]; }
  int depth(int unit) const;            // before the instruction; -1: unreachable or out of range
  int next(int unit) const;             // the instruction after
  int jump(int unit) const;             // where it jumps to
  int owner(int unit) const;            // the instruction that `unit` (perhaps a cache) belongs to
  int with_prefixes(int unit) const;    // the first EXTENDED_ARG of the instruction at `unit`
  int previous(int unit) const;         // the instruction before, EXTENDED_ARGs skipped; -1: none
  bool rebinds_first_argument() const;  // may the code store to or delete argument 0?

 private:
  explicit CodeAnalysis(PyCodeObject* code) : code_(Ref::borrow(code)) {}
  bool read_instructions();
  void read_handlers();
  bool trace_depths();
  bool reach(int unit, int depth, std::vector<int>* pending);

  struct Handler {
    int target;
    int depth;
  };

  Ref code_;
  std::vector<std::uint8_t> opcode_;
  std::vector<std::int32_t> arg_;
  std::vector<std::int32_t> depth_;
  std::vector<bool> begins_;
  std::vector<Handler> handlers_;
  std::vector<std::int32_t> handler_of_;  // index into handlers_, -1: none
  friend struct CodeAnalysisCache;
};

// Lets go of every code object looked at so far.
void forget_analyses();

}  // namespace chkpt::frames
