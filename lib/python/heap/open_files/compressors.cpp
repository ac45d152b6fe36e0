// SPDX-License-Identifier: BSD-3-Clause
// zlib.compressobj() and zlib.decompressobj() in the middle. zlib can copy a stream's state,
// through the allocator that the stream names: with an allocator of ours in its place for that
// moment, two copies show the whole state (library_memory.hpp), which is laid down again in a new
// object.
#include <Python.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/packages/library_memory.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// The public z_stream of <zlib.h>, and CPython's object around it (3.11 to 3.13).
struct Stream {
  const unsigned char* next_in;
  unsigned avail_in;
  unsigned long total_in;
  unsigned char* next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char* msg;
  void* state;
  void* (*zalloc)(void*, unsigned, unsigned);
  void (*zfree)(void*, void*);
  void* opaque;
  int data_type;
  unsigned long adler, reserved;
};
struct Compressor {
  PyObject_HEAD Stream stream;
  PyObject *unused_data, *unconsumed_tail;
  unsigned char flags[8];  // of which the first is `eof`, and one more says that there is a state
  PyObject* dictionary;
  PyThread_type_lock lock;
};

Compressor& as_compressor(PyObject* object) { return *reinterpret_cast<Compressor*>(object); }

bool compresses(PyTypeObject* type) { return std::strcmp(type->tp_name, "zlib.Compress") == 0; }

Ref fresh(bool compresses) {
  return call_method(import("zlib"), compresses ? "compressobj" : "decompressobj");
}

// Which of the flags says that there is a state: the one that the end of a stream clears. 0: none.
std::size_t find_state_flag() {
  const Ref made = fresh(true);
  const Compressor& compressor = as_compressor(made.get());
  unsigned char before[sizeof compressor.flags];
  std::memcpy(before, compressor.flags, sizeof before);
  call_method(made, "flush");
  std::size_t found = 0;
  for (std::size_t i = 1; i < sizeof before; ++i)
    if (before[i] == 1 && compressor.flags[i] == 0) found = i;
  return found;
}
std::size_t state_flag() {
  static const std::size_t flag = find_state_flag();
  return flag;
}

// Believed only if the fields say what the attributes say.
void check_layout(PyObject* object) {
  const Compressor& compressor = as_compressor(object);
  bool fits = Py_TYPE(object)->tp_basicsize == sizeof(Compressor) && compressor.lock;
  if (fits && !compresses(Py_TYPE(object)))
    fits = attr(object, "unused_data").is(compressor.unused_data) &&
           attr(object, "unconsumed_tail").is(compressor.unconsumed_tail) &&
           truth_of(object, "eof") == (compressor.flags[0] != 0);
  if (!fits) refuse("zlib objects of another kind");
}

// ---- two copies

struct Allocated {
  void* memory;
  std::size_t size;
};
std::vector<Allocated>* allocated = nullptr;

void* allocate(void*, unsigned items, unsigned size) {
  // Cleared: the copies differ in nothing but pointers, also where zlib writes nothing.
  void* memory = std::calloc(items, size);
  if (memory) allocated->push_back({memory, std::size_t{items} * size});
  return memory;
}
void release(void*, void* memory) { std::free(memory); }

struct Copy {
  Ref object;
  std::vector<Allocated> blocks;
};

Copy copy_of(PyObject* object) {
  Copy copy;
  Stream& stream = as_compressor(object).stream;
  const Stream before = stream;
  allocated = &copy.blocks;
  stream.zalloc = allocate;
  stream.zfree = release;
  copy.object = Ref::steal(PyObject_CallMethod(object, "copy", nullptr));
  stream.zalloc = before.zalloc;
  stream.zfree = before.zfree;
  allocated = nullptr;
  if (!copy.object) throw Raised{};
  return copy;
}

