// SPDX-License-Identifier: BSD-3-Clause
// A run's directory, a folder of the script's, and a journal that is driven through the C library's
// own calls: the program exports the wrappers too.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "files/journal.hpp"
#include "files/undo.hpp"

namespace chkpt::files {

namespace fs = boost::filesystem;

inline std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : "<absent>";
}

inline void write_at_end(const std::string& path, const std::string& text, int flags = O_APPEND) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | flags, 0644);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::close(fd), 0);
}

// Every path of a folder with what it holds.
inline std::string picture(const std::string& folder) {
  std::ostringstream text;
  std::vector<fs::path> paths(fs::recursive_directory_iterator{folder}, {});
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    text << path.string() << ' ' << fs::symlink_status(path).type() << ' '
         << fs::status(path).permissions();
    if (fs::is_symlink(path)) {
      text << " -> " << fs::read_symlink(path).string();
    } else if (fs::is_regular_file(path)) {
      text << ' ' << contents(path.string());
    }
    text << '\n';
  }
  return text.str();
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/chkpt-journal-XXXXXX";
    base_ = ::mkdtemp(name);
    for (const char* folder : {"/run", "/script"}) fs::create_directory(base_ + folder);
    fs::permissions(base_ + "/run", fs::owner_all);
    work_ = base_ + "/script/";
  }
  void TearDown() override {
    set_journal(nullptr);
    fs::remove_all(base_);
  }

  // Each test starts its own; earlier ones stay in memory as in a real process.
  Journal& start(std::uint64_t generation, std::uint64_t epoch) {
    auto* const journal = new Journal(run(), 0, generation, epoch);
    set_journal(journal);
    return *journal;
  }
  Directory run() const { return Directory::open(base_ + "/run"); }
  std::vector<std::string> undo(std::uint64_t generation, std::uint64_t epoch) {
    set_journal(nullptr);  // a resume begins in a process that notes nothing yet
    return undo_changes(run(), {generation, epoch}, true);
  }
  std::size_t noted() const {
    return KeptFiles::open_or_create(run()).read_journal("journal-0").entries.size();
  }

  std::string base_, work_;
};

}  // namespace chkpt::files
