// SPDX-License-Identifier: BSD-3-Clause
// What is run, and when two launches are the same run.
#include "python/launch/launch_spec.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"

namespace chkpt::python {
namespace {

using Kind = LaunchSpec::Kind;

LaunchSpec spec(Kind kind, std::string value, std::vector<std::string> args = {}) {
  LaunchSpec made;
  made.kind = kind;
  made.value = std::move(value);
  made.args = std::move(args);
  return made;
}

// Puts `fd` (closed) on standard input for the object's life.
class Stdin {
 public:
  explicit Stdin(int fd) : saved_(::dup(0)) {
    ::dup2(fd, 0);
    ::close(fd);
  }
  ~Stdin() {
    ::dup2(saved_, 0);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST(LaunchSpecTest, names_go_both_ways) {
  for (const Kind kind : {Kind::kScript, Kind::kModule, Kind::kCommand, Kind::kStdin, Kind::kPath})
    EXPECT_EQ(kind_from_name(kind_name(kind)), kind);
  EXPECT_FALSE(kind_from_name("session").has_value());
}

TEST(LaunchSpecTest, identity_tells_runs_apart) {
  EXPECT_EQ(identity_text(spec(Kind::kScript, "/dev/null")),
            identity_text(spec(Kind::kScript, "/dev/../dev/null")));
  EXPECT_NE(identity_text(spec(Kind::kScript, "a", {"b"})),
            identity_text(spec(Kind::kScript, "a")));
  EXPECT_NE(identity_text(spec(Kind::kScript, "a", {"b", "c"})),
            identity_text(spec(Kind::kScript, "a", {"b c"})));
  EXPECT_NE(identity_text(spec(Kind::kModule, "a")), identity_text(spec(Kind::kCommand, "a")));
}

TEST(LaunchSpecTest, a_program_in_a_pipe_can_be_read_again) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = "print(1)\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const Stdin stdin_is_pipe(ends[0]);
  LaunchSpec program = spec(Kind::kStdin, "");
  load_stdin(program);
  EXPECT_EQ(program.value, text);
  char again[64];
  EXPECT_EQ(::read(0, again, sizeof again), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::read(0, again, sizeof again), 0);
}

TEST(LaunchSpecTest, a_program_in_a_file_stays_where_it_is) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::fputs("first\nsecond\n", file);
  std::fflush(file);
  ASSERT_EQ(::lseek(::fileno(file), 6, SEEK_SET), 6);
  const Stdin stdin_is_file(::dup(::fileno(file)));
  LaunchSpec program = spec(Kind::kStdin, "");
  load_stdin(program);
  EXPECT_EQ(program.value, "second\n");
  EXPECT_EQ(::lseek(0, 0, SEEK_CUR), 6);
  std::fclose(file);
}

TEST(LaunchSpecTest, unreadable_targets_are_refused_by_name) {
  LaunchSpec script = spec(Kind::kScript, "/nonexistent/x.py");
  try {
    resolve_target(script);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "cannot read /nonexistent/x.py: No such file or directory");
  }
}

}  // namespace
}  // namespace chkpt::python
