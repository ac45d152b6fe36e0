// SPDX-License-Identifier: BSD-3-Clause
#include "files/entry.hpp"

#include <array>
#include <cctype>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace chkpt::files {

// File names are bytes, JSON is UTF-8: what is not plain printable ASCII is written as %XX.
std::string escaped(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte > 0x20 && byte < 0x7f && byte != '%') {
      out += character;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string digits = text.substr(i + 1, 2);
    if (digits.size() != 2 || !std::isxdigit(static_cast<unsigned char>(digits[0])) ||
        !std::isxdigit(static_cast<unsigned char>(digits[1]))) {
      throw FormatError("bad escape");
    }
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    i += 2;
  }
  return out;
}

// Kept files lie in one folder; a name that leads elsewhere was not written here.
std::string plain_name(const std::string& name) {
  if (name.find('/') != std::string::npos || name == "." || name == "..") {
    throw FormatError("bad name");
  }
  return name;
}

namespace {

constexpr std::array<const char*, 7> kKindNames = {"absent", "size",      "kept", "not kept",
                                                   "link",   "directory", "moved"};
constexpr std::size_t kHashDigits = 32;

Entry::Kind kind_named(const std::string& name) {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (name == kKindNames[i]) return static_cast<Entry::Kind>(i);
  }
  throw FormatError("unknown kind");
}

Entry from_json(const Json& json) {
  Entry entry;
  entry.generation = json.at("generation").get<std::uint64_t>();
  entry.epoch = json.at("epoch").get<std::uint64_t>();
  entry.time_ns = json.at("time").get<std::int64_t>();
  entry.kind = kind_named(json.at("was").get<std::string>());
  entry.path = unescaped(json.at("path").get<std::string>());
  entry.host = json.at("host").get<std::string>();
  entry.folder = json.at("folder").get<std::uint64_t>();
  entry.size = json.at("size").get<std::uint64_t>();
  entry.mode = json.at("mode").get<mode_t>();
  entry.mtime_ns = json.at("mtime").get<std::int64_t>();
  entry.kept = plain_name(json.at("kept").get<std::string>());
  entry.target = unescaped(json.at("target").get<std::string>());
  return entry;
}

}  // namespace

std::string encode(const Entry& entry) {
  const Json json = {{"generation", entry.generation},
                     {"epoch", entry.epoch},
                     {"time", entry.time_ns},
                     {"was", kKindNames[static_cast<std::size_t>(entry.kind)]},
                     {"path", escaped(entry.path)},
                     {"host", entry.host},
                     {"folder", entry.folder},
                     {"size", entry.size},
                     {"mode", entry.mode},
                     {"mtime", entry.mtime_ns},
                     {"kept", entry.kept},
                     {"target", escaped(entry.target)}};
  const std::string text = dump_json(json);
  return hash128(ByteView(std::string_view(text))).hex() + " " + text + "\n";
}

std::optional<Entry> decode(std::string_view line) {
  if (line.size() < kHashDigits + 2 || line[kHashDigits] != ' ') return std::nullopt;
  const std::string_view text = line.substr(kHashDigits + 1);
  const auto hash = Hash128::from_hex(line.substr(0, kHashDigits));
  if (!hash || *hash != hash128(ByteView(text))) return std::nullopt;
  try {
    return from_json(parse_json(text, "journal line"));
  } catch (const FormatError&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Lines decode_all(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    if (auto entry = decode(text.substr(0, end))) {
      lines.entries.push_back(std::move(*entry));
    } else {
      lines.damaged = true;
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace chkpt::files
