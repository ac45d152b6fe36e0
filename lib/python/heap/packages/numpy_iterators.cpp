// SPDX-License-Identifier: BSD-3-Clause
// Iterators over numpy arrays: made again from what they go over, then put where they were. An
// nditer does not tell how it was made: it is saved if one made by what can be seen is the same.
#include <Python.h>

#include <cstring>
#include <string>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- array.flat in the middle: (array, number of items it has given)

Ref rebuild_flat(Args args) {
  Ref flat = attr(args[0], "flat");
  for (long long i = integer(args[1]); i > 0; --i) own(PyIter_Next(flat.get()));
  return flat;
}
const Rebuilder make_flat{"numpy.flat", guarded<rebuild_flat>};
}  // namespace

Ref reduce_flat(Saver&, PyObject* flat, Rule&) {
  return reduced(make_flat, pack(attr(flat, "base"), attr(flat, "index")));
}

namespace {

// ---- numpy.ndindex in the middle

// Where an nditer notes that it has given its first item: the byte that its first next() sets.
std::size_t find_started() {
  const Ref iterator = attr(call(numpy("ndindex"), number(3)), "_it");
  const auto* bytes = reinterpret_cast<const char*>(iterator.get());
  const std::vector<char> before(bytes, bytes + Py_TYPE(iterator.get())->tp_basicsize);
  own(PyIter_Next(iterator.get()));
  std::size_t found = 0;
  for (std::size_t at = sizeof(PyObject); at < before.size(); ++at)
    if (bytes[at] != before[at])
      found = !found && before[at] == 0 && bytes[at] == 1 ? at : SIZE_MAX;
  return found;
}

char& started(PyObject* iterator) {
  static const std::size_t place = find_started();
  if (place == 0 || place == SIZE_MAX) refuse("numpy.nditer in the middle, in this numpy");
  return reinterpret_cast<char*>(iterator)[place];
}

bool has_started(PyObject* iterator) { return started(iterator) != 0; }

// (shape, how often next() was called)
Ref rebuild_ndindex(Args args) {
  Ref made = call(numpy("ndindex"), args[0]);
  for (long long i = integer(args[1]); i > 0; --i) {
    const Ref given = Ref::steal(PyIter_Next(made.get()));
    if (!given && PyErr_Occurred()) throw Raised{};
  }
  return made;
}
const Rebuilder make_ndindex{"numpy.ndindex", guarded<rebuild_ndindex>};
}  // namespace

Ref reduce_ndindex(Saver&, PyObject* object, Rule&) {
  const Ref iterator = attr(object, "_it");
  // One that has ended does not tell its shape any more, but all of them are alike.
  if (truth_of(iterator.get(), "finished")) return reduced(make_ndindex, pack(pack(), number(2)));
  const long long index = integer(attr(iterator, "iterindex").get());
  const long long given = has_started(iterator.get()) ? index + 1 : 0;
  return reduced(make_ndindex, pack(attr(iterator, "shape"), number(given)));
}

namespace {

// ---- numpy.broadcast in the middle: (arrays, number of items it has given)

Ref rebuild_broadcast(Args args) {
  Ref made = own(PyObject_CallObject(numpy("broadcast").get(), args[0]));
  for (long long i = integer(args[1]); i > 0; --i) own(PyIter_Next(made.get()));
  return made;
}
const Rebuilder make_broadcast{"numpy.broadcast", guarded<rebuild_broadcast>};

}  // namespace

Ref reduce_broadcast(Saver&, PyObject* object, Rule&) {
  const Ref iterators = attr(object, "iters"), arrays = new_list();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(iterators.get()); ++i)
    append(arrays, attr(item(iterators, i), "base"));
  return reduced(make_broadcast, pack(own(PyList_AsTuple(arrays.get())), attr(object, "index")));
}

