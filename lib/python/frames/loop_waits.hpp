// SPDX-License-Identifier: BSD-3-Clause
// An event loop of asyncio with nothing to do waits in C code until its next timer, which may be
// hours. It can be woken by what it has for that: the pair of sockets of call_soon_threadsafe().
#pragma once

namespace chkpt::frames {

// If the main thread waits so, wakes it: its loop goes round once and waits again. Needs the GIL,
// on another thread.
void wake_waiting_event_loop();

}  // namespace chkpt::frames
