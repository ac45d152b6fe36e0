// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/files.hpp"

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

// ---- the position in the middle of an iteration

// Decoded characters that `for line in file` has not handed out yet. Reads them away.
Ref unread_text(PyObject* file, long long end) {
  const Ref buffer = attr(file, "buffer");
  const Ref characters = new_list();
  for (;;) {
    const Ref character = call_method(file, "read", number(1));
    if (PyUnicode_GET_LENGTH(character.get()) == 0) break;
    if (integer(call_method(buffer, "tell").get()) != end) break;  // of the next chunk
    append(characters, character);
  }
  return own(PyUnicode_Join(text("").get(), characters.get()));
}

std::string translated(const std::string& bytes, bool translate) {
  if (!translate) return bytes;
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
    result += bytes[i] == '\r' ? '\n' : bytes[i];
  }
  return result;
}

// Bytes at the end of `before` that begin a UTF-8 character which does not end there.
std::size_t incomplete_tail(const std::string& before) {
  for (std::size_t back = 1; back <= 3 && back <= before.size(); ++back) {
    const auto byte = static_cast<unsigned char>(before[before.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

bool is_one_byte_or_utf8(const std::string& encoding) {
  for (const char* known : {"utf-8", "utf8", "ascii", "us-ascii", "latin-1", "iso-8859-1", "latin1",
                            "iso8859-1", "cp1252", "UTF-8", "ANSI_X3.4-1968"})
    if (encoding == known) return true;
  return false;
}

std::string read_before(PyObject* file, long long end, std::size_t count) {
  const long long start = std::max(0LL, end - static_cast<long long>(count));
  const Ref buffer = attr(file, "buffer");
  call_method(buffer, "seek", number(start));
  const Ref bytes = call_method(buffer, "read", number(end - start));
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

// How many of the last bytes decode to `rest`; each newline may have been two bytes.
std::optional<std::size_t> bytes_of(const std::string& before, const std::string& rest,
                                    bool translate) {
  for (std::size_t size = rest.size(); size <= before.size(); ++size)
    if (translated(before.substr(before.size() - size), translate) == rest) return size;
  return std::nullopt;
}

Ref position_while_iterating(PyObject* file) {
  const std::string encoding = utf8_attr(file, "encoding");
  if (!is_one_byte_or_utf8(encoding))
    refuse("a file with encoding " + encoding + " in the middle of `for line in file`");
  const long long end = integer(call_method(attr(file, "buffer"), "tell").get());
  const Ref decoded = unread_text(file, end);
  const Ref encoded = own(PyUnicode_AsEncodedString(decoded.get(), encoding.c_str(),
                                                    utf8_attr(file, "errors").c_str()));
  const std::string rest(PyBytes_AS_STRING(encoded.get()),
                         static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.get())));
  std::string before = read_before(file, end, 2 * rest.size() + 8);
  const bool is_utf8 = encoding == "utf-8" || encoding == "utf8" || encoding == "UTF-8";
  const std::size_t tail = is_utf8 ? incomplete_tail(before) : 0;
  before.resize(before.size() - tail);
  const auto size = bytes_of(before, rest, newline_of(file).is(Py_None));
  if (!size) refuse("the position in the middle of `for line in file` cannot be found");
  const Ref position = number(end - static_cast<long long>(tail + *size));
  call_method(file, "seek", position);
  return position;
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

}  // namespace chkpt::heap
