// SPDX-License-Identifier: BSD-3-Clause
#include "store/trust.hpp"

#include <cstdio>

#include <unistd.h>

#include "base/error.hpp"

namespace chkpt::store {
namespace {

void require_own(const struct stat& info, const std::string& path) {
  if (info.st_uid != ::geteuid()) {
    throw FormatError(path + ": belongs to user " + std::to_string(info.st_uid) +
                      ", not to you; checkpoints of others are not trusted");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    throw FormatError(path + ": others may write to it (mode " + mode +
                      "); if nobody did: chmod go-w " + path);
  }
}

}  // namespace

void require_own_directory(const struct stat& info, const std::string& path) {
  if (!S_ISDIR(info.st_mode)) throw FormatError(path + ": not a directory");
  require_own(info, path);
}

void require_own_file(const struct stat& info, const std::string& path) {
  if (!S_ISREG(info.st_mode)) throw FormatError(path + ": not a regular file");
  require_own(info, path);
}

}  // namespace chkpt::store
