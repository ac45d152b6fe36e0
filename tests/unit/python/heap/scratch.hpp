// SPDX-License-Identifier: BSD-3-Clause
// A folder for the files of one test: the scripts it starts make their temporary files in it, in
// whichever step that is, and all of it goes when the test ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace chkpt::heap_test {

class Scratch {
 public:
  Scratch() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    ::setenv("TMPDIR", path_.c_str(), 1);
  }
  ~Scratch() {
    if (before_.empty()) {
      ::unsetenv("TMPDIR");
    } else {
      ::setenv("TMPDIR", before_.c_str(), 1);
    }
    std::error_code left_behind;
    std::filesystem::remove_all(path_, left_behind);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string before_ = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "";
  std::string path_ = testing::TempDir() + "chkpt-heap-XXXXXX";
};

}  // namespace chkpt::heap_test
