// SPDX-License-Identifier: BSD-3-Clause
// How many bytes of the checkpoint a value takes with everything it refers to: its part of the
// pickle stream plus its out-of-band buffers. Classes, functions and modules it merely refers to
// are left out; a part that is reached twice counts once.
#pragma once

#include <cstdint>
#include <vector>

#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

struct StoredSize {
  std::uint64_t bytes = 0;
  bool complete = true;  // false: the walk was cut short, the real size is larger
};

class SizeMeter {
 public:
  // `visit_budget`: nodes looked at in all calls together, so that many large values that share
  // their parts cannot make it quadratic.
  explicit SizeMeter(const PythonObjects& objects, std::uint64_t visit_budget = 400'000'000);

  StoredSize measure(NodeId n);

 private:
  void push(NodeId n);
  bool is_only_referred_to(NodeId n) const;

  const PythonObjects& objects_;
  std::uint64_t budget_;
  std::uint32_t walk_ = 0;
  std::vector<std::uint32_t> seen_in_walk_;
  std::vector<NodeId> pending_;
};

}  // namespace chkpt::inspect
