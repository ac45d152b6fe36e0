// SPDX-License-Identifier: BSD-3-Clause
// Durations and sizes as people write and read them. Durations are kept in milliseconds, sizes in
// bytes; sizes are shown in powers of ten, as df -H and disk vendors do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chkpt {

// "600000" (milliseconds), "250ms", "30s", "10m", "1h", "2d", "1.5h". "-1" is kept as -1.
// Throws UsageError that repeats the text.
std::int64_t parse_duration_ms(std::string_view text);

// "4096", "64K", "1.5M", "2G" (powers of ten), "64KiB", "2GiB" (powers of two); "-1" is kept.
// Throws UsageError that repeats the text.
std::int64_t parse_bytes(std::string_view text);

std::string format_bytes(std::uint64_t bytes);     // "0 B", "999 B", "1.2 GB"
std::string format_duration(double seconds);       // "80 us", "3 ms", "1.2 s", "12m30s", "3h05m"
std::string format_rate(double bytes_per_second);  // "1.1 GB/s"

}  // namespace chkpt
