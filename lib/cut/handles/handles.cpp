// SPDX-License-Identifier: BSD-3-Clause
// All kinds of mpi4py's objects: where they are registered, and in which order they are restored.
#include "cut/handles.hpp"

#include "cut/handles/attached_buffer.hpp"
#include "cut/handles/attributes.hpp"
#include "cut/handles/contexts.hpp"
#include "cut/handles/generalized.hpp"
#include "cut/handles/messages.hpp"
#include "cut/handles/objects.hpp"
#include "cut/handles/open_files.hpp"
#include "cut/handles/plain_objects.hpp"
#include "cut/handles/postings.hpp"
#include "cut/handles/requests.hpp"
#include "cut/handles/settings.hpp"
#include "cut/handles/shared_handles.hpp"
#include "cut/handles/stand_ins.hpp"
#include "cut/handles/windows.hpp"
#include "mpi/interpose/absolute_addresses.hpp"
#include "mpi/interpose/attributes.hpp"
#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/rebuild.hpp"
#include "mpi/session.hpp"
#include "python/heap/foreign.hpp"

namespace chkpt::cut::handles {
namespace {

// The heap names the object's path; the reason is ours.
Ref describe_or_refuse(PyObject* object) {
  try {
    if (Ref described = stand_in_description(object)) return described;
    return describe(object);
  } catch (const CannotSave&) {
    throw;
  } catch (const Error& e) {
    throw CannotSave(e.what());
  }
}

Ref make_again_or_raise(PyTypeObject* type, PyObject* description) {
  try {
    if (using_stand_ins())
      if (Ref object = make_stand_in(type, description)) return object;
    return make_again(type, description);
  } catch (const Error& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
    return nullptr;
  }
}

// What may fail on one rank alone must not leave the others waiting in a collective call.
template <class F>
void all_or_none(F f) {
  std::string problem;
  try {
    f();
  } catch (const Error& e) {
    problem = e.what();
    if (problem.empty()) problem = "unknown error";
  }
  const mpi::session::Verdict verdict = mpi::session::agree(problem.empty(), problem);
  if (!verdict.ok) throw MpiError(verdict.message);
}

void register_part(const char* name, Ref (*save)(), void (*restore)(PyObject*)) {
  heap::ProcessPart part;
  part.name = name;
  part.save = save;
  part.restore = restore;
  heap::register_process_part(std::move(part));
}

}  // namespace

void register_types() {
  heap::ForeignType type;
  type.name = "mpi4py";
  type.matches = is_described;
  type.reduce = describe_or_refuse;
  type.rebuild = make_again_or_raise;
  heap::register_foreign_type(std::move(type));
  heap::register_told_addresses({[](std::uint64_t number) {
                                   return mpi::absolute_addresses::is_near_given(
                                       static_cast<MPI_Aint>(number));
                                 },
                                 [](std::uint64_t address) {
                                   mpi::absolute_addresses::given(static_cast<MPI_Aint>(address));
                                 }});
  heap::register_loaded_files(
      [](const std::string& file) { return mpi::session::libraries().count(file) != 0; });
  register_part("mpi4py.pickle", changed_pickler, restore_changed_pickler);
  register_part("mpi4py.attached_buffer", save_attached_buffer, restore_attached_buffer);
  register_part("mpi4py.generalized", save_generalized, restore_generalized);
  register_part("mpi4py.attributes", save_attributes, restore_attributes);
}

bool begin_rehearsal(ByteView section) {
  use_stand_ins();
  return mpi::decode(section).windows.empty();
}

void begin_save() {
  forget_described_requests();
  forget_described_windows();
  forget_described_files();
  mpi::fortran_numbers::begin_save();
}

Bytes end_save() {
  mpi::RankState state = mpi::capture_rank_state();
  if (mpi::session::active()) {
    check_receives_described();
    check_messages_nameless();
  }
  check_windows_described(state.windows);
  check_files_described(state.files);
  if (const std::string what = mpi::fortran_numbers::not_saved(); !what.empty()) {
    throw CannotSave(what);
  }
  const Module* m = Module::loaded();
  if (m && mpi::session::active() && !state.script_finalized) {
    if (const char* why = m->unknown_layout()) throw CannotSave(why);
    state.contexts = contexts(*m);
  }
  state.settings = save_settings();
  return mpi::encode(state);
}

void begin_load(ByteView section) {
  forget_made_handles();
  forget_shared_handles();
  forget_noted_generalized();
  mpi::RankState state;
  all_or_none([&] {
    state = mpi::decode(section);
    mpi::attributes::go_on_from(state.next_key);
    if (!state.communicators.empty() && !mpi::session::active()) {
      mpi::session::start(mpi::Start::kEager);
    }
    restore_settings(state.settings);
  });
  mpi::rebuild(state);
  expect_windows(state.windows);
  all_or_none([&] {
    const Module* m = Module::loaded();
    if (m && !state.script_finalized) attach_contexts(*m, state.contexts);
    mpi::session::adopt_script_state(state.script_initialized, state.script_finalized,
                                     state.thread_level);
  });
}

void end_load() {
  if (const Module* m = Module::loaded()) make_noted_postings(*m);
  check_promised_windows();
}

void join_load() {
  make_promised_windows();
  forget_made_handles();
}

}  // namespace chkpt::cut::handles
