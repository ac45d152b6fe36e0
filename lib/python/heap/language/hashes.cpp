// SPDX-License-Identifier: BSD-3-Clause
// hashlib objects in the middle. Nothing exports their state, but they can be copied: what two
// copies have in common is the state. It is laid down in a new object of the same algorithm and
// tried at once: it is saved only if the new object gives the digests of the old one.
#include <Python.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/library_memory.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// OpenSSL's: _hashlib.HASH holds an EVP_MD_CTX, _hashlib.HMAC an HMAC_CTX, which holds three. An
// EVP_MD_CTX has one word of its own, the state of the algorithm; all else copies share.
struct OpenSslObject {
  PyObject_HEAD void* context;
};

void* context_of(const Ref& object) {
  return reinterpret_cast<OpenSslObject*>(object.get())->context;
}

struct Pair {
  void* first;
  void* second;
};

// How large the contexts are at most; the allocator's block may have something else behind.
constexpr std::size_t kDigestContext = 9 * sizeof(void*), kKeyedContext = 4 * sizeof(void*);

// The words in which two copies of a context differ: what each has for itself.
std::vector<Pair> own_parts(const Pair& context, std::size_t most) {
  const std::size_t size = std::min(most, malloc_usable_size(context.first));
  std::vector<Pair> parts;
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += sizeof(void*)) {
    Pair words{};
    std::memcpy(&words.first, static_cast<char*>(context.first) + at, sizeof words.first);
    std::memcpy(&words.second, static_cast<char*>(context.second) + at, sizeof words.second);
    if (words.first != words.second) parts.push_back(words);
  }
  return parts;
}

// The states of the algorithms in two copies of an object; empty if they are not as expected.
std::vector<Pair> states_in(const Ref& one, const Ref& other, bool keyed) {
  std::vector<Pair> contexts{{context_of(one), context_of(other)}};
  if (keyed) contexts = own_parts(contexts[0], kKeyedContext);
  if (contexts.size() != (keyed ? 3 : 1)) return {};
  std::vector<Pair> states;
  for (const Pair& context : contexts) {
    const std::vector<Pair> parts = own_parts(context, kDigestContext);
    if (parts.size() != 1 || !parts[0].first || !parts[0].second) return {};
    states.push_back(parts[0]);
  }
  return states;
}

// A block of the allocator may be a little larger than what is in it: where copies begin to differ.
std::size_t used_size(const Pair& state) {
  // 15 bytes to the allocator's unit, and 16 that are too few for a block of their own.
  constexpr std::size_t kUnit = 4, kMostSpare = 32;
  const std::size_t size = malloc_usable_size(state.first);
  if (malloc_usable_size(state.second) != size) return 0;
  const auto* first = static_cast<const char*>(state.first);
  const auto* second = static_cast<const char*>(state.second);
  for (std::size_t at = size > kMostSpare ? size - kMostSpare : 0; at + kUnit <= size; at += kUnit)
    if (std::memcmp(first + at, second + at, kUnit) != 0) return at;
  return size;
}

bool is_keyed(PyTypeObject* type) { return std::strcmp(type->tp_name, "_hashlib.HMAC") == 0; }

Ref new_openssl(bool keyed, const std::string& name) {
  const Ref module = import("_hashlib"), keywords = new_dict();
  if (keyed) {
    put(keywords, "digestmod", text(name.substr(name.find('-') + 1)));
    return call_with(attr(module, "hmac_new").get(), pack(own(PyBytes_FromString("k"))).get(),
                     keywords.get());
  }
  put(keywords, "usedforsecurity", boolean(false));
  return call_with(attr(module, "new").get(), pack(text(name)).get(), keywords.get());
}

// A copy whose states lie in memory that was filled with `fill`: in what the allocator gave beyond
// the state, the two copies then differ.
Ref copy_over(PyObject* object, std::size_t size, int fill) {
  constexpr int kStates = 3;
  void* blocks[kStates];
  for (void*& block : blocks) {
    block = std::malloc(size);
    if (block) std::memset(block, fill, size);
  }
  for (void* block : blocks) std::free(block);
  return call_method(object, "copy");
}

