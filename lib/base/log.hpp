// SPDX-License-Identifier: BSD-3-Clause
// Messages to the user: one line per event on standard error, prefixed "chkpt: ", written with one
// write(2) so that lines of several ranks never mix. Nothing is ever written to standard output.
#pragma once

#include <string_view>

namespace chkpt::log {

enum class Level { kError = 0, kEvent = 1, kInfo = 2, kDebug = 3 };

// Default kEvent; -q gives kError, -v kInfo, -vv kDebug. Set once at start; any thread may log.
void set_level(Level level);
Level level();

// Events of the whole job are said by rank 0 only; errors by the rank they happen on.
void set_rank(int rank, int size);

// Called with the text of each event, whatever the level; set once at start.
void observe_events(void (*observer)(std::string_view));

void error(std::string_view text);  // always; prefixed with the rank when there are several
void event(std::string_view text);  // rank 0 only
void info(std::string_view text);   // rank 0 only, with -v
void debug(std::string_view text);  // every rank, with -vv

}  // namespace chkpt::log
