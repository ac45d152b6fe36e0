// SPDX-License-Identifier: BSD-3-Clause
// The reducers, one group per file. A reducer names how an object is made empty and how it is
// filled: everything through which the object may reach itself again must be in the state, never
// in the arguments.
#pragma once

#include <unordered_map>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

using ExactTypes = std::unordered_map<PyTypeObject*, Reduce>;

// Each adds the types it handles exactly (no subclasses).
void add_function_types(ExactTypes& types);
void add_frame_types(ExactTypes& types);
void add_iterator_types(ExactTypes& types);
void add_sync_types(ExactTypes& types);  // locks, weak references, context variables
void add_memory_view_type(ExactTypes& types);
void add_file_types(ExactTypes& types);
void add_numpy_types(ExactTypes& types);

bool is_struct_sequence(PyTypeObject* type);
Ref reduce_struct_sequence(Saver&, PyObject*, Rule&);
Ref reduce_by_default(Saver&, PyObject*, Rule&);  // dispatch table, __reduce_ex__, checked
// Whether a new import of the library's module will have this object under the name.
bool is_imported_as(PyObject* object, PyObject* module_name, PyObject* name);
Ref reduce_class(Saver&, PyObject*, Rule&);
Ref reduce_module(Saver&, PyObject*, Rule&);
Ref reduce_exception(Saver&, PyObject*, Rule&);
Ref reduce_array(Saver&, PyObject*, Rule&);
Ref reduce_foreign(Saver&, PyObject*, Rule&);
Ref reduce_future(Saver&, PyObject*, Rule&);
Ref reduce_buffered(Saver&, PyObject*, Rule&);  // also subclasses, with their state
Ref reduce_buffered_pair(Saver&, PyObject*, Rule&);
Ref reduce_text_file(Saver&, PyObject*, Rule&);          // also subclasses, with their state
Ref reduce_exported_bytes(Saver&, PyObject*, Rule&);     // what BytesIO.getbuffer() shows
Ref reduce_decompress_reader(Saver&, PyObject*, Rule&);  // the raw layer of bz2, lzma, gzip files
bool is_decompress_reader(PyTypeObject* type);
Ref reduce_compressed_file(Saver&, PyObject*, Rule&);
bool is_compressed_file(PyTypeObject* type);
bool is_buffered_type(PyTypeObject* type);
bool is_text_type(PyTypeObject* type);
Ref reduce_event_loop(Saver&, PyObject*, Rule&);
Ref reduce_selector(Saver&, PyObject*, Rule&);
Ref reduce_plain(Saver&, PyObject*, Rule&);    // NEWOBJ and BUILD do exactly the right thing
Ref reduce_special(Saver&, PyObject*, Rule&);  // base is object, but hooks must not run
Ref reduce_namespace(Saver&, PyObject*, Rule&);
Ref reduce_native(Saver&, PyObject*, Rule&);       // the C base has state of its own
Ref reduce_bare_native(Saver&, PyObject*, Rule&);  // of that C type itself
Ref reduce_weakref(Saver&, PyObject*, Rule&);
bool is_weak_set_type(PyTypeObject* type);
Ref reduce_weak_set(Saver&, PyObject*, Rule&);
bool is_thread_type(PyTypeObject* type);  // threading.Thread
Ref reduce_thread(Saver&, PyObject*, Rule&);
bool is_local_type(PyTypeObject* type);  // threading.local and what derives from it
Ref reduce_local(Saver&, PyObject*, Rule&);
long long rlock_count(PyObject* lock);  // how often this thread holds it; refuses others
Ref reduce_directory_entry(Saver&, PyObject*, Rule&);
Ref reduce_semaphore(Saver&, PyObject*, Rule&);
Ref reduce_simple_queue(Saver&, PyObject*, Rule&);
Ref reduce_scandir(Saver&, PyObject*, Rule&);
Ref reduce_deque_iterator(Saver&, PyObject*, Rule&);
Ref reduce_lru_cache(Saver&, PyObject*, Rule&);
Ref reduce_partial(Saver&, PyObject*, Rule&);
bool is_partial_type(PyTypeObject* type);         // functools.partial itself
PyObject* partial_placeholder();                  // what its constructor is given, before its state
Ref reduce_compressor(Saver&, PyObject*, Rule&);  // zlib streams, both ways
Ref reduce_openssl_hash(Saver&, PyObject*, Rule&);
bool is_flat_hash_type(PyTypeObject* type);  // of CPython's own modules
Ref reduce_flat_hash(Saver&, PyObject*, Rule&);
Ref reduce_mapping(Saver&, PyObject*, Rule&);  // mmap.mmap
Ref reduce_dbm(Saver&, PyObject*, Rule&);
Ref reduce_connection(Saver&, PyObject*, Rule&);  // sqlite3, as the next two
Ref reduce_cursor(Saver&, PyObject*, Rule&);
Ref reduce_row(Saver&, PyObject*, Rule&);
Ref reduce_pattern(Saver&, PyObject*, Rule&);  // of re, as the next one
Ref reduce_scanner(Saver&, PyObject*, Rule&);
Ref reduce_memory_iterator(Saver&, PyObject*, Rule&);
Ref reduce_stepped(Saver&, PyObject*, Rule&);    // Formatter().parse(), code.co_lines()
Ref reduce_unpacking(Saver&, PyObject*, Rule&);  // struct's iter_unpack()
Ref reduce_key(Saver&, PyObject*, Rule&);        // functools.cmp_to_key()
Ref reduce_groupby(Saver&, PyObject*, Rule&);
Ref reduce_islice(Saver&, PyObject*, Rule&);
Ref reduce_chain(Saver&, PyObject*, Rule&);
Ref reduce_reversed(Saver&, PyObject*, Rule&);
Ref reduce_zip_longest(Saver&, PyObject*, Rule&);
Ref reduce_newline_decoder(Saver&, PyObject*, Rule&);
bool is_child_process(PyTypeObject* type);
Ref reduce_child_process(Saver&, PyObject*, Rule&);
Ref reduce_type_parameter(Saver&, PyObject*, Rule&);  // type variables, `type` aliases

