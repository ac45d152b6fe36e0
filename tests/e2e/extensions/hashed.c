// Objects in C that hold another object and a number that is their hash: of what the object says,
// of where it lies, of where they lie themselves, and a handle, which only looks like a kept hash.
#include <Python.h>

typedef struct {
  PyObject_HEAD PyObject* of;
  Py_hash_t hash;
} Holder;

static Py_hash_t of_content(Holder* self) {  // 0: nobody has asked
  return self->hash ? self->hash : (self->hash = PyObject_Hash(self->of));
}
static Py_hash_t of_object(Holder* self) {  // -1: nobody has asked
  return self->hash != -1 ? self->hash : (self->hash = (Py_hash_t)(size_t)self->of / 16);
}
static Py_hash_t of_itself(Holder* self) {
  return self->hash != -1 ? self->hash : (self->hash = (Py_hash_t)(size_t)self / 16);
}
static Py_hash_t of_handle(Holder* self) { return self->hash; }

static int traverse(Holder* self, visitproc visit, void* arg) {
  Py_VISIT(self->of);
  return 0;
}
static int clear(Holder* self) {
  Py_CLEAR(self->of);
  return 0;
}
static void end(Holder* self) {
  PyObject_GC_UnTrack(self);
  clear(self);
  Py_TYPE(self)->tp_free(self);
}
static PyObject* compare(PyObject* a, PyObject* b, int op) {
  if (op != Py_EQ || Py_TYPE(a) != Py_TYPE(b)) Py_RETURN_NOTIMPLEMENTED;
  return PyObject_RichCompare(((Holder*)a)->of, ((Holder*)b)->of, Py_EQ);
}
// Whether the hash is not that of where it lies now.
static PyObject* is_stale(Holder* self, PyObject* none) {
  return PyBool_FromLong(self->hash != (Py_hash_t)(size_t)self / 16);
}
static PyMethodDef methods[] = {{"is_stale", (PyCFunction)is_stale, METH_NOARGS, NULL}, {NULL}};

#define KIND(NAME, HASH, FIRST)                                                         \
  static PyObject* new_##NAME(PyTypeObject* type, PyObject* args, PyObject* none) {     \
    Holder* made = (Holder*)type->tp_alloc(type, 0);                                    \
    made->of = PyTuple_GetItem(args, 0);                                                \
    Py_INCREF(made->of);                                                                \
    made->hash = FIRST;                                                                 \
    return (PyObject*)made;                                                             \
  }                                                                                     \
  static PyTypeObject NAME = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hashed." #NAME, \
                              .tp_basicsize = sizeof(Holder),                           \
                              .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,      \
                              .tp_new = new_##NAME,                                     \
                              .tp_hash = (hashfunc)HASH,                                \
                              .tp_richcompare = compare,                                \
                              .tp_traverse = (traverseproc)traverse,                    \
                              .tp_clear = (inquiry)clear,                               \
                              .tp_dealloc = (destructor)end,                            \
                              .tp_methods = methods};
KIND(Content, of_content, 0)
KIND(Object, of_object, -1)
KIND(Itself, of_itself, -1)
KIND(Handle, of_handle, (Py_hash_t)(size_t)malloc(48))

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "hashed", .m_size = -1};

PyMODINIT_FUNC PyInit_hashed(void) {
  PyObject* module = PyModule_Create(&definition);
  PyTypeObject* types[] = {&Content, &Object, &Itself, &Handle};
  for (int i = 0; i < 4; ++i)
    if (PyType_Ready(types[i]) < 0 || PyModule_AddType(module, types[i]) < 0) return NULL;
  return module;
}
