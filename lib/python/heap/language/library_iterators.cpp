// SPDX-License-Identifier: BSD-3-Clause
// Iterators and small stateful objects of C modules that show no state: made again from what they
// were made of, then put where they were. Each layout is believed only if a probe confirms it.
#include <Python.h>

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- re: pattern.scanner(), which finditer() and split() are made of

struct Scanner {
  PyObject_HEAD PyObject* pattern;
  const char *ptr, *beginning, *start, *end;
  PyObject* string;
  Py_buffer buffer;
  Py_ssize_t pos, endpos;
  int is_bytes, char_size, match_all, must_advance;
};
Scanner& as_scanner(PyObject* object) { return *reinterpret_cast<Scanner*>(object); }

bool scanner_is_known() {
  static const bool known = [] {
    const Ref pattern = call_method(import("re"), "compile", text("b?"));
    const Ref string = text("xbx");
    const Ref made = call_method(pattern, "scanner", string, number(1));
    const Scanner& scanner = as_scanner(made.get());
    const auto at = [&](Py_ssize_t place, int must_advance) {
      return scanner.start == scanner.beginning + place && scanner.must_advance == must_advance;
    };
    bool fits = Py_TYPE(made.get())->tp_basicsize > static_cast<Py_ssize_t>(sizeof(Scanner)) &&
                scanner.pattern == pattern.get() && scanner.string == string.get() &&
                scanner.pos == 1 && scanner.endpos == 3 && scanner.char_size == 1 && at(1, 0);
    call_method(made, "search");
    fits = fits && at(2, 0);
    call_method(made, "search");
    fits = fits && at(2, 1);
    return fits;
  }();
  return known;
}

// (pattern, string, pos, endpos, where it goes on or -1 at the end, whether an empty match is done)
Ref rebuild_scanner(Args args) {
  if (!scanner_is_known()) broken("re scanners are laid out in an unknown way");
  Ref made = call_method(args[0], "scanner", Ref::borrow(args[1]), args[2], args[3]);
  Scanner& scanner = as_scanner(made.get());
  const long long place = integer(args[4]);
  scanner.start = place < 0 ? nullptr : scanner.beginning + place * scanner.char_size;
  scanner.must_advance = is_true(args[5]) ? 1 : 0;
  return made;
}
const Rebuilder make_scanner{"re.scanner", guarded<rebuild_scanner>};

// ---- memoryview, struct.Struct.iter_unpack(): an index into something

struct MemoryIterator {
  PyObject_HEAD Py_ssize_t index;
  PyObject* view;
  Py_ssize_t length;
};

Ref rebuild_memory_iterator(Args args) {
  if (args[0] == Py_None) {
    Ref ended = own(
        PyObject_GetIter(own(PyMemoryView_FromObject(own(PyBytes_FromString("")).get())).get()));
    return call_method(import("builtins"), "next", ended, Py_None), ended;
  }
  Ref made = own(PyObject_GetIter(args[0]));
  auto* iterator = reinterpret_cast<MemoryIterator*>(made.get());
  if (iterator->view != args[0]) broken("iterators of memoryviews are laid out in an unknown way");
  iterator->index = integer(args[1]);
  return made;
}
const Rebuilder make_memory_iterator{"memory_iterator", guarded<rebuild_memory_iterator>};

struct UnpackIterator {
  PyObject_HEAD PyObject* format;
  Py_buffer buffer;
  Py_ssize_t index;
};

Ref rebuild_unpacking(Args args) {
  Ref made = call_method(args[0], "iter_unpack", Ref::borrow(args[1]));
  auto* iterator = reinterpret_cast<UnpackIterator*>(made.get());
  if (iterator->format != args[0] || iterator->index != 0)
    broken("struct iterators are laid out in an unknown way");
  iterator->index = integer(args[2]);
  return made;
}
const Rebuilder make_unpacking{"struct.iterator", guarded<rebuild_unpacking>};

// ---- functools.cmp_to_key()

struct Key {
  PyObject_HEAD PyObject *compare, *object;
};

Ref rebuild_key(Args) { return call_method(import("functools"), "cmp_to_key", Py_None); }
const Rebuilder make_key{"functools.key", guarded<rebuild_key>};
Ref fill_key(Args args) {
  auto* key = reinterpret_cast<Key*>(args[0]);
  if (key->compare != Py_None || key->object)
    broken("functools keys are laid out in an unknown way");
  Py_DECREF(std::exchange(key->compare, Py_NewRef(item(args[1], 0))));
  if (PyTuple_GET_SIZE(args[1]) > 1) key->object = Py_NewRef(item(args[1], 1));
  return none();
}
const Rebuilder set_key{"functools.key.state", guarded<fill_key>};