// What copies of the object keep for themselves. Empty if they are not as expected: the allocator
// may have given blocks of different sizes.
std::vector<CopiedBlock> own_blocks(PyObject* object, bool keyed, std::vector<Ref>* copies) {
  const Ref first = call_method(object, "copy"), second = call_method(object, "copy");
  const std::vector<Pair> found = states_in(first, second, keyed);
  const std::size_t size = found.empty() ? 1 : malloc_usable_size(found[0].first);
  const Ref one = copy_over(object, size, 0xA5), other = copy_over(object, size, 0x5A);
  const std::vector<Pair> states = states_in(one, other, keyed);
  std::vector<CopiedBlock> blocks;
  blocks.reserve(states.size());
  for (const Pair& state : states)
    blocks.push_back({state.first, state.second, used_size(state), true, true});
  const auto unreadable = [](const CopiedBlock& block) { return block.size == 0; };
  if (std::any_of(blocks.begin(), blocks.end(), unreadable)) blocks.clear();
  // They keep the blocks, and hold odd ones back from a next try.
  for (const Ref& copy : {first, second, one, other}) copies->push_back(copy);
  return blocks;
}

std::size_t total(const std::vector<CopiedBlock>& blocks) {
  std::size_t sum = 0;
  for (const CopiedBlock& block : blocks) sum += block.size;
  return sum;
}

// The smallest blocks that a state has been found to fit in: others have something else behind it,
// for which a resumed process may have no room.
Ref packed_states(PyObject* object, bool keyed) {
  constexpr int kEnough = 3, kTries = 16;
  std::vector<Ref> copies;
  std::vector<CopiedBlock> smallest;
  int found = 0;
  for (int i = 0; i < kTries && found < kEnough; ++i) {
    std::vector<CopiedBlock> blocks = own_blocks(object, keyed, &copies);
    if (blocks.empty()) continue;
    ++found;
    if (smallest.empty() || total(blocks) < total(smallest)) smallest = std::move(blocks);
  }
  if (smallest.empty()) refuse("its state cannot be read from this OpenSSL");
  return packed_memory(smallest);
}

// (whether it is an HMAC, name, states)
Ref rebuild_openssl(Args args) {
  const bool keyed = is_true(args[0]);
  Ref made = new_openssl(keyed, utf8(args[1]));
  const Ref other = call_method(made, "copy");
  const std::vector<std::size_t> sizes = packed_sizes(args[2]);
  std::vector<void*> blocks;
  for (const Pair& state : states_in(made, other, keyed)) blocks.push_back(state.first);
  if (blocks.size() != sizes.size()) broken("OpenSSL keeps the state of a hash in another way");
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (malloc_usable_size(blocks[i]) < sizes[i])
      broken("OpenSSL keeps the state of a hash in another way");
  unpack_memory(args[2], blocks);
  return made;
}
const Rebuilder make_openssl{"hash.openssl", guarded<rebuild_openssl>};

// CPython's own modules, all of whose types are hashes: the object is the state, or from 3.12 on
// its last word leads to it.
constexpr const char* kOwnModules[] = {"_blake2", "_md5",  "_sha1", "_sha256",
                                       "_sha512", "_sha2", "_sha3"};
constexpr std::size_t kHead = sizeof(PyObject);

// ("module.type", bytes)
Ref rebuild_flat(Args args) {
  const std::string name = utf8(args[0]);
  const std::size_t dot = name.find('.');
  Ref made = call_method(import(name.substr(0, dot).c_str()), name.substr(dot + 1).c_str());
  const auto size = static_cast<std::size_t>(Py_TYPE(made.get())->tp_basicsize) - kHead;
  if (static_cast<std::size_t>(PyBytes_Size(args[1])) != size) broken("a saved hash is cut off");
  std::memcpy(reinterpret_cast<char*>(made.get()) + kHead, PyBytes_AsString(args[1]), size);
  return made;
}
const Rebuilder make_flat{"hash.flat", guarded<rebuild_flat>};

// Null if there are pointers in it.
Ref flat_bytes(PyObject* object) {
  const Ref one = call_method(object, "copy"), other = call_method(object, "copy");
  const auto size = static_cast<std::size_t>(Py_TYPE(object)->tp_basicsize) - kHead;
  const char* const first = reinterpret_cast<const char*>(one.get()) + kHead;
  if (std::memcmp(first, reinterpret_cast<const char*>(other.get()) + kHead, size) != 0) return {};
  return own(PyBytes_FromStringAndSize(first, static_cast<Py_ssize_t>(size)));
}

