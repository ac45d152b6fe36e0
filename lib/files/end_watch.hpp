// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that were open for writing only and stood at the end of their file at the snapshot.
// Most of them only append, gigabytes perhaps: nothing of such a file need be kept. The wrapped
// calls (position_calls.cpp, descriptor_calls.cpp) tell when one is about to write before that end;
// only then the journal keeps the file.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

namespace chkpt::files::end_watch {

// The main thread, at a cut: none is watched any more.
void clear() noexcept;
// From now on what stands before `info.st_size` in this file is told before it is overwritten
// through the descriptor, or a copy that is made of it. False if the number is too high for that.
bool add(int fd, const struct stat& info) noexcept;

// By the wrapped calls: any thread, forked children. All leave errno alone.
bool is_on(int fd) noexcept;
void will_write_at(int fd, off_t position) noexcept;
void copied(int from, int to) noexcept;
void closed(int fd) noexcept;

// In a forked child, which has a table of its own; one of vfork() has not, and must not change it.
void forked() noexcept;

}  // namespace chkpt::files::end_watch
