// SPDX-License-Identifier: BSD-3-Clause
// The raw layer of bz2.open() and lzma.open() (from 3.12 on, of gzip.open() too) in reading. Their
// decompressors show no state, but the file is there: a new one reads it again up to where it was.
#include <Python.h>

#include <cstring>
#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref reader_type() { return loaded_attr("_compression", "DecompressReader"); }

Ref rebuild_reader(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  return own(type->tp_base->tp_new(type, pack().get(), nullptr));
}
const Rebuilder make_reader{"decompress_reader", guarded<rebuild_reader>};

// (reader, state). The file below may have its position from a layer that is made later.
Ref fill_reader(Args args) {
  restore_instance_state(args[0], args[1]);
  Loader::current().afterwards([reader = Ref::borrow(args[0])] {
    const Ref position = attr(reader, "_pos"), ended = attr(reader, "_eof");
    call_method(reader, "_rewind");
    call_method(reader, "seek", position);
    if (integer(attr(reader, "_pos").get()) != integer(position.get()))
      broken("a compressed file has become shorter than it was at the snapshot");
    set_attr(reader.get(), "_eof", ended.get());
  });
  return none();
}
const Rebuilder set_reader{"decompress_reader.state", guarded<fill_reader>};

}  // namespace

bool is_decompress_reader(PyTypeObject* type) {
  const Ref base = reader_type();
  return base && PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

bool is_compressed_file(PyTypeObject* type) {
  for (const auto& [module, name] :
       {std::pair{"bz2", "BZ2File"}, {"lzma", "LZMAFile"}, {"gzip", "GzipFile"}})
    if (loaded_attr(module, name).is(reinterpret_cast<PyObject*>(type))) return true;
  return false;
}

// The file below is read again from its beginning, which is sound if it was opened for that alone.
Ref reduce_compressed_file(Saver& saver, PyObject* file, Rule& rule) {
  const Ref opened = attr_or_null(file, "myfileobj"), below = attr_or_null(file, "_fp");
  if (opened && !opened.is(Py_None)) saver.note_own_file(opened.get());
  if (below && truth_of(file, "_closefp")) saver.note_own_file(below.get());
  return reduce_native(saver, file, rule);
}

Ref reduce_decompress_reader(Saver& saver, PyObject* reader, Rule& rule) {
  const Ref decompressor = attr_or_null(reader, "_decompressor");
  const char* const kind = decompressor ? Py_TYPE(decompressor.get())->tp_name : "";
  const bool shows_state = std::strcmp(kind, "zlib.Decompress") == 0;
  if (!decompressor || decompressor.is(Py_None) || shows_state)
    return reduce_native(saver, reader, rule);
  if (!saver.is_own_file(attr(reader, "_fp").get()))
    refuse("a compressed file that is read through a file object of the script");
  const Ref state = instance_state(saver, reader, rule);
  const Ref fields = own(PyDict_Copy(item(state, 0)));
  ok(PyDict_DelItemString(fields.get(), "_decompressor"));
  return reduced(make_reader, pack(rule.type), pack(fields, item(state, 1), boolean(false)),
                 set_reader);
}

}  // namespace chkpt::heap