Ref reduce_json_scanner(Saver&, PyObject*, Rule&);
Ref reduce_json_encoder(Saver&, PyObject*, Rule&);
Ref reduce_element_iterator(Saver&, PyObject*, Rule&);  // Element.iter() of xml.etree

// ctypes: data, functions, libraries, classes that the script has made.
Ref reduce_ctypes_data(Saver&, PyObject*, Rule&);
Ref reduce_ctypes_borrowed(Saver&, PyObject*, Rule&);  // or with no more to say than its bytes
void check_ctypes_addresses(Saver&, PyObject*);        // refuses one in memory that no object owns
Ref reduce_ctypes_function(Saver&, PyObject*, Rule&);
Ref reduce_ctypes_thunk(Saver&, PyObject*, Rule&);
Ref reduce_ctypes_reference(Saver&, PyObject*, Rule&);  // byref()
bool is_ctypes_library_type(PyTypeObject* type);
Ref reduce_ctypes_library(Saver&, PyObject*, Rule&);
Ref reduce_ctypes_class(Saver&, PyTypeObject* type);
Ref reduce_ctypes_fields(PyObject* capsule);                // null: another capsule
bool is_made_by_ctypes(const char* name, PyObject* value);  // an attribute of such a class
Ref reduce_capsule(Saver&, PyObject*, Rule&);

// h5py's handles (h5f.FileID, ...) and the objects around them (File, Dataset, ...).
bool is_hdf5_handle_type(PyTypeObject* type);
bool is_hdf5_object_type(PyTypeObject* type);
bool is_hdf5_reference_type(PyTypeObject* type);
Ref reduce_hdf5_handle(Saver&, PyObject*, Rule&);
Ref reduce_hdf5_object(Saver&, PyObject*, Rule&);
Ref reduce_hdf5_reference(Saver&, PyObject*, Rule&);

Ref reduce_netcdf_dataset(Saver&, PyObject*, Rule&);
Ref reduce_netcdf_group(Saver&, PyObject*, Rule&);
Ref reduce_netcdf_variable(Saver&, PyObject*, Rule&);
Ref reduce_netcdf_dimension(Saver&, PyObject*, Rule&);

Ref reduce_superlu(Saver&, PyObject*, Rule&);
Ref reduce_fftw_plan(Saver&, PyObject*, Rule&);
Ref reduce_pillow_image(Saver&, PyObject*, Rule&);
Ref reduce_pillow_draw(Saver&, PyObject*, Rule&);
Ref reduce_pillow_pixels(Saver&, PyObject*, Rule&);
Ref reduce_gmpy2_context(Saver&, PyObject*, Rule&);

Reduce library_rule(PyTypeObject* type);  // null if there is none

Ref reduce_flat(Saver&, PyObject*, Rule&);  // iterators of numpy
Ref reduce_ndindex(Saver&, PyObject*, Rule&);
Ref reduce_broadcast(Saver&, PyObject*, Rule&);
Ref reduce_nditer(Saver&, PyObject*, Rule&);
Ref reduce_dtype(Saver&, PyObject*, Rule&);
bool is_numpy_dtype(PyTypeObject* type);
// Null if it is not the class of a dtype, numpy.dtype[float64] for one.
Ref reduce_dtype_class(PyTypeObject* type);
// A type of a C module by its base; null if it cannot be told from others. See nameless_types.cpp.
Ref reduce_nameless_type(PyTypeObject* type);
bool is_numpy_array_type(Saver& saver, PyTypeObject* type);

// asyncio: futures and tasks in C with what advances them; event loops and their selectors.
Reduce async_rule(Rule& rule);  // null: not one of these types
Ref reduce_task_wakeup(PyObject* task);

// Adds what the type of an object says about its own instances: __dict__ and slots as one state
// pair, for reducers of types that may be subclassed by the script.
// (dict|None, slots tuple|None, whether the dict object itself is the state)
Ref instance_state(Saver& saver, PyObject* object, const Rule& rule);
void restore_instance_state(PyObject* object, PyObject* state);
// The same of instances that reduce_plain() takes, as BUILD knows it.
Ref plain_state(PyObject* object, const Rule& rule);
void restore_plain_state(PyObject* object, PyObject* state);
// The reduce value of what type.__new__(type) gives, before __init__.
Ref made_by_new(PyTypeObject* type);
// A reduce value with a dict as state, to be filled in without asking the instance for
// __setstate__: a __getattr__ of its class might look at what is not there yet, or remember that it
// was asked.
Ref filled_unasked(const Ref& reduce_value);
// What a batch of (instance, plain state) begins with, among those of deferred containers.
constexpr const char* kPutOff = "put off";

}  // namespace chkpt::heap
