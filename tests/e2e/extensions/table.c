// A module in C: counters, a table of random numbers, objects that are made when they are first
// needed, and the state that the interpreter keeps for it.
#include <Python.h>

static int calls;
static unsigned long long table[64];
static PyObject *cache, *word, *kind;
static long *reserve, *small;

typedef struct {
  long steps;
  PyObject* log;
} State;

static unsigned long long draw(void) {
  static int ready;
  if (!ready)
    for (int i = ready = 1; i < 64; ++i)
      table[i] = table[i - 1] * 6364136223846793005ULL + 1442695040888963407ULL;
  unsigned long long* place = &table[calls % 64];
  return *place = *place * 2862933555777941757ULL + 3037000493ULL;
}

static PyObject* step(PyObject* self, PyObject* value) {
  static PyObject* once;
  State* state = PyModule_GetState(self);
  if (!once) once = PyUnicode_FromString("made at first");
  if (!cache) cache = PyDict_New();
  if (!state->log) state->log = PyList_New(0);
  ++calls;
  ++state->steps;
  *reserve += calls;
  *small += 2;
  PyObject* n = PyLong_FromLong(calls);
  PyDict_SetItem(cache, n, value);
  PyList_Append(state->log, n);
  Py_DECREF(n);
  Py_XSETREF(word, PyUnicode_FromFormat("word %d", calls));
  return Py_BuildValue("(iKOOOOlllO)", calls, draw(), once, word, cache, state->log, state->steps,
                       *reserve, *small, kind);
}

static PyObject* deepen(PyObject* self, PyObject* none) {
  *((long**)reserve)[1] += 1;
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"step", step, METH_O, NULL}, {"deepen", deepen, METH_NOARGS, NULL}, {NULL}};

static PyTypeObject EntryType = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "table.Entry",
                                 .tp_basicsize = sizeof(PyObject), .tp_flags = Py_TPFLAGS_DEFAULT};

static int fill(PyObject* module) {
  reserve = calloc(100, sizeof(long));
  ((long**)reserve)[1] = calloc(100, sizeof(long));
  small = PyMem_Calloc(3, sizeof(long));
  kind = (PyObject*)&EntryType;
  if (PyType_Ready(&EntryType) < 0) return -1;
  return PyModule_AddObjectRef(module, "Entry", kind);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "table",
                                        .m_size = sizeof(State), .m_methods = methods,
                                        .m_slots = slots};

PyMODINIT_FUNC PyInit_table(void) { return PyModuleDef_Init(&definition); }