namespace {

// ---- numpy.nditer

// What an nditer begins with, and what its own object begins with (nditer_impl.h): both are
// compared with those of one that is made for the purpose.
struct NditerObject {
  PyObject_HEAD std::uint32_t* flags;
};
constexpr std::uint32_t kIndex = 0x4, kMultiIndex = 0x8, kForcedOrder = 0x10, kExternalLoop = 0x20,
                        kRanged = 0x40, kBuffered = 0x80;

std::uint32_t flags_of(PyObject* iterator) {
  static const bool known = [] {
    const Ref array = call(numpy("zeros"), number(2));
    const auto flags = [&](const char* order, const char* flag) {
      const Ref keywords = new_dict(), names = new_list();
      put(keywords, "order", text(order));
      if (*flag) append(names, text(flag));
      put(keywords, "flags", names);
      const Ref made = call_with(numpy("nditer").get(), pack(array).get(), keywords.get());
      return *reinterpret_cast<const NditerObject*>(made.get())->flags;
    };
    constexpr std::uint32_t kAll = 0xFC;
    return (flags("K", "") & kAll) == 0 && (flags("C", "") & kAll) == kForcedOrder &&
           (flags("K", "multi_index") & kAll) == kMultiIndex &&
           (flags("K", "f_index") & kAll) == kIndex && (flags("K", "ranged") & kAll) == kRanged &&
           (flags("K", "external_loop") & kAll) == kExternalLoop &&
           (flags("K", "buffered") & kAll) == kBuffered;
  }();
  if (!known) refuse("numpy.nditer in the middle, in this numpy");
  return *reinterpret_cast<const NditerObject*>(iterator)->flags;
}

// (operands, keywords, range or None)
Ref made_nditer(PyObject* operands, PyObject* keywords, PyObject* range) {
  const Ref list = own(PySequence_List(operands));
  Ref made = call_with(numpy("nditer").get(), pack(list).get(), keywords);
  if (range != Py_None) set_attr(made.get(), "iterrange", range);
  return made;
}

void go_on(PyObject* iterator) { call_method(iterator, "iternext"); }

// To a place that it has been at. In an external loop an nditer can only go forwards.
void go_to(PyObject* iterator, PyObject* index, bool finished, bool external_loop) {
  const long long last = integer(item(attr(iterator, "iterrange"), 1)) - 1;
  const long long wanted = finished ? last : integer(index);
  if (!external_loop && !truth_of(iterator, "finished"))
    set_attr(iterator, "iterindex", number(wanted).get());
  while (!truth_of(iterator, "finished") &&
         (finished || integer(attr(iterator, "iterindex").get()) < wanted))
    go_on(iterator);
}

// (operands, keywords, range or None, index or None, has started, has finished, external loop)
Ref rebuild_nditer(Args args) {
  Ref made = made_nditer(args[0], args[1], args[2]);
  go_to(made.get(), args[3], is_true(args[5]), is_true(args[6]));
  started(made.get()) = is_true(args[4]) ? 1 : 0;
  return made;
}
const Rebuilder make_nditer{"numpy.nditer", guarded<rebuild_nditer>};

Ref rebuild_closed_nditer(Args) {
  Ref made = call(numpy("nditer"), call(numpy("zeros"), number(1)));
  call_method(made, "close");
  return made;
}
const Rebuilder make_closed_nditer{"numpy.nditer.closed", guarded<rebuild_closed_nditer>};

bool equal(const Ref& a, const Ref& b) {
  return a && b && ok(PyObject_RichCompareBool(a.get(), b.get(), Py_EQ)) == 1;
}

bool same_arrays(const Ref& a, const Ref& b) {
  const Py_ssize_t size = PySequence_Size(a.get());
  if (size != PySequence_Size(b.get())) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    const Ref one = own(PySequence_GetItem(a.get(), i)),
              other = own(PySequence_GetItem(b.get(), i));
    if (address_of(one.get()) != address_of(other.get()) ||
        is_writeable(one.get()) != is_writeable(other.get()) ||
        !equal(attr(one, "strides"), attr(other, "strides")) ||
        !equal(attr(one, "shape"), attr(other, "shape")) ||
        !equal(attr(one, "dtype"), attr(other, "dtype")))
      return false;
  }
  return true;
}

// The value, or the values of several operands, where they stand now.
Ref values_of(PyObject* iterator) {
  Ref value = attr(iterator, "value");
  return PyTuple_Check(value.get()) ? value : pack(value);
}

// A copy that can show what one that has ended does not.
Ref from_start(PyObject* iterator) {
  Ref copy = call_method(iterator, "copy");
  call_method(copy, "reset");
  return copy;
}

// Of one that has ended there is none to ask for.
Ref index_of(PyObject* iterator) {
  return truth_of(iterator, "finished") ? none() : attr(iterator, "iterindex");
}

// Whether both give the same from here on, as far as it can be seen without doing it.
bool same_nditer(PyObject* a, PyObject* b) {
  if (flags_of(a) != flags_of(b)) return false;
  for (const char* name : {"itersize", "iterrange", "finished", "dtypes"})
    if (!equal(attr(a, name), attr(b, name))) return false;
  if (!index_of(a).is(Py_None) && !equal(index_of(a), index_of(b))) return false;
  for (const char* name : {"index", "multi_index"})  // that of an nditer without one is an error
    if (const bool has = truth_of(a, (std::string("has_") + name).c_str());
        has && !truth_of(a, "finished") && !equal(attr(a, name), attr(b, name)))
      return false;
  if (!equal(attr(from_start(a), "shape"), attr(from_start(b), "shape"))) return false;
  return same_arrays(attr(a, "itviews"), attr(b, "itviews")) &&
         (truth_of(a, "finished") || same_arrays(values_of(a), values_of(b)));
}

