// SPDX-License-Identifier: BSD-3-Clause
// C types of the standard library that cannot be pickled, but can be rebuilt: re.Match, csv
// readers and writers, struct.Struct, itertools.pairwise and batched.
#include <Python.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/contexts.hpp"
#include "python/heap/language/iterated_as_itself.hpp"
#include "python/heap/language/refused_types.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- re.Match: made again field by field, because the text may have changed since

struct Match {
  PyObject_VAR_HEAD PyObject *string, *spans, *pattern;
  Py_ssize_t position, end, last_index, groups, marks[1];
};

// Believed only if the fields say what the attributes say.
const Match& checked_match(PyObject* object) {
  const auto* match = reinterpret_cast<const Match*>(object);
  const bool fits = Py_TYPE(object)->tp_basicsize == sizeof(Match) &&
                    attr(object, "string").is(match->string) &&
                    attr(object, "re").is(match->pattern) &&
                    integer(attr(object, "pos").get()) == match->position &&
                    integer(attr(object, "endpos").get()) == match->end &&
                    integer(attr(match->pattern, "groups").get()) + 1 == match->groups &&
                    integer(call_method(object, "end").get()) == match->marks[1];
  if (!fits) refuse("re.Match of another kind");
  return *match;
}

// (type, text, pattern, (pos, endpos, last index, groups, marks...))
Ref rebuild_match(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  const auto groups = static_cast<Py_ssize_t>(integer(item(args[3], 3)));
  if (PyTuple_GET_SIZE(args[3]) != 4 + 2 * groups) broken("a saved match lacks a group");
  Ref made = own(type->tp_alloc(type, 2 * groups));
  auto* match = reinterpret_cast<Match*>(made.get());
  match->string = Py_NewRef(args[1]);
  match->pattern = Py_NewRef(args[2]);
  Py_ssize_t* const numbers[] = {&match->position, &match->end, &match->last_index, &match->groups};
  for (Py_ssize_t i = 0; i < 4 + 2 * groups; ++i)
    (i < 4 ? *numbers[i] : match->marks[i - 4]) =
        static_cast<Py_ssize_t>(integer(item(args[3], i)));
  return made;
}
const Rebuilder make_match{"match", guarded<rebuild_match>};

// Pickles as a plain tuple; its type has no name in its module.
Ref rebuild_iso_calendar_date(Args args) {
  const Ref day = call(attr(import("datetime"), "date"), number(1), number(1), number(1));
  const Ref some = call_method(day, "isocalendar");
  return call(raw(Py_TYPE(some.get())), args[0], args[1], args[2]);
}
const Rebuilder make_iso_calendar_date{"isocalendar", guarded<rebuild_iso_calendar_date>};
Ref reduce_iso_calendar_date(Saver&, PyObject* date, Rule&) {
  return reduced(make_iso_calendar_date, own(PyTuple_GetSlice(date, 0, PyTuple_GET_SIZE(date))));
}
Ref reduce_match(Saver&, PyObject* object, Rule& rule) {
  const Match& match = checked_match(object);
  const Ref numbers = new_list();
  for (Py_ssize_t value : {match.position, match.end, match.last_index, match.groups})
    append(numbers, number(value));
  for (Py_ssize_t i = 0; i < 2 * match.groups; ++i) append(numbers, number(match.marks[i]));
  return reduced(make_match,
                 pack(rule.type, match.string, match.pattern, own(PyList_AsTuple(numbers.get()))));
}

// ---- csv

constexpr const char* kDialectFields[] = {
    "delimiter",        "quotechar",      "escapechar", "doublequote",
    "skipinitialspace", "lineterminator", "quoting",    "strict"};

Ref rebuild_dialect(Args args) {
  return call_with(attr(import("_csv"), "Dialect").get(), own(PyTuple_New(0)).get(), args[0]);
}
const Rebuilder make_dialect{"csv.dialect", guarded<rebuild_dialect>};
Ref reduce_dialect(Saver&, PyObject* dialect, Rule&) {
  const Ref fields = new_dict();
  for (const char* name : kDialectFields) put(fields, name, attr(dialect, name));
  return reduced(make_dialect, pack(fields));
}

