// SPDX-License-Identifier: BSD-3-Clause
// C types that are refused, each with what a user may do about it. Some could be pickled or rebuilt
// in part, but not with what they are in the middle of.
#include <Python.h>

#include "python/heap/language/refused_types.hpp"

#include <string>
#include <string_view>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

struct Refused {
  const char* type;
  const char* why;
};

constexpr const char* kCompressor =
    "a bz2 or lzma stream that is being written; a snapshot is possible when it is closed";
constexpr const char* kDecompressor =
    "a bz2 or lzma decompressor of its own; files that bz2 or lzma have opened can be saved";
constexpr const char* kDocument =
    "an XML parser; a snapshot is possible when the document has been read";
constexpr const char* kPickler =
    "a pickle.Pickler or Unpickler, which knows what it has met; a snapshot is possible when it is "
    "gone";
constexpr const char* kPoll =
    "a select.poll or select.epoll, which does not show what it watches; a snapshot is possible "
    "when it is gone";
constexpr const char* kTls =
    "a TLS context, connection or buffer, whose contents only OpenSSL knows; a snapshot is "
    "possible when it is gone";

constexpr Refused kRefused[] = {
    {"_bz2.BZ2Compressor", kCompressor},
    {"_bz2.BZ2Decompressor", kDecompressor},
    {"_lzma.LZMACompressor", kCompressor},
    {"_lzma.LZMADecompressor", kDecompressor},
    {"xml.etree.ElementTree.XMLParser", kDocument},
    {"xml.etree.ElementTree.TreeBuilder", kDocument},
    {"pyexpat.xmlparser", kDocument},
    {"sqlite3.Blob",
     "an sqlite3.Blob that is open; a snapshot is possible when it is closed and gone"},
    {"_lsprof.Profiler",
     "a cProfile.Profile, whose counts only its C code knows; a snapshot is possible when it is "
     "gone"},
    {"_pickle.Pickler", kPickler},
    {"_pickle.Unpickler", kPickler},
    {"greenlet.greenlet",
     "a greenlet, whose C stack is its own; a snapshot is possible when it is gone"},
    {"select.epoll", kPoll},
    {"select.poll", kPoll},
    {"_socket.socket", "a socket; a snapshot is possible when it is closed and gone"},
    {"_ssl.MemoryBIO", kTls},
    {"_ssl.SSLSession", kTls},
    {"_ssl._SSLContext", kTls},
    {"_ssl._SSLSocket", kTls},
    {"_tokenize.TokenizerIter",  // from 3.12 on
     "tokens of a text that has not been read to its end (tokenize); a snapshot is possible when "
     "they are gone"},
};

const char* text_of(PyTypeObject* type) {
  if (frames::is_python_class(type)) return nullptr;
  for (const Refused& entry : kRefused)
    if (std::string_view(type->tp_name) == entry.type) return entry.why;
  return nullptr;
}

}  // namespace

const char* why_refused(PyTypeObject* type) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i)
    if (const char* why =
            text_of(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i))))
      return why;
  return nullptr;
}

bool is_refused_type(PyTypeObject* type) { return text_of(type) != nullptr; }

Ref refuse_type(Saver&, PyObject*, Rule& rule) { refuse(why_refused(rule.type)); }

void explain_refusal(PyTypeObject* type) {
  if (const char* why = why_refused(type)) {
    PyErr_Clear();
    refuse(why);
  }
  constexpr std::string_view kBare = "cannot pickle '";
  PyObject *kind = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&kind, &value, &trace);
  PyErr_NormalizeException(&kind, &value, &trace);
  const bool is_type_error = kind && PyErr_GivenExceptionMatches(kind, PyExc_TypeError) != 0;
  const Ref message = Ref::steal(is_type_error && value ? PyObject_Str(value) : nullptr);
  if (!message) PyErr_Clear();
  const std::string said = message ? utf8(message.get()) : "";
  PyErr_Restore(kind, value, trace);
  if (said.compare(0, kBare.size(), kBare) != 0) return;
  PyErr_Clear();
  refuse(said +
         (frames::is_python_class(type) ? ": its class says so"
                                        : ": it is of a C type that shows no state") +
         "; chkpt.register() may tell how it is made again");
}

}  // namespace chkpt::heap