// What the library reads anew at each call is not part of the state.
Stream settled(const Ref& copy) {
  Stream stream = as_compressor(copy.get()).stream;
  stream.next_in = nullptr;
  stream.next_out = nullptr;
  stream.avail_in = stream.avail_out = 0;
  stream.zalloc = nullptr;
  stream.zfree = nullptr;
  stream.opaque = nullptr;
  return stream;
}

Ref packed_state(PyObject* object) {
  const Copy one = copy_of(object), other = copy_of(object);
  if (one.blocks.size() != other.blocks.size() || one.blocks.empty())
    refuse("zlib objects of another kind");
  // The stream itself is where the copies have it, with what is settled in it.
  Stream& first = as_compressor(one.object.get()).stream;
  Stream& second = as_compressor(other.object.get()).stream;
  const Stream kept_first = first, kept_second = second;
  first = settled(one.object);
  second = settled(other.object);
  std::vector<CopiedBlock> blocks{{&first, &second, sizeof(Stream), true}};
  for (std::size_t i = 0; i < one.blocks.size(); ++i)
    blocks.push_back({one.blocks[i].memory, other.blocks[i].memory, one.blocks[i].size, i == 0});
  Ref packed;
  try {
    packed = packed_memory(blocks);
  } catch (...) {
    first = kept_first;
    second = kept_second;
    throw;
  }
  first = kept_first;
  second = kept_second;
  return packed;
}

// ---- made again

void lay_down(Compressor& made, PyObject* packed, const Stream& model) {
  std::vector<void*> blocks{&made.stream};
  const std::vector<std::size_t> sizes = packed_sizes(packed);
  if (sizes.empty() || sizes[0] != sizeof(Stream)) broken("a saved zlib object lacks its state");
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    // What cannot be laid down stays behind: only zlib itself could free a part of a state.
    blocks.push_back(model.zalloc(model.opaque, 1, static_cast<unsigned>(sizes[i])));
    if (!blocks.back()) {
      PyErr_NoMemory();
      throw Raised{};
    }
  }
  unpack_memory(packed, blocks);
  made.stream.zalloc = model.zalloc;
  made.stream.zfree = model.zfree;
  made.stream.opaque = model.opaque;
}

// (whether it compresses, state or None, eof, unused data, unconsumed tail, dictionary or None)
Ref rebuild_compressor(Args args) {
  const Ref model = fresh(is_true(args[0]));
  PyTypeObject* const type = Py_TYPE(model.get());
  const std::size_t flag = state_flag();
  if (flag == 0 || type->tp_basicsize != sizeof(Compressor)) broken("zlib objects have changed");
  const Ref object = own(type->tp_alloc(type, 0));
  Compressor& made = as_compressor(object.get());
  made.lock = PyThread_allocate_lock();
  made.unused_data = Py_NewRef(args[3]);
  made.unconsumed_tail = Py_NewRef(args[4]);
  if (args[5] != Py_None) made.dictionary = Py_NewRef(args[5]);
  made.flags[0] = is_true(args[2]) ? 1 : 0;
  if (!made.lock) broken("no lock for a zlib object");
  if (args[1] == Py_None) return object;
  lay_down(made, args[1], as_compressor(model.get()).stream);
  made.flags[flag] = 1;
  return object;
}
const Rebuilder make_compressor{"zlib.stream", guarded<rebuild_compressor>};

}  // namespace

Ref reduce_compressor(Saver&, PyObject* object, Rule& rule) {
  check_layout(object);
  const std::size_t flag = state_flag();
  if (flag == 0) refuse("zlib objects of another kind");
  const Compressor& compressor = as_compressor(object);
  const Ref state = compressor.flags[flag] ? packed_state(object) : none();
  PyObject* dictionary = compressor.dictionary ? compressor.dictionary : Py_None;
  return reduced(make_compressor,
                 pack(boolean(compresses(rule.type)), state, boolean(compressor.flags[0] != 0),
                      compressor.unused_data, compressor.unconsumed_tail, dictionary));
}

}  // namespace chkpt::heap