// csv.writer() only takes the `write` of what it is given.
Ref rebuild_csv_writer(Args args) {
  const Ref keywords = new_dict();
  put(keywords, "write", Ref::borrow(args[0]));
  const Ref file = call_with(attr(import("types"), "SimpleNamespace").get(),
                             own(PyTuple_New(0)).get(), keywords.get());
  return call_method(import("_csv"), "writer", file, args[1]);
}
const Rebuilder make_csv_writer{"csv.writer", guarded<rebuild_csv_writer>};
Ref reduce_csv_writer(Saver&, PyObject* writer, Rule&) {
  const Ref dialect = attr(writer, "dialect");
  for (PyObject* referent : referents(writer))
    if (PyCallable_Check(referent) && !PyType_Check(referent))
      return reduced(make_csv_writer, pack(referent, dialect));
  refuse("a csv.writer without its file");
}

Ref rebuild_csv_reader(Args args) {
  const IteratedAsItself input(args[0]);
  return call_method(import("_csv"), "reader", args[0], args[1]);
}
const Rebuilder make_csv_reader{"csv.reader", guarded<rebuild_csv_reader>};
Ref fill_csv_reader(Args args) {
  auto* place = reinterpret_cast<char*>(args[0]) + member_offset(Py_TYPE(args[0]), "line_num");
  *reinterpret_cast<unsigned long*>(place) = static_cast<unsigned long>(integer(args[1]));
  return none();
}
const Rebuilder set_csv_reader{"csv.reader.state", guarded<fill_csv_reader>};
Ref reduce_csv_reader(Saver&, PyObject* reader, Rule&) {
  const Ref dialect = attr(reader, "dialect");
  for (PyObject* referent : referents(reader))
    if (PyIter_Check(referent))
      return reduced(make_csv_reader, pack(referent, dialect), attr(reader, "line_num"),
                     set_csv_reader);
  refuse("a csv.reader without its input");
}

// ---- decimal.localcontext(): the context inside and the one to come back to

struct DecimalManager {
  PyObject_HEAD PyObject* contexts[2];
};

DecimalManager& decimal_manager(PyObject* object) {
  auto* manager = reinterpret_cast<DecimalManager*>(object);
  const Ref context = attr(import("decimal"), "Context");
  const bool fits = Py_TYPE(object)->tp_basicsize == sizeof(DecimalManager) &&
                    ok(PyObject_IsInstance(manager->contexts[0], context.get())) &&
                    ok(PyObject_IsInstance(manager->contexts[1], context.get()));
  if (!fits) refuse("decimal.localcontext() of another kind");
  return *manager;
}

Ref rebuild_decimal_manager(Args args) {
  const Ref made = called_apart(attr(import("decimal"), "localcontext"));
  DecimalManager& manager = decimal_manager(made.get());
  for (int i = 0; i < 2; ++i) Py_DECREF(std::exchange(manager.contexts[i], Py_NewRef(args[i])));
  return made;
}
const Rebuilder make_decimal_manager{"decimal.localcontext", guarded<rebuild_decimal_manager>};
Ref reduce_decimal_manager(Saver&, PyObject* object, Rule&) {
  const DecimalManager& manager = decimal_manager(object);
  return reduced(make_decimal_manager, pack(manager.contexts[0], manager.contexts[1]));
}

// ---- small ones

Ref rebuild_struct(Args args) { return call(attr(import("_struct"), "Struct"), args[0]); }
const Rebuilder make_struct{"struct", guarded<rebuild_struct>};
Ref reduce_struct(Saver&, PyObject* object, Rule&) {
  return reduced(make_struct, pack(attr(object, "format")));
}

// The fields of a pairwise object; `result`, a tuple for reuse, exists from 3.12 on.
struct Pairwise {
  PyObject_HEAD PyObject *iterator, *old, *result;
};
Pairwise& as_pairwise(PyObject* object, PyTypeObject* type) {
  const auto least = static_cast<Py_ssize_t>(sizeof(PyObject) + 2 * sizeof(PyObject*));
  if (type->tp_basicsize < least) refuse("itertools.pairwise of another kind");
  return *reinterpret_cast<Pairwise*>(object);
}

