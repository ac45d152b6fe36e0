// SPDX-License-Identifier: BSD-3-Clause
#include "store/manifest.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace chkpt::store {
namespace {

constexpr std::string_view kTitle = "chkpt-mpi-manifest";
constexpr int kMostRanks = 10'000'000;

bool is_fact_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// A value may hold anything; on its line, control characters and '%' are written as %XX.
std::string escape(std::string_view value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '%') {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto result = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      if (result.ptr == text.data() + i + 3) {
        out += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    out += text[i];  // a stray '%' is found when the manifest is formatted again
  }
  return out;
}

// Takes a manifest apart from the front. Every failure is one FormatError.
class Lines {
 public:
  Lines(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  bool next_is(std::string_view keyword) const {
    return rest_.size() > keyword.size() && rest_.substr(0, keyword.size()) == keyword &&
           rest_[keyword.size()] == ' ';
  }
  // The line "keyword value" without the keyword.
  std::string_view take(std::string_view keyword) {
    const std::size_t end = rest_.find('\n');
    if (!next_is(keyword) || end == std::string_view::npos) {
      fail("line '" + std::string(keyword) + "' is missing");
    }
    const std::string_view value = rest_.substr(keyword.size() + 1, end - keyword.size() - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }
  template <typename T>
  T take_number(std::string_view keyword) {
    return number<T>(take(keyword));
  }
  template <typename T>
  T number(std::string_view text) const {
    T value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
      fail("'" + std::string(text) + "' is no valid number");
    }
    return value;
  }
  bool empty() const { return rest_.empty(); }
  [[noreturn]] void fail(const std::string& why) const { throw FormatError(path_ + ": " + why); }

 private:
  std::string_view rest_;
  const std::string& path_;
};

// Cuts off the last line and compares the hash in it with that of all bytes before.
std::string_view check_own_hash(std::string_view text, const std::string& path) {
  constexpr std::size_t kEndLine = 4 + 32 + 1;  // "end <32 digits>\n"
  if (text.size() < kEndLine) throw FormatError(path + ": cut short");
  const std::string_view body = text.substr(0, text.size() - kEndLine);
  const std::string_view end = text.substr(body.size());
  const auto hash = Hash128::from_hex(end.substr(4, 32));
  if (end.substr(0, 4) != "end " || end.back() != '\n' || !hash ||
      hash128(ByteView(body)) != *hash) {
    throw FormatError(path + ": cut short, damaged or edited: its text does not match its hash");
  }
  return body;
}

RankFileInfo parse_file(const Lines& lines, std::string_view value) {
  const std::size_t second = value.rfind(' ');
  const std::size_t first = second == std::string_view::npos || second == 0
                                ? std::string_view::npos
                                : value.rfind(' ', second - 1);
  if (first == std::string_view::npos) lines.fail("incomplete line 'file'");
  RankFileInfo file;
  file.name = value.substr(0, first);
  file.size = lines.number<std::uint64_t>(value.substr(first + 1, second - first - 1));
  const auto root = Hash128::from_hex(value.substr(second + 1));
  if (!root) lines.fail("no valid hash for " + file.name);
  file.root = *root;
  return file;
}

void check_meaning(const Manifest& manifest, const Lines& lines) {
  if (!is_valid_run_id(manifest.run_id)) lines.fail("no valid run id");
  if (manifest.nranks < 1 || manifest.nranks > kMostRanks) lines.fail("impossible rank count");
  if (manifest.files.size() != static_cast<std::size_t>(manifest.nranks)) {
    lines.fail("lists " + std::to_string(manifest.files.size()) + " files for " +
               std::to_string(manifest.nranks) + " ranks");
  }
  for (int rank = 0; rank < manifest.nranks; ++rank) {
    const std::string& name = manifest.files[static_cast<std::size_t>(rank)].name;
    if (name != rank_file_name(rank, manifest.nranks)) lines.fail("unexpected file '" + name + "'");
  }
}

}  // namespace

std::uint64_t Manifest::total_size() const {
  std::uint64_t sum = 0;
  for (const RankFileInfo& file : files) sum += file.size;
  return sum;
}

std::string format_manifest(const Manifest& manifest) {
  std::string text = std::string(kTitle) + " " + std::to_string(manifest.version) + "\n";
  const auto line = [&text](std::string_view keyword, const std::string& value) {
    text.append(keyword).append(" ").append(value).append("\n");
  };
  line("run_id", manifest.run_id);
  line("epoch", std::to_string(manifest.epoch));
  line("generation", std::to_string(manifest.generation));
  line("nranks", std::to_string(manifest.nranks));
  line("created_unix_ns", std::to_string(manifest.created_unix_ns));
  for (const auto& [key, value] : manifest.facts) {
    if (!is_fact_key(key)) throw Error("not a valid key in a manifest: '" + key + "'");
    line("fact", key + " " + escape(value));
  }
  for (const RankFileInfo& file : manifest.files) {
    line("file", file.name + " " + std::to_string(file.size) + " " + file.root.hex());
  }
  line("end", hash128(ByteView(std::string_view(text))).hex());
  return text;
}

Manifest parse_manifest(std::string_view text, const std::string& path) {
  Lines lines(check_own_hash(text, path), path);
  Manifest manifest;
  manifest.version = lines.take_number<std::uint32_t>(kTitle);
  if (manifest.version != kManifestVersion) {
    lines.fail("written in manifest format " + std::to_string(manifest.version) +
               ", this chkpt reads format " + std::to_string(kManifestVersion));
  }
  manifest.run_id = lines.take("run_id");
  manifest.epoch = lines.take_number<std::uint64_t>("epoch");
  manifest.generation = lines.take_number<std::uint64_t>("generation");
  manifest.nranks = lines.take_number<int>("nranks");
  manifest.created_unix_ns = lines.take_number<std::int64_t>("created_unix_ns");
  while (lines.next_is("fact")) {
    const std::string_view fact = lines.take("fact");
    const std::string key(fact.substr(0, fact.find(' ')));
    if (!is_fact_key(key) || key.size() == fact.size()) lines.fail("invalid line 'fact'");
    manifest.facts.emplace(key, unescape(fact.substr(key.size() + 1)));
  }
  while (lines.next_is("file")) manifest.files.push_back(parse_file(lines, lines.take("file")));
  if (!lines.empty()) lines.fail("unknown line");
  check_meaning(manifest, lines);
  // One text per manifest: leading zeros, repeated keys and the like end here.
  if (format_manifest(manifest) != text) lines.fail("not in canonical form");
  return manifest;
}

}  // namespace chkpt::store
