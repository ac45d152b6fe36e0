// SPDX-License-Identifier: BSD-3-Clause
// How much memory this process and its children could still take without being killed for it:
// what the system has left, and what the control groups allow in which a batch system puts a job.
#pragma once

#include <cstdint>
#include <string>

namespace chkpt {

// In bytes; the least of the system's and of all control groups around this process (version 1 and
// 2, see the kernel's cgroup-v2.rst and cgroup-v1/memory.rst). Caches of files count as free. What
// cannot be read does not limit; 0 if the system's own cannot be read. `root` stands for "/" in
// tests.
std::uint64_t available_memory(const std::string& root = "");

}  // namespace chkpt