// (iterator[, the item that comes first in the next pair]); nothing: it has ended.
Ref rebuild_pairwise(Args args) {
  const Ref source = args.count == 0 ? own(PyTuple_New(0)) : Ref::borrow(args[0]);
  const IteratedAsItself iterated(source.get());
  const Ref made = call_method(import("itertools"), "pairwise", source);
  Pairwise& pairwise = as_pairwise(made.get(), Py_TYPE(made.get()));
  if (args.count == 0) Py_CLEAR(pairwise.iterator);
  if (args.count == 2) Py_XSETREF(pairwise.old, Py_NewRef(args[1]));
  return made;
}
const Rebuilder make_pairwise{"pairwise", guarded<rebuild_pairwise>};

Ref reduce_pairwise(Saver&, PyObject* object, Rule& rule) {
  const Pairwise& pairwise = as_pairwise(object, rule.type);
  if (!pairwise.iterator) return reduced(make_pairwise, pack());
  if (!pairwise.old) return reduced(make_pairwise, pack(pairwise.iterator));
  return reduced(make_pairwise, pack(pairwise.iterator, pairwise.old));
}

// The fields of a batched object (3.12 on); `strict` exists from 3.13 on.
struct Batched {
  PyObject_HEAD PyObject* iterator;
  Py_ssize_t size;
  bool strict;
};
constexpr auto kBatchedLeast = static_cast<Py_ssize_t>(offsetof(Batched, strict));

bool has_strict(PyTypeObject* batched) { return batched->tp_basicsize > kBatchedLeast; }

Batched& as_batched(PyObject* object, PyTypeObject* type) {
  if (type->tp_basicsize < kBatchedLeast) refuse("itertools.batched of another kind");
  return *reinterpret_cast<Batched*>(object);
}

// (size, strict[, iterator]); no iterator: it has ended.
Ref rebuild_batched(Args args) {
  const Ref source = args.count < 3 ? own(PyTuple_New(0)) : Ref::borrow(args[2]);
  const IteratedAsItself iterated(source.get());
  const Ref made = call_method(import("itertools"), "batched", source, args[0]);
  Batched& batched = as_batched(made.get(), Py_TYPE(made.get()));
  if (has_strict(Py_TYPE(made.get()))) batched.strict = args[1] == Py_True;
  if (args.count < 3) Py_CLEAR(batched.iterator);
  return made;
}
const Rebuilder make_batched{"batched", guarded<rebuild_batched>};

Ref reduce_batched(Saver&, PyObject* object, Rule& rule) {
  const Batched& batched = as_batched(object, rule.type);
  const Ref size = own(PyLong_FromSsize_t(batched.size));
  const Ref strict = boolean(has_strict(rule.type) && batched.strict);
  if (!batched.iterator) return reduced(make_batched, pack(size, strict));
  return reduced(make_batched, pack(size, strict, batched.iterator));
}