// ---- io.IncrementalNewlineDecoder

struct NewlineDecoder {
  PyObject_HEAD PyObject *decoder, *errors;
  unsigned bits;  // a pending "\r", whether newlines are translated, which have been seen
};

// (decoder, errors, bits)
Ref rebuild_newline_decoder(Args args) {
  Ref made = call_method(import("_io"), "IncrementalNewlineDecoder", Ref::borrow(args[0]),
                         boolean(true), args[1]);
  auto* decoder = reinterpret_cast<NewlineDecoder*>(made.get());
  if (decoder->decoder != args[0] || decoder->errors != args[1])
    broken("newline decoders are laid out in an unknown way");
  decoder->bits = static_cast<unsigned>(integer(args[2]));
  return made;
}
const Rebuilder make_newline_decoder{"newline_decoder", guarded<rebuild_newline_decoder>};

// ---- itertools.groupby(): it shows its state only between two groups

struct GroupBy {
  PyObject_HEAD PyObject *iterator, *key_function, *group_key, *key, *value;
};

bool groupby_is_known() {
  static const bool known = [] {
    const Ref items = text("ab"), function = Ref::borrow(&PyUnicode_Type);
    const Ref made = call(attr(import("itertools"), "groupby"), items, function);
    const auto* state = reinterpret_cast<GroupBy*>(made.get());
    bool fits = Py_TYPE(made.get())->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(GroupBy)) &&
                state->key_function == function.get() && !state->group_key && !state->value;
    const Ref pair = own(PyIter_Next(made.get()));
    fits = fits && state->group_key == item(pair, 0) && state->key == state->group_key &&
           state->value && PyUnicode_Check(state->value);
    own(PyIter_Next(item(pair, 1)));
    return fits && state->group_key == item(pair, 0) && !state->key && !state->value;
  }();
  return known;
}

Ref rebuild_groupby(Args args) { return call(args[0], own(PyTuple_New(0))); }
const Rebuilder make_groupby{"itertools.groupby", guarded<rebuild_groupby>};

// (iterator, function, key of the group that was given out, key and value of the next item): each
// of the last three in a tuple, which is empty if there is none.
Ref fill_groupby(Args args) {
  if (!groupby_is_known()) broken("itertools.groupby objects are laid out in an unknown way");
  auto* state = reinterpret_cast<GroupBy*>(args[0]);
  Py_XSETREF(state->iterator, Py_NewRef(item(args[1], 0)));
  Py_XSETREF(state->key_function, Py_NewRef(item(args[1], 1)));
  Py_ssize_t i = 2;
  for (PyObject** part : {&state->group_key, &state->key, &state->value}) {
    PyObject* saved = item(args[1], i++);
    if (PyTuple_GET_SIZE(saved) > 0) Py_XSETREF(*part, Py_NewRef(item(saved, 0)));
  }
  return none();
}
const Rebuilder set_groupby{"itertools.groupby.state", guarded<fill_groupby>};

// ---- reversed() of a class with __len__ and __getitem__: nobody may ask for the length while the
// object is empty

struct Reversed {
  PyObject_HEAD Py_ssize_t index;
  PyObject* sequence;
};

Ref rebuild_reversed(Args args) { return call(args[0], own(PyTuple_New(0))); }
const Rebuilder make_reversed{"reversed", guarded<rebuild_reversed>};
// (iterator, (sequence, index))
Ref fill_reversed(Args args) {
  auto* state = reinterpret_cast<Reversed*>(args[0]);
  if (state->index != -1 || !PyTuple_CheckExact(state->sequence))
    broken("reversed objects are laid out in an unknown way");
  Py_SETREF(state->sequence, Py_NewRef(item(args[1], 0)));
  state->index = static_cast<Py_ssize_t>(integer(item(args[1], 1)));
  return none();
}
const Rebuilder set_reversed{"reversed.state", guarded<fill_reversed>};

// ---- iterators whose own pickling gives one that has ended something to go through again

// (type, arguments)
Ref rebuild_ended(Args args) {
  const Ref made = own(PyObject_CallObject(args[0], args[1]));
  if (Ref::steal(PyIter_Next(made.get()))) broken("an iterator that had ended goes on");
  if (PyErr_Occurred()) throw Raised{};
  return made;
}
const Rebuilder make_ended{"iterator.ended", guarded<rebuild_ended>};

}  // namespace

// Without a state they have ended, as reversed() has.
Ref reduce_chain(Saver& saver, PyObject* object, Rule& rule) {
  const Ref value = reduce_by_default(saver, object, rule);
  if (PyTuple_GET_SIZE(value.get()) > 2) return value;
  return reduced(make_ended, pack(rule.type, item(value, 1)));
}