Ref list_of(std::initializer_list<const char*> names) {
  Ref list = new_list();
  for (const char* name : names) append(list, text(name));
  return list;
}

// What it may have been made with: the order and the kind of index have to be tried.
Ref keywords_for(PyObject* iterator, const char* order, const char* index) {
  const std::uint32_t flags = flags_of(iterator);
  const Ref names = list_of({"refs_ok", "reduce_ok", "zerosize_ok"});
  if (flags & kMultiIndex) append(names, text("multi_index"));
  if (flags & kIndex) append(names, text(index));
  if (flags & kExternalLoop) append(names, text("external_loop"));
  if (flags & kRanged) append(names, text("ranged"));
  const Ref operand_flags = new_list(), values = values_of(from_start(iterator).get());
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values.get()); ++i)
    append(operand_flags, list_of({is_writeable(item(values, i)) ? "readwrite" : "readonly"}));
  Ref keywords = new_dict();
  put(keywords, "flags", names);
  put(keywords, "op_flags", operand_flags);
  put(keywords, "order", text(order));
  return keywords;
}

// Both kinds of index count differently along one axis at least.
bool same_indices(PyObject* a, PyObject* b) {
  constexpr long long kEnough = 4096;
  const Ref one = from_start(a), other = from_start(b);
  for (long long i = 0; i < kEnough && !truth_of(one.get(), "finished"); ++i) {
    if (!equal(attr(one, "index"), attr(other, "index"))) return false;
    go_on(one.get()), go_on(other.get());
  }
  return true;
}

// The arguments of make_nditer if they give what is there; null otherwise, without an exception.
Ref matching_arguments(PyObject* iterator, const char* order, const char* index) try {
  const std::uint32_t flags = flags_of(iterator);
  const Ref range = flags & kRanged ? attr(iterator, "iterrange") : none();
  const Ref args = pack(attr(iterator, "operands"), keywords_for(iterator, order, index), range,
                        index_of(iterator), boolean(has_started(iterator)),
                        attr(iterator, "finished"), boolean((flags & kExternalLoop) != 0));
  const Ref made =
      rebuild_nditer({PySequence_Fast_ITEMS(args.get()), PyTuple_GET_SIZE(args.get())});
  if (!same_nditer(iterator, made.get())) return {};
  if ((flags & kIndex) && !same_indices(iterator, made.get())) return {};
  return args;
} catch (const Raised&) {
  PyErr_Clear();
  return {};
}

bool is_nested(PyObject* iterator) {
  PyObject* child = nullptr;  // behind the two flags of which `started` is the first
  const auto place = &started(iterator) - reinterpret_cast<char*>(iterator) + sizeof(PyObject*);
  std::memcpy(&child, reinterpret_cast<char*>(iterator) + place, sizeof child);
  return child != nullptr;
}

}  // namespace

Ref reduce_nditer(Saver&, PyObject* iterator, Rule&) {
  if (!reinterpret_cast<const NditerObject*>(iterator)->flags)
    return reduced(make_closed_nditer, pack());
  const std::uint32_t flags = flags_of(iterator);
  if (flags & kBuffered) refuse("a numpy.nditer with buffers");
  if (is_nested(iterator)) refuse("a numpy.nditer with others inside it");
  const bool forced = (flags & kForcedOrder) != 0;
  for (const char* order : {forced ? "C" : "K", forced ? "F" : "A"})
    for (const char* index : {"c_index", "f_index"})
      if (const Ref args = matching_arguments(iterator, order, index))
        return reduced(make_nditer, args);
  refuse("a numpy.nditer made in a way that cannot be told, such as with op_axes");
}

// What an nditer gives is memory of an operand, kept alive by the nditer.
PyObject* operand_at(PyObject* iterator, long long address, Ref& operands) {
  operands = attr(iterator, "operands");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operands.get()); ++i) {
    const Ref owner = owner_of(item(operands, i));
    const long long start = address_of(owner.get());
    if (contiguous(owner.get()) && address >= start &&
        address <= start + integer(attr(owner, "nbytes").get()))
      return item(operands, i);
  }
  refuse("what a numpy.nditer has given, which is not in an array");
}

bool is_nditer(PyObject* object) {
  const Ref type = loaded_attr("numpy", "nditer");
  return type && type.is(raw(Py_TYPE(object)));
}

}  // namespace chkpt::heap
