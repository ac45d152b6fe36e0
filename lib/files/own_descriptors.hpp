// SPDX-License-Identifier: BSD-3-Clause
// Descriptors of chkpt's that stay open while the script runs. Python cannot close them, as daemons
// do with all that is open: it is told that there is no such descriptor, as it would be by python3.
#pragma once

#include <set>

namespace chkpt::files::own_descriptors {

class Keeping {
 public:
  Keeping();   // what is opened from now on,
  ~Keeping();  // until now, is kept
  Keeping(const Keeping&) = delete;
  Keeping& operator=(const Keeping&) = delete;

 private:
  std::set<int> before_;
};
void keep(int number) noexcept;
// All may be closed again: chkpt is about to do it.
void keep_no_more() noexcept;

// By the wrapped calls: is this one kept from `caller`?
bool is_kept_from(int number, const void* caller) noexcept;

}  // namespace chkpt::files::own_descriptors