Ref reduce_reversed(Saver& saver, PyObject* object, Rule& rule) {
  const Ref value = reduce_by_default(saver, object, rule);
  if (PyTuple_GET_SIZE(value.get()) == 2)
    return reduced(make_ended, pack(rule.type, item(value, 1)));
  return reduced(make_reversed, pack(rule.type), pack(item(item(value, 1), 0), item(value, 2)),
                 set_reversed);
}

Ref reduce_islice(Saver& saver, PyObject* object, Rule& rule) {
  constexpr Py_ssize_t kEnded = 2;  // (empty iterator, 0); else (iterator, next, stop, step)
  const Ref value = reduce_by_default(saver, object, rule);
  if (PyTuple_GET_SIZE(item(value, 1)) != kEnded) return value;
  const Ref nothing = own(PyTuple_New(0));
  return reduced(make_ended, pack(rule.type, pack(nothing, number(0))));
}

// Those of its iterators that have ended are given as ().
Ref reduce_zip_longest(Saver& saver, PyObject* object, Rule& rule) {
  const Ref value = reduce_by_default(saver, object, rule);
  const Ref iterators = own(PySequence_List(item(value, 1)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(iterators.get()); ++i) {
    PyObject* one = PyList_GET_ITEM(iterators.get(), i);
    if (PyTuple_CheckExact(one))
      ok(PyList_SetItem(iterators.get(), i, own(PyObject_GetIter(one)).release()));
  }
  const Ref whole = own(PySequence_List(value.get()));
  ok(PyList_SetItem(whole.get(), 1, own(PyList_AsTuple(iterators.get())).release()));
  return own(PyList_AsTuple(whole.get()));
}

Ref reduce_groupby(Saver&, PyObject* object, Rule& rule) {
  if (!groupby_is_known()) refuse("an itertools.groupby object of another kind");
  const auto* state = reinterpret_cast<GroupBy*>(object);
  const auto part = [](PyObject* value) { return value ? pack(value) : pack(); };
  return reduced(make_groupby, pack(rule.type),
                 pack(state->iterator, state->key_function, part(state->group_key),
                      part(state->key), part(state->value)),
                 set_groupby);
}

Ref reduce_scanner(Saver&, PyObject* object, Rule&) {
  const Scanner& scanner = as_scanner(object);
  if (!scanner_is_known() || !attr(object, "pattern").is(scanner.pattern))
    refuse("a re scanner of another kind");
  const long long place =
      scanner.start ? (scanner.start - scanner.beginning) / scanner.char_size : -1;
  return reduced(make_scanner,
                 pack(scanner.pattern, scanner.string, number(scanner.pos), number(scanner.endpos),
                      number(place), boolean(scanner.must_advance != 0)));
}

Ref reduce_memory_iterator(Saver&, PyObject* object, Rule& rule) {
  const auto* iterator = reinterpret_cast<MemoryIterator*>(object);
  if (rule.type->tp_basicsize < static_cast<Py_ssize_t>(sizeof(MemoryIterator)))
    refuse("an iterator of another kind");
  if (!iterator->view) return reduced(make_memory_iterator, pack(none(), number(0)));
  return reduced(make_memory_iterator, pack(iterator->view, number(iterator->index)));
}

Ref reduce_unpacking(Saver&, PyObject* object, Rule&) {
  const auto* iterator = reinterpret_cast<UnpackIterator*>(object);
  if (!iterator->format || !iterator->buffer.obj) refuse("a struct iterator that has ended");
  return reduced(make_unpacking,
                 pack(iterator->format, iterator->buffer.obj, number(iterator->index)));
}

Ref reduce_key(Saver&, PyObject* object, Rule& rule) {
  const auto* key = reinterpret_cast<Key*>(object);
  if (rule.type->tp_basicsize < static_cast<Py_ssize_t>(sizeof(Key)))
    refuse("a key of another kind");
  const Ref state = key->object ? pack(key->compare, key->object) : pack(key->compare);
  return reduced(make_key, pack(), state, set_key);
}

Ref reduce_newline_decoder(Saver&, PyObject* object, Rule& rule) {
  const auto* decoder = reinterpret_cast<NewlineDecoder*>(object);
  if (rule.type->tp_basicsize < static_cast<Py_ssize_t>(sizeof(NewlineDecoder)))
    refuse("a newline decoder of another kind");
  if (!decoder->decoder) return made_by_new(rule.type);
  return reduced(make_newline_decoder,
                 pack(decoder->decoder, decoder->errors, number(decoder->bits & 0x1F)));
}

}  // namespace chkpt::heap
