// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/held_signals.hpp"

#include "python/error.hpp"
#include "python/ref.hpp"

#include <array>
#include <atomic>
#include <csignal>

namespace chkpt::frames {
namespace {

struct Held {
  bool is = false;
  struct sigaction before {};
};

int g_holders = 0;
std::array<Held, NSIG> g_held;
// Lock-free: set by the handler, in any thread.
std::array<std::atomic<bool>, NSIG> g_came;

extern "C" void note_signal(int number) { g_came[static_cast<std::size_t>(number)] = true; }

// The rest of the action stays: what a system call that is interrupted does, for instance.
void hold(int number) {
  struct sigaction now {};
  if (sigaction(number, nullptr, &now) != 0 || now.sa_handler == note_signal) return;
  if (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN) return;
  Held& held = g_held[static_cast<std::size_t>(number)];
  held.before = now;
  now.sa_handler = note_signal;
  now.sa_flags &= ~SA_SIGINFO;
  held.is = sigaction(number, &now, nullptr) == 0;
}

void release(int number) {
  Held& held = g_held[static_cast<std::size_t>(number)];
  if (!held.is) return;
  held.is = false;
  struct sigaction now {};
  // Unless somebody has set another one since.
  if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == note_signal)
    sigaction(number, &held.before, nullptr);
  if (g_came[static_cast<std::size_t>(number)].exchange(false)) raise(number);
}

PyObject* g_getsignal = nullptr;  // owned, never given back

bool has_python_handler(int number) {
  const Ref handler = Ref::steal(PyObject_CallFunction(g_getsignal, "i", number));
  if (!handler) PyErr_Clear();  // not a valid number
  return handler && PyCallable_Check(handler.get());
}

void hold_all() {
  if (!g_getsignal) return;
  const PendingException untouched;
  for (int number = 1; number < NSIG; ++number)
    if (has_python_handler(number)) hold(number);
}

}  // namespace

HeldSignals::HeldSignals(Which which) {
  ++g_holders;
  if (which == Which::kAll) hold_all();
}

HeldSignals::~HeldSignals() {
  if (--g_holders == 0)
    for (int number = 1; number < NSIG; ++number) release(number);
  if (aside_) shim::pend_signals();
}

void HeldSignals::learn() {
  if (g_getsignal) return;
  // Not by an import: a resume may have given the script's __import__ back.
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "_signal");  // borrowed
  const Ref imported = Ref::steal(module ? nullptr : PyImport_ImportModule("_signal"));
  if (!module) module = imported.get();
  g_getsignal = module ? PyObject_GetAttrString(module, "getsignal") : nullptr;
  if (!g_getsignal) throw_pending_exception();
}

bool HeldSignals::some_came_before() { return shim::signals_pending(); }

void HeldSignals::put_aside_what_came_before() {
  if (!shim::signals_pending()) return;
  shim::forget_pending_signals();
  aside_ = true;
}

void hold_restored_signal(int number) {
  if (g_holders) hold(number);
}

}  // namespace chkpt::frames
