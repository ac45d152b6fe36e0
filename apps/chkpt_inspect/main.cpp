// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect: shows what is in a checkpoint. Everything is in lib/inspect.
#include <iostream>
#include <string>
#include <vector>

#include "inspect/commands.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return chkpt::inspect::run_program(arguments, std::cout, std::cerr);
}
