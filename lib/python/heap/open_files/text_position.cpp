// SPDX-License-Identifier: BSD-3-Clause
// Text files: where the script reads or writes in one, which TextIOWrapper counts in characters and
// shows as a number only it can read, and the settings that it shows nowhere.
#include <Python.h>

#include <climits>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/open_files/files.hpp"

namespace chkpt::heap {
namespace {

// ---- the newline argument is shown nowhere: where TextIOWrapper keeps it is found by making some

// Null: None. The fifth possible value, "\r\n", is what is none of these: only texts of up to one
// character exist once in the interpreter and can be recognised by address.
constexpr const char* kNewlines[] = {nullptr, "", "\n", "\r"};

Ref newline_object(const char* value) { return value ? text(value) : none(); }

Ref probe(const Ref& newline) {
  const Ref io = import("_io");
  const Ref keywords = new_dict();
  put(keywords, "newline", newline);
  put(keywords, "encoding", text("utf-8"));
  return call_with(attr(io, "TextIOWrapper").get(), pack(call_method(io, "BytesIO")).get(),
                   keywords.get());
}

const void* word_at(PyObject* object, std::size_t offset) {
  const void* word = nullptr;
  std::memcpy(&word, reinterpret_cast<const char*>(object) + offset, sizeof word);
  return word;
}

// The field holds the str object itself (3.11) or its UTF-8 text (3.12 and later); null for None.
bool holds(PyObject* file, std::size_t offset, PyObject* newline) {
  const void* word = word_at(file, offset);
  if (newline == Py_None) return word == nullptr;
  return word == newline || word == PyUnicode_AsUTF8(newline);
}

// Offset of the field, or 0.
std::size_t find_field() {
  std::vector<std::pair<Ref, Ref>> probes;
  for (const char* value : kNewlines) {
    const Ref newline = newline_object(value);
    probes.emplace_back(probe(newline), newline);
  }
  const auto size = static_cast<std::size_t>(Py_TYPE(probes[0].first.get())->tp_basicsize);
  for (std::size_t offset = sizeof(PyObject); offset + sizeof(void*) <= size;
       offset += sizeof(void*)) {
    bool fits = true;
    for (const auto& [file, newline] : probes)
      fits = fits && holds(file.get(), offset, newline.get());
    if (fits) return offset;
  }
  return 0;
}

// ---- the position in the middle of an iteration: nothing is read from the file object itself, so
// that a script whose snapshot is refused goes on undisturbed

constexpr std::size_t kWord = sizeof(void*);

// A file of which two characters of five are read.
Ref begun_file() {
  const Ref io = import("_io");
  const Ref buffer = call_method(io, "BytesIO", own(PyBytes_FromString("chkpt")));
  Ref file = call_method(io, "TextIOWrapper", buffer, text("utf-8"));
  call_method(file, "read", number(2));
  return file;
}

// Offset of the text that is decoded but not handed out yet; a count of characters handed out
// follows. 0 if this Python keeps them elsewhere.
std::size_t find_decoded() {
  const Ref file = begun_file();
  const auto size = static_cast<std::size_t>(Py_TYPE(file.get())->tp_basicsize);
  for (PyObject* referent : referents(file.get())) {
    if (!PyUnicode_Check(referent) || utf8(referent) != "chkpt") continue;
    for (std::size_t offset = sizeof(PyObject); offset + 2 * kWord <= size; offset += kWord)
      if (word_at(file.get(), offset) == referent &&
          word_at(file.get(), offset + kWord) == reinterpret_cast<const void*>(2))
        return offset;
  }
  return 0;
}

std::size_t decoded_offset() {
  static const std::size_t offset = find_decoded();
  if (offset == 0) refuse("this Python does not show what is left of a line being read");
  return offset;
}
// Decoded characters that `for line in file` has not handed out yet.
Ref unread_text(PyObject* file) {
  const std::size_t offset = decoded_offset();
  auto* decoded = const_cast<PyObject*>(static_cast<const PyObject*>(word_at(file, offset)));
  if (!decoded) return text("");
  const auto used = reinterpret_cast<Py_ssize_t>(word_at(file, offset + kWord));
  return own(PyUnicode_Substring(decoded, used, PyUnicode_GET_LENGTH(decoded)));
}

Ref decoder_of(PyObject* file) {
  for (PyObject* referent : referents(file))
    if (attr_or_null(referent, "decode") && attr_or_null(referent, "getstate"))
      return Ref::borrow(referent);
  refuse("a text file that has no decoder");
}

// The decoder is in another state for a while.
class BorrowedDecoder {
 public:
  explicit BorrowedDecoder(Ref decoder)
      : decoder_(std::move(decoder)), state_(call_method(decoder_, "getstate")) {}
  BorrowedDecoder(const BorrowedDecoder&) = delete;
  BorrowedDecoder& operator=(const BorrowedDecoder&) = delete;
  ~BorrowedDecoder() {
    const PendingException aside;
    const Ref done = Ref::steal(PyObject_CallMethod(decoder_.get(), "setstate", "O", state_.get()));
    if (!done) PyErr_Clear();
  }

  long long flags() const { return integer(item(state_, 1)); }
  // As TextIOWrapper.seek() begins at `start`.
  void begin(long long start, long long flags) {
    if (start == 0 && flags == 0)
      call_method(decoder_, "reset");
    else
      call_method(decoder_, "setstate", pack(own(PyBytes_FromString("")), number(flags)));
  }
  long long initial_flags() {
    call_method(decoder_, "reset");
    return integer(item(call_method(decoder_, "getstate"), 1));
  }
  Ref decode(PyObject* bytes) { return call_method(decoder_, "decode", bytes); }
  bool is_back() const {
    return is_true(
        own(PyObject_RichCompare(call_method(decoder_, "getstate").get(), state_.get(), Py_EQ)));
  }

