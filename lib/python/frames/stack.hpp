// SPDX-License-Identifier: BSD-3-Clause
// The script's call stack as data. plan_stack() decides whether every frame of the main thread
// stands where it can be picked up again and how; describe_stack() turns the plan into plain Python
// objects for the pickler. Nothing here runs Python code or changes the frames. Needs the GIL.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

struct _PyInterpreterFrame;

namespace chkpt::frames {

// Where the innermost frame stands.
enum class Innermost {
  kEvalBreaker,  // between two instructions: in the interpreter's pending-call handler
  kBlockedCall,  // inside a C function it called; a resume executes that call again
};

// What a caller still has to do with the result when its callee returns. Stored in snapshots.
enum Kind : int {
  kTop = 0,      // innermost: nothing to take over
  kPush = 1,     // push the result
  kInit = 2,     // __init__: check for None, push the new object
  kForIter = 3,  // FOR_ITER over a generator: push what it yields, or leave the loop
  kSend = 4,     // SEND to a generator or coroutine: push what it yields, or its return value
  kDrop = 5,     // drop the result (property setter)
  kNone = 6,     // drop the result, push None (exec)
  kAdvance = 7,  // next() or send() of a generator: push what it yields; when it has finished, push
                 // the default (extra) or raise StopIteration
  kInContext = 8,    // Context.run(): leave the context (extra), push the result
  kTaskStep = 9,     // Context.run() of a step of a task (extra: context, task): end the step
  kPythonNext = 10,  // __next__: push the result; on StopIteration push the default (extra), or
                     // leave the loop if there is none
};

// Why a stack cannot be captured now: ("inside <builtin sorted> called", "fit.py:88 in main").
struct WhyNot {
  std::string reason;
  std::string where;
};

struct FramePlan {
  _PyInterpreterFrame* frame = nullptr;
  Kind kind = kTop;
  int next = 0;            // code unit to execute when the callee has returned
  int jump = -1;           // of a loop or an await: where to go when the iterator has finished
  int stack_size = 0;      // values on the stack once the callee's arguments are gone
  Ref top;                 // replaces the topmost value if set
  Ref extra;               // kInit: the new object; others: see Kind
  Ref natives;             // list, outermost first, of native frames as saved; null: none
  bool through_c = false;  // the callee was entered through C code
};

// Valid while the main thread stays where it is. Innermost frame first.
class StackPlan {
 public:
  const std::vector<FramePlan>& frames() const { return frames_; }
  Innermost innermost() const { return innermost_; }

 private:
  friend bool plan_stack(Innermost, StackPlan*, WhyNot*);
  std::vector<FramePlan> frames_;
  Innermost innermost_ = Innermost::kEvalBreaker;
};

bool plan_stack(Innermost innermost, StackPlan* plan, WhyNot* why_not);

// What the innermost frame of a kBlockedCall plan is calling, borrowed from its value stack.
// `self` is what a method descriptor is applied to or a builtin method is bound to; may be null.
struct BlockedCallable {
  PyObject* callable = nullptr;  // method_descriptor or builtin_function_or_method; null: no plan
  PyObject* self = nullptr;
  // What it is called with, borrowed; after unpacking (f(*args, **names)) the tuple and the dict.
  std::vector<PyObject*> arguments;
};
BlockedCallable blocked_callable(const StackPlan& plan);

struct StackState {
  // list, outermost first, of lists [code, function, f_locals|None, kind, next, jump, locals,
  // stack, generator|None, extra, state of the frame object|None, native frames|None]; empty slots
  // and no extra are null_marker()
  Ref frames;
  Ref frame_objects;   // list, outermost first: frame object if one exists, else None
  Ref base_exception;  // what the outermost code is handling, or None
};
// Indices into one entry of StackState::frames.
enum FrameField : int {
  kCode,
  kFunction,
  kLocalsDict,
  kKind,
  kNext,
  kJump,
  kLocals,
  kStack,
  kGenerator,
  kExtra,
  kFrameObject,
  kNatives,
  kFrameFields
};

StackState describe_stack(const StackPlan& plan);

// The object that stands for an empty slot. Immortal; its pickling is the heap's business.
PyObject* null_marker();

// If the innermost frame has just returned from a call of `expected_callable`, the value it left
// is replaced, so that a resumed script sees `value` where the running one sees its own. Returns
// whether that was the case.
bool replace_call_result(StackState& state, PyObject* expected_callable, PyObject* value);

struct FrameLine {
  std::string file;
  int line = 0;
  std::string function;
  std::vector<std::string> locals;  // names of the bound ones; module frames: none
};
std::vector<FrameLine> stack_lines(const StackPlan& plan);  // outermost first

}  // namespace chkpt::frames
