// SPDX-License-Identifier: BSD-3-Clause
// One instruction of a pickle stream: how long it is and where its argument lies. Knows the
// argument layout of every opcode of protocols 0 to 5 and nothing of their meaning. Never reads
// past the end of the stream, whatever the bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace chkpt::inspect {

// clang-format off
namespace op {
enum Opcode : std::uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kFloat = 'F', kInt = 'I',
  kBinInt = 'J', kBinInt1 = 'K', kLong = 'L', kBinInt2 = 'M', kNone = 'N', kPersId = 'P',
  kBinPersId = 'Q', kReduce = 'R', kString = 'S', kBinString = 'T', kShortBinString = 'U',
  kUnicode = 'V', kBinUnicode = 'X', kAppend = 'a', kBuild = 'b', kGlobal = 'c', kDict = 'd',
  kEmptyDict = '}', kAppends = 'e', kGet = 'g', kBinGet = 'h', kInst = 'i', kLongBinGet = 'j',
  kList = 'l', kEmptyList = ']', kObj = 'o', kPut = 'p', kBinPut = 'q', kLongBinPut = 'r',
  kSetItem = 's', kTuple = 't', kEmptyTuple = ')', kSetItems = 'u', kBinFloat = 'G', kProto =
  0x80, kNewObj = 0x81, kExt1 = 0x82, kExt2 = 0x83, kExt4 = 0x84, kTuple1 = 0x85, kTuple2 = 0x86,
  kTuple3 = 0x87, kNewTrue = 0x88, kNewFalse = 0x89, kLong1 = 0x8a, kLong4 = 0x8b, kBinBytes =
  'B', kShortBinBytes = 'C', kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d, kBinBytes8 = 0x8e,
  kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91, kNewObjEx = 0x92, kStackGlobal = 0x93,
  kMemoize = 0x94, kFrame = 0x95, kByteArray8 = 0x96, kNextBuffer = 0x97, kReadonlyBuffer = 0x98,
};
}  // namespace op
// clang-format on

struct Instruction {
  std::uint8_t opcode = 0;
  std::size_t offset = 0;        // of the opcode byte
  std::size_t length = 0;        // opcode, length fields and payload
  std::uint64_t number = 0;      // fixed-size argument, zero-extended
  std::string_view payload;      // counted bytes, or the first text line without its newline
  std::string_view second_line;  // GLOBAL and INST only

  std::size_t end() const { return offset + length; }
};

// Throws FormatError if `offset` is not inside the stream, the opcode is unknown or its argument is
// not wholly there.
Instruction decode_instruction(ByteView stream, std::size_t offset);

}  // namespace chkpt::inspect
