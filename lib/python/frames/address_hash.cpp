// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/address_hash.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <utility>

#include "python/frames/hash_table.hpp"
#include "python/frames/name_bits.hpp"

// Of object().__str__.
extern "C" PyTypeObject _PyMethodWrapper_Type;  // NOLINT(bugprone-reserved-identifier)

namespace chkpt::frames {
namespace {

// ---- what is kept

// Bits for addresses: 256 MB of memory without two objects at one bit; 2 MB, as far as used.
constexpr std::size_t kBits = std::size_t{1} << 24;
std::uint64_t g_asked[kBits / 64];

std::size_t bit_of(const void* address) {
  return (reinterpret_cast<std::uintptr_t>(address) >> 4) & (kBits - 1);
}
bool may_be_asked(const void* address) {
  const std::size_t bit = bit_of(address);
  return (g_asked[bit / 64] >> (bit % 64) & 1) != 0;
}
void note_asked(const void* address) {
  const std::size_t bit = bit_of(address);
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  if ((g_asked[bit / 64] & mask) == 0) g_asked[bit / 64] |= mask;
}

// Never destroyed: hashes are asked for until the interpreter is gone.
struct Kept {
  HashTable named;   // classes, functions, modules: all that were hashed and live; C functions
  HashTable owners;  // the address of a named object by its hash
  HashTable given;   // other objects, some of them dead
};
Kept* g_kept = nullptr;
HashWatch* g_watch = nullptr;
bool g_is_plain = true;  // nothing was given, nobody watches

void note_plainness() { g_is_plain = g_kept->given.is_empty() && !g_watch; }

bool in_main_interpreter() { return _Py_IsMainInterpreter(_PyInterpreterState_GET()) != 0; }

// ---- by address

constexpr Py_hash_t kNoHash = -1, kInsteadOfNoHash = -2;
Py_hash_t valid(std::uint64_t bits) {
  const auto hash = static_cast<Py_hash_t>(bits);
  return hash == kNoHash ? kInsteadOfNoHash : hash;
}

// As Python does it: the low bits are the same in most addresses.
Py_hash_t by_address(const void* address) {
  const auto bits = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
  return valid(bits >> 4 | bits << 60);
}

Py_hash_t special_hash(const void* address, bool may_be_known) {
  const Py_hash_t given = g_kept->given.find(address);
  if (g_watch && g_watch->note(address, given == kNoHash && !may_be_known))
    return g_kept->given.find(address);
  return given == kNoHash ? by_address(address) : given;
}

Py_hash_t plain_hash(const void* address) {
  if (g_is_plain) {
    note_asked(address);
    return by_address(address);
  }
  const bool may_be_known = may_be_asked(address);
  note_asked(address);
  return special_hash(address, may_be_known);
}

// ---- by name

const void* as_key(Py_hash_t hash) { return reinterpret_cast<const void*>(hash); }  // NOLINT

// The first of these that no other living object has; one of many of the same name cannot be told
// from the others, and takes what its address says.
Py_hash_t free_hash(PyObject* object) {
  constexpr std::uint64_t kTries = 8;
  // No number that could be an address: those are told from others.
  constexpr std::uint64_t kHighBit = std::uint64_t{1} << 62;
  const std::uint64_t bits = bits_of_name(object);
  for (std::uint64_t i = 0; i < kTries; ++i) {
    const Py_hash_t hash = valid(mixed(bits + i) | kHighBit);
    if (g_kept->owners.find(as_key(hash)) == kNoHash) return hash;
  }
  return valid(mixed(bits ^ reinterpret_cast<std::uintptr_t>(object)) | kHighBit);
}

void keep_named(const void* object, Py_hash_t hash) {
  note_asked(object);
  g_kept->named.put(object, hash);
  g_kept->owners.put(as_key(hash), reinterpret_cast<Py_hash_t>(object));
}

Py_hash_t new_named_hash(PyObject* object) {
  try {
    const Py_hash_t hash = free_hash(object);
    keep_named(object, hash);
    return hash;
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return kNoHash;
  }
}

Py_hash_t named_hash(PyObject* object) {
  const Py_hash_t known = g_kept->named.find(object);
  return known != kNoHash ? known : new_named_hash(object);
}

void forget_named(const void* object) {
  if (!may_be_asked(object) || !in_main_interpreter()) return;
  const Py_hash_t hash = g_kept->named.find(object);
  if (hash == kNoHash) return;
  g_kept->named.erase(object);
  if (g_kept->owners.find(as_key(hash)) == reinterpret_cast<Py_hash_t>(object))
    g_kept->owners.erase(as_key(hash));
}

// ---- which of the two

bool is_descriptor(PyTypeObject* type) {
  return type == &PyMethodDescr_Type || type == &PyWrapperDescr_Type ||
         type == &PyGetSetDescr_Type || type == &PyMemberDescr_Type ||
         type == &PyClassMethodDescr_Type;
}

// Found again by its class and its name.
Py_hash_t descriptor_hash(PyObject* object) {
  const Py_hash_t name = PyObject_Hash(PyDescr_NAME(object));
  const Py_hash_t type = named_hash(reinterpret_cast<PyObject*>(PyDescr_TYPE(object)));
  if (name == kNoHash || type == kNoHash) return kNoHash;
  return valid(mixed(static_cast<std::uint64_t>(name)) ^ static_cast<std::uint64_t>(type));
}

// Whether an entry among the named ones says all.
bool is_named(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (PyType_HasFeature(type, Py_TPFLAGS_TYPE_SUBCLASS)) return true;
  return type == &PyFunction_Type || type == &PyModule_Type;
}

Py_hash_t hash_of_static(PyObject* object) {
  if (is_descriptor(Py_TYPE(object)) && PyDescr_NAME(object)) return descriptor_hash(object);
  return is_named(object) ? named_hash(object) : plain_hash(object);
}

// In the place of object.__hash__.
Py_hash_t object_hash(PyObject* object) {
  if (!in_main_interpreter()) return by_address(object);
  const unsigned long flags = Py_TYPE(object)->tp_flags;
  if ((flags & Py_TPFLAGS_TYPE_SUBCLASS) != 0) return named_hash(object);
  return (flags & Py_TPFLAGS_HEAPTYPE) != 0 ? plain_hash(object) : hash_of_static(object);
}

// ---- bound methods, which Python hashes by the address of their object and of the C code

// Equal ones are one object or not, but always hash the same.
bool is_constant(PyObject* object) {
  return PyUnicode_CheckExact(object) || PyBytes_CheckExact(object) || PyLong_CheckExact(object) ||
         PyFloat_CheckExact(object);
}

Py_hash_t hash_of_self(PyObject* self) {
  return is_constant(self) ? PyObject_Hash(self) : object_hash(self);
}

Py_hash_t method_hash(PyObject* object) {
  const auto* method = reinterpret_cast<PyMethodObject*>(object);
  const Py_hash_t self = hash_of_self(method->im_self);
  const Py_hash_t function = PyObject_Hash(method->im_func);
  if (self == kNoHash || function == kNoHash) return kNoHash;
  return valid(static_cast<std::uint64_t>(self ^ function));
}

// C code is found again by the library that it is in, and where there.
Py_hash_t code_hash(const void* code) {
  if (!in_main_interpreter()) return by_address(code);
  const Py_hash_t known = g_kept->named.find(code);
  if (known != kNoHash) return known;
  const std::uint64_t bits = bits_of_code(code);
  const Py_hash_t hash = bits ? valid(mixed(bits)) : by_address(code);
  try {
    g_kept->named.put(code, hash);
  } catch (const std::bad_alloc&) {  // asked for again the next time
  }
  return hash;
}

Py_hash_t c_function_hash(PyObject* object) {
  const auto* function = reinterpret_cast<PyCFunctionObject*>(object);
  const Py_hash_t self = function->m_self ? hash_of_self(function->m_self) : 0;
  if (self == kNoHash) return kNoHash;
  const Py_hash_t code = code_hash(reinterpret_cast<const void*>(function->m_ml->ml_meth));
  return valid(static_cast<std::uint64_t>(self ^ code));
}

struct MethodWrapper {  // the same from 3.7 to 3.13
  PyObject_HEAD PyObject* descriptor;
  PyObject* self;
};
Py_hash_t method_wrapper_hash(PyObject* object) {
  const auto* wrapper = reinterpret_cast<MethodWrapper*>(object);
  const Py_hash_t self = hash_of_self(wrapper->self);
  const Py_hash_t descriptor = object_hash(wrapper->descriptor);
  if (self == kNoHash || descriptor == kNoHash) return kNoHash;
  return valid(static_cast<std::uint64_t>(self ^ descriptor));
}

// A NaN equals nothing, and hashes by its address.
hashfunc g_number_hash = nullptr;
Py_hash_t float_hash(PyObject* object) {
  return std::isnan(PyFloat_AS_DOUBLE(object)) ? object_hash(object) : g_number_hash(object);
}

// ---- an address may be that of another object as soon as its object is gone

template <PyTypeObject& Type>
struct Forgetting {
  static destructor original;
  static void dealloc(PyObject* object) {
    original(object);
    forget_named(object);
  }
  static void install() {
    original = Type.tp_dealloc;
    Type.tp_dealloc = dealloc;
  }
};
template <PyTypeObject& Type>
destructor Forgetting<Type>::original = nullptr;

}  // namespace

void install_address_hashes() {
  if (g_kept) return;
  g_kept = new Kept;
  PyBaseObject_Type.tp_hash = object_hash;
  g_number_hash = std::exchange(PyFloat_Type.tp_hash, float_hash);
  PyMethod_Type.tp_hash = method_hash;
  PyCFunction_Type.tp_hash = c_function_hash;
  _PyMethodWrapper_Type.tp_hash = method_wrapper_hash;
  Forgetting<PyType_Type>::install();
  Forgetting<PyFunction_Type>::install();
  Forgetting<PyModule_Type>::install();
}

Py_hash_t asked_hash(PyObject* object) {
  if (!g_kept) return kNoHash;
  if (is_named(object)) return g_kept->named.find(object);
  if (is_descriptor(Py_TYPE(object))) return kNoHash;
  const Py_hash_t given = g_kept->given.find(object);
  if (given != kNoHash) return given;
  return may_be_asked(object) ? by_address(object) : kNoHash;
}

void give_hash(PyObject* object, Py_hash_t hash, bool is_new) {
  if (!g_kept || hash == kNoHash) return;
  const Py_hash_t asked = asked_hash(object);
  if (asked == hash) return;
  if (is_named(object)) {
    if (asked == kNoHash) keep_named(object, hash);
    return;
  }
  if (asked != kNoHash && !is_new) return;
  note_asked(object);
  g_kept->given.put(object, hash);
  note_plainness();
}

HashWatch::HashWatch(Py_hash_t offered) : offered_(offered) {
  g_watch = this;
  g_is_plain = false;
}

HashWatch::~HashWatch() {
  g_watch = nullptr;
  if (g_kept) note_plainness();
}

bool HashWatch::note(const void* address, bool may_take) noexcept {
  try {
    seen_.push_back(address);
    if (!may_take || offered_ == kNoHash) return false;
    g_kept->given.put(address, std::exchange(offered_, kNoHash));
    return true;
  } catch (const std::bad_alloc&) {
    is_blind_ = true;
    return false;
  }
}

bool HashWatch::saw(PyObject* object) const {
  return is_blind_ || std::find(seen_.begin(), seen_.end(), object) != seen_.end();
}

}  // namespace chkpt::frames
