// SPDX-License-Identifier: BSD-3-Clause
// Pickles made by Python for the tests: of an expression, or a whole program state as chkpt's own
// pickler writes it (program_pickle.py).
#pragma once

#include <cstdio>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "inspect/pickle_scanner.hpp"
#include "inspect/program_state.hpp"
#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

// What a command writes to standard output; the test fails if it fails.
inline Bytes output_of(const std::string& command) {
  Bytes out;
  FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr) << command;
  if (pipe == nullptr) return out;
  std::uint8_t buffer[65536];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) {
    out.insert(out.end(), buffer, buffer + n);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

// `expression` must not contain double quotes; `np` is numpy, out-of-band buffers are dropped.
inline Bytes pickle_of(const std::string& expression, int protocol = 5,
                       const std::string& before = "") {
  const std::string keyword = protocol == 5 ? ", buffer_callback=lambda b: None" : "";
  const bool uses_numpy = expression.find("np.") != std::string::npos;
  const std::string numpy = uses_numpy ? "import numpy as np\n" : "";
  return output_of(std::string(CHKPT_TEST_PYTHON) + " -c \"import pickle, sys\n" + numpy + before +
                   "\nsys.stdout.buffer.write(pickle.dumps(" + expression + ", " +
                   std::to_string(protocol) + keyword + "))\"");
}

inline const Bytes& program_pickle() {
  static const Bytes made =
      output_of(std::string(CHKPT_TEST_PYTHON) + " " + CHKPT_TEST_PROGRAM_PICKLE);
  return made;
}

// A scanned stream with everything that looks at it.
struct Scan {
  explicit Scan(Bytes stream, std::vector<BufferFacts> buffers = {})
      : bytes(std::move(stream)),
        scanned(scan_pickle(ByteView(bytes), buffers.size())),
        objects(scanned.graph, deferred_pickles(scanned.graph, scanned.roots), std::move(buffers)) {
  }

  const Graph& graph() const { return scanned.graph; }
  NodeId root(std::size_t i = 0) const { return scanned.roots.at(i); }

  Bytes bytes;
  ScannedPickle scanned;
  PythonObjects objects;
};

}  // namespace chkpt::inspect
