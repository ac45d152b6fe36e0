// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <cstring>

#include "base/high_heap.hpp"
#include "steps.hpp"

int main(int argc, char** argv) {
  chkpt::move_heap_up();  // as chkpt-mpi does
  using namespace chkpt::heap_test;
  if (argc == 4 && !std::strcmp(argv[1], "save")) return save_step(argv[2], argv[3]);
  if (argc >= 3 && !std::strcmp(argv[1], "load"))
    return load_step(argv[2], argc > 3 ? argv[3] : "");
  if (argc >= 3 && !std::strcmp(argv[1], "refuse")) return refuse_step(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