 private:
  Ref decoder_;
  Ref state_;
};

// All bytes of the file from `start` to `end`, where it stands.
Ref bytes_between(PyObject* file, long long start, long long end) {
  const Ref buffer = attr(file, "buffer");
  call_method(buffer, "seek", number(start));
  PyObject* bytes = PyObject_CallMethod(buffer.get(), "read", "L", end - start);
  {
    const PendingException aside;
    call_method(buffer, "seek", number(end));
  }
  Ref read = own(bytes);
  if (!PyBytes_Check(read.get()) || PyBytes_GET_SIZE(read.get()) != end - start)
    refuse("a text file that has become shorter");
  return read;
}

// What TextIOWrapper.seek() takes: where to begin, in which state of the decoder, how many bytes
// to decode and how many of the characters to drop.
Ref cookie(long long start, long long flags, long long bytes, long long characters) {
  Ref result = number(start);
  int shift = 64;
  for (const long long part : {flags, bytes, characters}) {
    const Ref shifted = own(PyNumber_Lshift(number(part).get(), number(shift).get()));
    result = own(PyNumber_Or(result.get(), shifted.get()));
    shift += 32;
  }
  return result;
}

// Where decoding could begin to arrive where the file is now.
struct Beginning {
  long long start;
  long long flags;
};

// The cookie, or null: decoding from there leaves the same text and the same state of the decoder.
Ref try_beginning(PyObject* file, BorrowedDecoder& decoder, const Beginning& from, long long end,
                  PyObject* rest) {
  if (from.flags < 0 || from.flags > INT_MAX) return {};
  const Ref bytes = bytes_between(file, from.start, end);
  Ref decoded;
  try {
    decoder.begin(from.start, from.flags);
    decoded = decoder.decode(bytes.get());
  } catch (const Raised&) {  // in the middle of a character, or not a state of this decoder
    if (!PyErr_ExceptionMatches(PyExc_Exception)) throw;
    PyErr_Clear();
    return {};
  }
  if (!is_true(call_method(decoded, "endswith", rest)) || !decoder.is_back()) return {};
  const long long skip = PyUnicode_GET_LENGTH(decoded.get()) - PyUnicode_GET_LENGTH(rest);
  return cookie(from.start, from.flags, end - from.start, skip);
}

std::vector<Beginning> beginnings(BorrowedDecoder& decoder, long long end, long long length) {
  constexpr long long kLongestCharacter = 8;
  constexpr long long kWholeFile = 1 << 26;
  const long long now = decoder.flags(), initial = decoder.initial_flags();
  const long long window = kLongestCharacter * (length + 8);
  std::vector<Beginning> result;
  for (long long shift = 0; shift < kLongestCharacter && end - window + shift > 0; ++shift)
    // The lowest bit may say that a carriage return waits for its newline.
    for (const long long flags : {now & ~1LL, now, initial})
      result.push_back({end - window + shift, flags});
  if (end <= kWholeFile) result.push_back({0, 0});
  return result;
}

Ref position_while_iterating(PyObject* file) {
  const Ref rest = unread_text(file);
  const long long end = integer(call_method(attr(file, "buffer"), "tell").get());
  BorrowedDecoder decoder(decoder_of(file));
  for (const Beginning& from : beginnings(decoder, end, PyUnicode_GET_LENGTH(rest.get())))
    if (Ref position = try_beginning(file, decoder, from, end, rest.get())) return position;
  refuse("the position in the middle of `for line in file` cannot be found");
}

}  // namespace

Ref newline_of(PyObject* file) {
  static const std::size_t offset = find_field();
  if (offset == 0) refuse("the newline mode of text files cannot be read in this Python");
  if (!word_at(file, offset)) return none();
  for (const char* value : {"", "\n", "\r"})
    if (const Ref newline = text(value); holds(file, offset, newline.get())) return newline;
  return text("\r\n");
}

Ref text_position(PyObject* file) {
  PyObject* position = PyObject_CallMethod(file, "tell", nullptr);
  if (position) return Ref::steal(position);
  if (!PyErr_ExceptionMatches(PyExc_OSError)) throw Raised{};
  PyErr_Clear();
  return position_while_iterating(file);
}

namespace {

// What makes the decoder meet a kind of newline: a lone "\r" is known by what follows.
Ref sample_of(PyObject* newlines) {
  if (PyUnicode_Check(newlines)) return own(PyUnicode_FromFormat("%Ua", newlines));
  Ref sample = text("");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(newlines); ++i)
    sample = own(PyUnicode_FromFormat("%U%Ua", sample.get(), item(newlines, i)));
  return sample;
}

}  // namespace

void show_newlines(PyObject* text_file, PyObject* newlines) {
  if (newlines == Py_None) return;
  const Ref type = attr(import("_io"), "IncrementalNewlineDecoder");
  for (PyObject* decoder : referents(text_file)) {
    if (raw(Py_TYPE(decoder)) != type.get()) continue;
    const Ref state = call_method(decoder, "getstate");
    call_method(decoder, "reset");  // it may hold the beginning of a character
    call_method(decoder, "decode",
                call_method(sample_of(newlines), "encode", attr(text_file, "encoding")));
    call_method(decoder, "setstate", state);
  }
}

}  // namespace chkpt::heap