// HACL*'s: what has been hashed, what waits to be, and how much it was in all; of SHA-3 the
// algorithm before. Each of the two is a block of the allocator.
struct Streaming {
  char* blocks[2];
  std::uint64_t length;
};
Streaming& streaming(PyObject* object) {
  const bool keccak = std::strncmp(Py_TYPE(object)->tp_name, "_sha3.", 6) == 0;
  const auto size = static_cast<std::size_t>(Py_TYPE(object)->tp_basicsize);
  char* state = nullptr;
  std::memcpy(&state, reinterpret_cast<char*>(object) + size - sizeof state, sizeof state);
  if (size < kHead + sizeof state || !state) refuse("its state cannot be read in this Python");
  return *reinterpret_cast<Streaming*>(state + (keccak ? sizeof(std::uint64_t) : 0));
}

Ref block_bytes(char* block) {
  const auto size = static_cast<Py_ssize_t>(malloc_usable_size(block));
  return own(PyBytes_FromStringAndSize(block, size));
}

// (module, name, length, bytes, bytes): beyond the state there may be a little of the allocator's.
Ref rebuild_streaming(Args args) {
  Ref made = call_method(import(utf8(args[0]).c_str()), utf8(args[1]).c_str());
  Streaming& state = streaming(made.get());
  state.length = static_cast<std::uint64_t>(integer(args[2]));
  for (Py_ssize_t i = 0; i < 2; ++i) {
    const auto saved = static_cast<std::size_t>(PyBytes_Size(args[3 + i]));
    const std::size_t size = std::min(saved, malloc_usable_size(state.blocks[i]));
    std::memcpy(state.blocks[i], PyBytes_AsString(args[3 + i]), size);
  }
  return made;
}
const Rebuilder make_streaming{"hash.streaming", guarded<rebuild_streaming>};

Ref streaming_state(PyObject* object) {
  const Ref one = call_method(object, "copy"), other = call_method(object, "copy");
  const Streaming &first = streaming(one.get()), &second = streaming(other.get());
  if (first.length != second.length || first.blocks[0] == second.blocks[0] ||
      first.blocks[1] == second.blocks[1])
    refuse("its state cannot be read in this Python");
  const std::string type = Py_TYPE(object)->tp_name;
  return pack(text(type.substr(0, type.find('.'))), attr(object, "name"),
              number(static_cast<long long>(first.length)), block_bytes(first.blocks[0]),
              block_bytes(first.blocks[1]));
}

// What would be seen of it: now, and after more has been hashed.
Ref shown_by(const Ref& hash) {
  const bool of_any_length = utf8_attr(hash.get(), "name").compare(0, 5, "shake") == 0;
  const Ref now =
      of_any_length ? call_method(hash, "digest", number(64)) : call_method(hash, "digest");
  const Ref more = call_method(hash, "copy");
  call_method(more, "update", own(PyBytes_FromString("chkpt")));
  return pack(now,
              of_any_length ? call_method(more, "digest", number(64)) : call_method(more, "digest"),
              attr(hash, "name"), attr(hash, "digest_size"), attr(hash, "block_size"));
}

Ref tried(PyObject* object, const Rebuilder& make, const Ref& args) {
  const Ref made = call_with(make.function(), args.get(), nullptr);
  const Ref same =
      own(PyObject_RichCompare(shown_by(made).get(), shown_by(Ref::borrow(object)).get(), Py_EQ));
  if (!is_true(same)) refuse("its state cannot be read from this library");
  return reduced(make, args);
}

}  // namespace

Ref reduce_openssl_hash(Saver&, PyObject* object, Rule& rule) {
  if (rule.type->tp_basicsize < static_cast<Py_ssize_t>(sizeof(OpenSslObject)))
    refuse("a hash of another kind");
  const bool keyed = is_keyed(rule.type);
  return tried(object, make_openssl,
               pack(boolean(keyed), attr(object, "name"), packed_states(object, keyed)));
}

bool is_flat_hash_type(PyTypeObject* type) {
  if (frames::is_python_class(type)) return false;
  const std::string_view name = type->tp_name;
  for (const char* module : kOwnModules)
    if (name.substr(0, name.find('.')) == module) return true;
  return false;
}

Ref reduce_flat_hash(Saver&, PyObject* object, Rule& rule) {
  if (const Ref bytes = flat_bytes(object))
    return tried(object, make_flat, pack(text(rule.type->tp_name), bytes));
  if (std::strncmp(rule.type->tp_name, "_blake2.", 8) == 0)
    refuse("its state cannot be read in this Python");
  return tried(object, make_streaming, streaming_state(object));
}

}  // namespace chkpt::heap
