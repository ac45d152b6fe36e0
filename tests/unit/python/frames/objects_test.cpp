// SPDX-License-Identifier: BSD-3-Clause
// Generators, frame objects, sets and dict iterators taken apart and put together again.
#include <Python.h>

#include "interpreter.hpp"
#include "python/frames/objects.hpp"

#include <gtest/gtest.h>

namespace chkpt::test {
namespace {

PyObject* global(const char* name) {
  return PyDict_GetItemString(PyModule_GetDict(PyImport_AddModule("__main__")), name);
}

void set_global(const char* name, PyObject* value) {
  checked(PyDict_SetItemString(PyModule_GetDict(PyImport_AddModule("__main__")), name, value));
}

void eval(const std::string& source) {
  PyObject* globals = PyModule_GetDict(PyImport_AddModule("__main__"));
  checked(PyRun_String(source.c_str(), Py_file_input, globals, globals));
}

Ref copy_of(PyObject* generator) {
  const Ref code = checked(frames::generator_code(generator));
  const Ref state = checked(frames::generator_get(generator));
  Ref copy = checked(frames::generator_new(Py_TYPE(generator), code.get()));
  checked(frames::generator_set(copy.get(), state.get()));
  return copy;
}

class ObjectsTest : public testing::Test {
 protected:
  void SetUp() override {
    run_script("");  // what the last test left may log when it goes
    log_text().clear();
  }
  // Runs `setup`, which makes `g`; copies it to `h`; both must do the same in `use`.
  void expect_same(const std::string& setup, const std::string& use) {
    ASSERT_TRUE(run_script(setup)) << log_text();
    set_global("h", copy_of(global("g")).get());
    log_text().clear();
    eval("def use(g):\n" + use + "\nuse(h)");
    const std::string of_copy = log_text();
    log_text().clear();
    eval("use(g)");
    EXPECT_EQ(of_copy, log_text());
    EXPECT_FALSE(of_copy.empty());
  }
};

constexpr const char* kGenerator =
    "def gen(n):\n    try:\n        for i in range(n):\n            got = yield i\n"
    "            log('got', got)\n    except ValueError as e:\n        yield repr(e)\n"
    "    finally:\n        log('closed')\n    return 'r'\n";

TEST_F(ObjectsTest, generator_not_started) {
  expect_same(std::string(kGenerator) + "g = gen(3)\n", "    log(list(g), g.gi_frame)");
}

TEST_F(ObjectsTest, generator_suspended) {
  const std::string setup =
      std::string(kGenerator) +
      "import itertools\ndef fresh():\n    return gen(3)\ng = fresh()\nnext(g)\n";
  ASSERT_TRUE(run_script(setup));
  // range iterators are shared by both: use what depends on the frame alone
  set_global("h", copy_of(global("g")).get());
  eval(
      "log(h.gi_frame.f_lineno == g.gi_frame.f_lineno, h.gi_suspended, h.__name__, "
      "h.__qualname__)");
  eval("log(h.throw(ValueError(3)), list(h))");
  EXPECT_EQ(log_text(), "True True gen gen \nclosed \nValueError(3) [] \n");
}

TEST_F(ObjectsTest, generator_finished) {
  expect_same(std::string(kGenerator) + "g = gen(0)\nlist(g)\n",
              "    log(list(g), g.gi_frame, g.gi_code.co_name, g.gi_running)");
}

TEST_F(ObjectsTest, generator_closed_before_start) {
  expect_same(std::string(kGenerator) + "g = gen(2)\ng.close()\n", "    log(list(g), g.gi_frame)");
}

TEST_F(ObjectsTest, generator_handling_an_exception) {
  expect_same(
      "def gen():\n    try:\n        1/0\n    except ZeroDivisionError:\n        yield 1\n"
      "        import sys\n        log(repr(sys.exc_info()[1]))\n        raise\n"
      "g = gen()\nnext(g)\n",
      "    try:\n        next(g)\n    except ZeroDivisionError as e:\n        log(e)");
}

TEST_F(ObjectsTest, generator_delegating) {
  expect_same("def gen():\n    got = yield from [7, 8]\n    log('end', got)\ng = gen()\n",
              "    log(next(g), next(g), next(g, 'over'))");
}

TEST_F(ObjectsTest, coroutine_suspended) {
  expect_same(
      "class A:\n    def __await__(self):\n        got = yield 'asked'\n        return got\n"
      "async def co():\n    return 'result', await A()\ng = co()\n",
      "    g.send(None)\n    try:\n        g.send(5)\n    except StopIteration as s:\n"
      "        log(s.value, g.cr_frame)");
}

TEST_F(ObjectsTest, async_generator) {
  expect_same("async def ag():\n    yield 1\n    yield 2\ng = ag()\n",
              "    try:\n        g.__anext__().send(None)\n    except StopIteration as s:\n"
              "        log(s.value)\n    try:\n        g.__anext__().send(None)\n"
              "    except StopIteration as s:\n        log(s.value)");
}

TEST_F(ObjectsTest, generator_dropped_unfinished) {
  ASSERT_TRUE(run_script(std::string(kGenerator) + "g = gen(3)\nnext(g)\n"));
  set_global("h", copy_of(global("g")).get());
  eval("del h");
  EXPECT_EQ(log_text(), "closed \n");
}

TEST_F(ObjectsTest, many_generators_do_not_leak) {
  ASSERT_TRUE(run_script(std::string(kGenerator) + "import sys\ng = gen(3)\nnext(g)\n"));
  PyObject* code = reinterpret_cast<PyGenObject*>(global("g")) ? global("gen") : nullptr;
  const Py_ssize_t before = Py_REFCNT(PyFunction_GET_CODE(code));
  for (int i = 0; i < 100; ++i) copy_of(global("g"));
  EXPECT_EQ(Py_REFCNT(PyFunction_GET_CODE(code)), before);
  eval("list(g)");
  const Py_ssize_t finished = Py_REFCNT(PyFunction_GET_CODE(code));
  for (int i = 0; i < 100; ++i) copy_of(global("g"));
  EXPECT_EQ(Py_REFCNT(PyFunction_GET_CODE(code)), finished);
}

TEST_F(ObjectsTest, rejects_states_that_do_not_fit) {
  ASSERT_TRUE(run_script(std::string(kGenerator) + "g = gen(3)\ndef o():\n    yield\no = o()\n"));
  const Ref state = checked(frames::generator_get(global("g")));
  const Ref code = checked(frames::generator_code(global("o")));
  const Ref other = checked(frames::generator_new(&PyGen_Type, code.get()));
  EXPECT_EQ(frames::generator_set(other.get(), state.get()), -1);
  EXPECT_NE(take_exception_text().find("does not fit"), std::string::npos);
  EXPECT_EQ(frames::generator_new(&PyLong_Type, code.get()), nullptr);
  PyErr_Clear();
}

TEST_F(ObjectsTest, detached_frame) {
  ASSERT_TRUE(
      run_script("import sys\ndef f(a):\n    b = [a]\n    c = lambda: b\n"
                 "    return sys._getframe()\ng = f(3)\n"));
  ASSERT_EQ(frames::frame_owner(global("g")), frames::FrameOwner::kDetached);
  const Ref code = checked(frames::frame_code(global("g")));
  const Ref state = checked(frames::frame_get(global("g")));
  const Ref copy =
      checked(frames::frame_new(code.get(), PyModule_GetDict(PyImport_AddModule("__main__"))));
  checked(frames::frame_set(copy.get(), state.get()));
  set_global("h", copy.get());
  eval(
      "log(h.f_lineno == g.f_lineno, h.f_lasti == g.f_lasti, h.f_locals['a'], "
      "h.f_locals['b'] is g.f_locals['b'], h.f_code is g.f_code, h.f_back is g.f_back)");
  EXPECT_EQ(log_text(), "True True 3 True True True \n");
}

TEST_F(ObjectsTest, frame_of_a_generator) {
  ASSERT_TRUE(run_script(std::string(kGenerator) + "g = gen(3)\nnext(g)\nf = g.gi_frame\n"));
  EXPECT_EQ(frames::frame_owner(global("f")), frames::FrameOwner::kOfGenerator);
  EXPECT_EQ(checked(frames::frame_generator(global("f"))).get(), global("g"));
  set_global("h", copy_of(global("g")).get());
  EXPECT_NE(checked(frames::generator_frame(global("h"))).get(), global("f"));
  EXPECT_EQ(checked(frames::generator_frame(global("g"))).get(), global("f"));
}

TEST_F(ObjectsTest, sets_keep_their_order) {
  ASSERT_TRUE(
      run_script("s = set()\nfor i in range(200):\n    s.add((i * 7919) % 1009)\n"
                 "    s.discard((i * 31) % 1009)\nf = frozenset(['b', 'a', 9])\n"));
  for (const char* name : {"s", "f"}) {
    const Ref state = checked(frames::set_get(global(name)));
    const Ref copy = checked(PySet_New(nullptr));
    ASSERT_EQ(checked(frames::set_put(copy.get(), state.get())), 1);
    set_global("c", copy.get());
    eval(std::string("log(list(c) == list(") + name + "), len(c) == len(" + name + "))");
  }
  eval("c.add('new'); c.discard('a'); log('new' in c, 'a' in c, len(c))");
  EXPECT_EQ(log_text(), "True True \nTrue True \nTrue False 3 \n");
}

TEST_F(ObjectsTest, sets_fall_back_when_hashes_change) {
  ASSERT_TRUE(
      run_script("class K:\n    h = 1\n    def __hash__(self): return K.h\n"
                 "s = {K(), K(), 5}\n"));
  const Ref state = checked(frames::set_get(global("s")));
  eval("K.h = 2");
  const Ref copy = checked(PySet_New(nullptr));
  EXPECT_EQ(checked(frames::set_put(copy.get(), state.get())), 0);
  EXPECT_EQ(PySet_GET_SIZE(copy.get()), 3);
}

TEST_F(ObjectsTest, dict_iterators_keep_their_place) {
  ASSERT_TRUE(
      run_script("d = {i: -i for i in range(9)}\ndel d[0], d[3]\nmade = []\n"
                 "for make in (lambda d: iter(d), lambda d: iter(d.items()), "
                 "lambda d: reversed(d), lambda d: reversed(d.values())):\n"
                 "    it = make(d)\n    next(it), next(it), next(it)\n"
                 "    made.append((it, make(dict(d))))\n"));
  PyObject* made = global("made");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(made); ++i) {
    PyObject* pair = PyList_GET_ITEM(made, i);
    const Ref state = checked(frames::dict_iter_get(PyTuple_GET_ITEM(pair, 0)));
    // onto a copy of the dict, which has no gaps
    eval("compact = dict(list(d.items()))");
    const Ref compact = Ref::borrow(global("compact"));
    const Ref moved = checked(PyTuple_GetSlice(state.get(), 1, 4));
    const Ref dict = checked(PyTuple_Pack(1, compact.get()));
    const Ref onto = checked(PySequence_Concat(dict.get(), moved.get()));
    checked(frames::dict_iter_set(PyTuple_GET_ITEM(pair, 1), onto.get()));
  }
  eval("log([list(a) == list(b) for a, b in made])");
  EXPECT_EQ(log_text(), "[True, True, True, True] \n");
}

TEST_F(ObjectsTest, tells_classes_by_who_made_them) {
  ASSERT_TRUE(run_script("import re, random\nclass C:\n    pass\nT = type('T', (int,), {})\n"));
  EXPECT_TRUE(frames::is_python_class(reinterpret_cast<PyTypeObject*>(global("C"))));
  EXPECT_TRUE(frames::is_python_class(reinterpret_cast<PyTypeObject*>(global("T"))));
  EXPECT_FALSE(frames::is_python_class(&PyLong_Type));
  eval("p = re.compile('x')");
  EXPECT_FALSE(frames::is_python_class(Py_TYPE(global("p"))));
}

}  // namespace
}  // namespace chkpt::test