struct Named {
  const char* type;
  Reduce reduce;
};
constexpr Named kNamed[] = {
    {"re.Match", reduce_match},
    {"re.Pattern", reduce_pattern},
    {"types.SimpleNamespace", reduce_namespace},
    {"_queue.SimpleQueue", reduce_simple_queue},
    {"_multiprocessing.SemLock", reduce_semaphore},
    {"posix.DirEntry", reduce_directory_entry},
    {"posix.ScandirIterator", reduce_scandir},
    {"_csv.Dialect", reduce_dialect},
    {"_csv.writer", reduce_csv_writer},
    {"_csv.reader", reduce_csv_reader},
    {"_struct.Struct", reduce_struct},
    {"_json.Scanner", reduce_json_scanner},
    {"_json.Encoder", reduce_json_encoder},
    {"decimal.ContextManager", reduce_decimal_manager},
    {"itertools.pairwise", reduce_pairwise},
    {"itertools.batched", reduce_batched},
    {"_collections._deque_iterator", reduce_deque_iterator},
    {"_collections._deque_reverse_iterator", reduce_deque_iterator},
    {"datetime.IsoCalendarDate", reduce_iso_calendar_date},
    {"collections._deque_iterator", reduce_deque_iterator},  // from 3.12 on
    {"collections._deque_reverse_iterator", reduce_deque_iterator},
    {"functools._lru_cache_wrapper", reduce_lru_cache},
    {"functools.partial", reduce_partial},
    {"_random.Random", reduce_bare_native},
    {"_hashlib.HASH", reduce_openssl_hash},
    {"_hashlib.HASHXOF", reduce_openssl_hash},
    {"_hashlib.HMAC", reduce_openssl_hash},
    {"_ctypes.CThunkObject", reduce_ctypes_thunk},
    {"CArgObject", reduce_ctypes_reference},
    {"_ctypes.CArgObject", reduce_ctypes_reference},  // from 3.12 on
    {"PyCapsule", reduce_capsule},
    {"_elementtree._element_iterator", reduce_element_iterator},
    {"mmap.mmap", reduce_mapping},
    {"_dbm.dbm", reduce_dbm},
    {"_gdbm.gdbm", reduce_dbm},
    {"sqlite3.Connection", reduce_connection},
    {"sqlite3.Cursor", reduce_cursor},
    {"sqlite3.Row", reduce_row},
    {"_sre.SRE_Scanner", reduce_scanner},
    {"memory_iterator", reduce_memory_iterator},
    {"formatteriterator", reduce_stepped},
    {"fieldnameiterator", reduce_stepped},
    {"line_iterator", reduce_stepped},
    {"positions_iterator", reduce_stepped},
    {"_struct.unpack_iterator", reduce_unpacking},
    {"unpack_iterator", reduce_unpacking},
    {"functools.KeyWrapper", reduce_key},
    {"itertools.groupby", reduce_groupby},
    {"itertools.islice", reduce_islice},
    {"itertools.chain", reduce_chain},
    {"itertools.zip_longest", reduce_zip_longest},
    {"reversed", reduce_reversed},
    {"_io.IncrementalNewlineDecoder", reduce_newline_decoder},
    {"zlib.Compress", reduce_compressor},
    {"_io._BytesIOBuffer", reduce_exported_bytes},
    {"zlib.Decompress", reduce_compressor},
    {"SuperLU", reduce_superlu},
    {"pyfftw.pyfftw.FFTW", reduce_fftw_plan},
    {"mpi4py_fft.fftw.fftw_xfftn.FFT", reduce_fftw_plan},
    {"mpi4py_fft.fftw.fftwf_xfftn.FFT", reduce_fftw_plan},
    {"mpi4py_fft.fftw.fftwl_xfftn.FFT", reduce_fftw_plan},
    {"ImagingCore", reduce_pillow_image},
    {"ImagingDraw", reduce_pillow_draw},
    {"PixelAccess", reduce_pillow_pixels},
    {"gmpy2 context", reduce_gmpy2_context},
    {"gmpy2.context", reduce_gmpy2_context},  // from 2.2 on
    {"netCDF4._netCDF4.Dataset", reduce_netcdf_dataset},
    {"netCDF4._netCDF4.Group", reduce_netcdf_group},
    {"netCDF4._netCDF4.Variable", reduce_netcdf_variable},
    {"netCDF4._netCDF4.Dimension", reduce_netcdf_dimension},
    {"typing.TypeVar", reduce_type_parameter},
    {"typing.TypeVarTuple", reduce_type_parameter},
    {"typing.ParamSpec", reduce_type_parameter},
    {"typing.TypeAliasType", reduce_type_parameter},
};

}  // namespace

// Types of modules that the script may import later are looked up by name, without an import that
// would show in sys.modules.
Reduce library_rule(PyTypeObject* type) {
  for (const Named& entry : kNamed)
    if (std::string_view(type->tp_name) == entry.type && !frames::is_python_class(type))
      return entry.reduce;
  if (is_flat_hash_type(type)) return reduce_flat_hash;
  return is_refused_type(type) ? refuse_type : nullptr;
}

}  // namespace chkpt::heap
