// SPDX-License-Identifier: BSD-3-Clause
// Waiting for descriptors, in threads that have to live on whatever the script's limits are.
#pragma once

#include <cstddef>

#include <poll.h>

namespace chkpt {

// poll() of entries that ask for POLLIN: how many have something, in their `revents`. 0 also when a
// signal came, or when the system cannot wait for the moment, a little later then. timeout_ms < 0:
// for good. Works where the script allows fewer open files (RLIMIT_NOFILE) than there are entries,
// which poll(2) refuses and select(2) does not.
int wait_for_any(pollfd* entries, std::size_t count, int timeout_ms);

}  // namespace chkpt
