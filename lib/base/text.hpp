// SPDX-License-Identifier: BSD-3-Clause
// What std::string_view knows of texts from C++20 on.
#pragma once

#include <string_view>

namespace chkpt {

inline bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

inline bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace chkpt
