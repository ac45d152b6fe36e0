// SPDX-License-Identifier: BSD-3-Clause
// What a fuzz target provides. It runs under libFuzzer (-DCHKPT_FUZZ=ON, clang) or, in every test
// run, under mutate_main.cpp with a fixed number of reproducible mutations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

// Parses the input; aborts when the parser accepts what it must not. Refusing is fine.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Valid inputs to start from.
std::vector<chkpt::Bytes> fuzz_seeds();
