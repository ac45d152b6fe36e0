// SPDX-License-Identifier: BSD-3-Clause
// Iterators of the interpreter's own C code that never show how far they are, over something that
// does not change: made again from it, and stepped until they are there. Their layout is the same
// from 3.11 to 3.13, and believed only if a probe confirms it.
#include <Python.h>

#include <string_view>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

struct Text {
  PyObject* string;
  Py_ssize_t start, end;
};
struct FormatIterator {  // string.Formatter().parse()
  PyObject_HEAD PyObject* source;
  Text rest;
};
struct FieldNameIterator {  // what Formatter.get_field() goes through
  PyObject_HEAD PyObject* source;
  Text name;
  Py_ssize_t index;
};
struct LineIterator {  // code.co_lines(), which dis and traceback use
  PyObject_HEAD PyObject* source;
  PyCodeAddressRange range;
};
struct PositionIterator {  // code.co_positions()
  PyObject_HEAD PyObject* source;
  PyCodeAddressRange range;
  int offset;
};

template <class Iterator>
const Iterator& as(PyObject* object) {
  return *reinterpret_cast<const Iterator*>(object);
}

constexpr long long kCodeUnit = 2;  // bytes

struct Kind {
  const char* type;
  std::size_t size;
  Ref (*make)(PyObject* source);
  long long (*place)(PyObject* iterator);  // grows with every step
  Ref (*sample)();
  long long sample_place;  // after one step
};

Ref code_sample() {
  return call(attr(import("builtins"), "compile"), text("a"), text("x"), text("eval"));
}

const Kind kKinds[] = {
    {"formatteriterator", sizeof(FormatIterator),
     [](PyObject* string) {
       return call(attr(import("_string"), "formatter_parser"), Ref::borrow(string));
     },
     [](PyObject* it) -> long long { return as<FormatIterator>(it).rest.start; },
     [] { return text("a{b}c"); }, 4},
    {"fieldnameiterator", sizeof(FieldNameIterator),
     [](PyObject* string) {
       const Ref split = attr(import("_string"), "formatter_field_name_split");
       return Ref::borrow(item(call(split, Ref::borrow(string)), 1));
     },
     [](PyObject* it) -> long long { return as<FieldNameIterator>(it).index; },
     [] { return text("a.b[c]"); }, 3},
    {"line_iterator", sizeof(LineIterator),
     [](PyObject* code) { return call_method(Ref::borrow(code), "co_lines"); },
     [](PyObject* it) -> long long { return as<LineIterator>(it).range.ar_end; }, code_sample,
     kCodeUnit},
    {"positions_iterator", sizeof(PositionIterator),
     [](PyObject* code) { return call_method(Ref::borrow(code), "co_positions"); },
     [](PyObject* it) -> long long { return as<PositionIterator>(it).offset; }, code_sample,
     kCodeUnit},
};

const Kind* kind_of(std::string_view type) {
  for (const Kind& kind : kKinds)
    if (type == kind.type) return &kind;
  return nullptr;
}

// At an error in a format there is a ValueError, and then nothing more.
void step(PyObject* iterator) {
  if (!Ref::steal(PyIter_Next(iterator))) PyErr_Clear();
}

bool is_known(const Kind& kind) {
  const Ref source = kind.sample(), made = kind.make(source.get());
  if (Py_TYPE(made.get())->tp_basicsize < static_cast<Py_ssize_t>(kind.size) ||
      as<FormatIterator>(made.get()).source != source.get())
    return false;
  step(made.get());
  return kind.place(made.get()) == kind.sample_place;
}

// Null if no step of an iterator over `source` ends at this very place.
Ref stepped_to(const Kind& kind, PyObject* source, long long place) {
  Ref made = kind.make(source);
  long long at = kind.place(made.get());
  for (long long before = -1; at < place && at != before;) {
    before = at;
    step(made.get());
    at = kind.place(made.get());
  }
  return at == place ? made : Ref();
}

// (type, source, place)
Ref rebuild_stepped(Args args) {
  const Kind* kind = kind_of(utf8(args[0]));
  if (!kind || !is_known(*kind))
    broken("iterators are laid out in an unknown way: " + utf8(args[0]));
  Ref made = stepped_to(*kind, args[1], integer(args[2]));
  if (!made) broken("an iterator steps in another way than before: " + utf8(args[0]));
  return made;
}
const Rebuilder make_stepped{"stepped_iterator", guarded<rebuild_stepped>};

}  // namespace

Ref reduce_stepped(Saver&, PyObject* object, Rule& rule) {
  const Kind* kind = kind_of(rule.type->tp_name);
  if (!kind || !is_known(*kind)) refuse("an iterator of another kind");
  PyObject* source = as<FormatIterator>(object).source;
  const long long place = kind->place(object);
  if (!stepped_to(*kind, source, place)) refuse("an iterator at a place that no step leads to");
  return reduced(make_stepped, pack(text(kind->type), source, number(place)));
}

}  // namespace chkpt::heap
