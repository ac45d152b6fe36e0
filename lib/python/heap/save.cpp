// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/save.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"
#include "python/frames/contexts.hpp"
#include "python/frames/interpreter_hooks.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/addresses.hpp"
#include "python/heap/big_stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/diagnose.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/packages/hdf5.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/compiled/addresses_in_use.hpp"
#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/compiled/own_libraries.hpp"
#include "python/heap/compiled/own_modules.hpp"
#include "python/heap/language/original_builtins.hpp"
#include "python/heap/numbered_memory.hpp"
#include "python/heap/pickle_types.hpp"
#include "python/heap/raw_state.hpp"
#include "python/heap/save_parts.hpp"
#include "python/heap/save_rest.hpp"
#include "python/heap/saver.hpp"
#include "python/heap/compiled/shared_memory.hpp"
#include "python/heap/open_files/unlinked_files.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

// The collector must not run finalizers of the script while its state is being taken.
class NoCollection {
 public:
  NoCollection() { was_enabled = PyGC_Disable() != 0; }
  ~NoCollection() {
    if (was_enabled) PyGC_Enable();
  }
  NoCollection(const NoCollection&) = delete;
  NoCollection& operator=(const NoCollection&) = delete;

  static bool was_enabled;
};
bool NoCollection::was_enabled = true;

std::vector<std::string> names_of(const std::vector<Ref>& refs) {
  std::vector<std::string> names;
  names.reserve(refs.size());
  for (const Ref& name : refs) names.push_back(utf8(name.get()));
  return names;
}

// The object at an address, if the pickler has written it or it has a persistent id, or if a
// library made it and a new import will: its tables may be keyed by such addresses.
void look_up_addresses(Addresses& addresses, Saver& saver, const Pickling& pickling) {
  if (!addresses.seen_any()) return;
  const Ref memo = pickling.memo();
  addresses.look_up(
      [&](const void* address) -> PyObject* {
        if (saver.is_registered(address)) return static_cast<PyObject*>(const_cast<void*>(address));
        const Ref key = own(PyLong_FromVoidPtr(const_cast<void*>(address)));
        PyObject* entry = PyDict_GetItemWithError(memo.get(), key.get());
        return entry ? item(entry, 1) : library_object_with(address);
      },
      memo.get());
  check_numbered_memory(saver, addresses.leading_nowhere(), memo.get());
}

// What is known at the end of a save only, and makes another one due.
struct Findings {
  Addresses addresses;
  OriginalArrays originals;
};

void write_all(Saver& saver, Findings& findings, const Ref& body, Pickled& out) {
  Pickling pickling(saver, out);
  pickling.dump_interned(interned_strings(saver));
  pickling.dump(header_of(saver));
  pickling.dump_interned(saver.library_strings());
  pickling.dump(body);
  dump_deferred(saver, pickling, findings.originals);
  check_memory_stays_shared(saver, findings.originals);
  look_up_addresses(findings.addresses, saver, pickling);
}

// Empty if it can be pickled. Numbers are looked at only if it was one that stood in the way: those
// that lead to what something else saves seem to lead nowhere here.
std::string why_not_saveable(const SaveRequest& request, PyObject* value, bool for_numbers) {
  Addresses addresses;
  Saver saver(request, &addresses);
  Pickled out;
  try {
    saver.register_modules();
    saver.register_stack();
    saver.register_excluded();
    Pickling pickling(saver, out);
    pickling.dump(Ref::borrow(value));
    dump_deferred(saver, pickling, {});
    if (for_numbers) look_up_addresses(addresses, saver, pickling);
  } catch (const Raised&) {
    return saver.refusal().empty() ? take_exception_text() : (PyErr_Clear(), saver.refusal());
  }
  return "";
}

struct SaveAgain {  // by another rule for this type
  PyTypeObject* type;
};

// Where the object that cannot be saved was met.
enum class Part { kScript, kLibraryGlobals, kWeakEntries };

class RefusedIn : public CannotSave {
 public:
  RefusedIn(Part part, bool is_number, const std::string& text)
      : CannotSave(text), part_(part), is_number_(is_number) {}
  Part part() const { return part_; }
  bool is_number() const { return is_number_; }  // by which something knows memory of C code

 private:
  Part part_;
  bool is_number_;
};

Part part_of(const Failure& failure, Saver& saver, const Ref& body) {
  if (saver.weak_members().in_entries) return Part::kWeakEntries;
  PyObject* process = body ? find(body.get(), "process") : nullptr;
  PyObject* globals = process ? find(process, kLibraryGlobals) : nullptr;
  const bool starts_there = globals && !failure.way.empty() && failure.way.back().is(globals);
  return starts_there ? Part::kLibraryGlobals : Part::kScript;
}

Pickled save_now(const SaveRequest& request, Findings& findings) {
  const UnlinkedSaves unlinked;
  Saver saver(request, &findings.addresses, &findings.originals);
  Pickled out;
  Ref body;
  try {
    if (!request.files_flushed) flush_open_files(), hdf5::flush_files();
    saver.register_modules();
    saver.register_stack();
    saver.register_excluded();
    check_addresses_in_use(saver);
    if (request.modules) saver.register_weak_containers();
    body = body_of(saver, request);
    write_all(saver, findings, body, out);
  } catch (const Raised&) {
    const Failure failure = explain_failure(saver, body);
    for (const Ref& object : failure.way)
      if (!saver.is_refused_for_good() && !saver.by_value().type(Py_TYPE(object.get())) &&
          take_own_getstate(Py_TYPE(object.get())))
        throw SaveAgain{Py_TYPE(object.get())};
    throw RefusedIn(part_of(failure, saver, body), saver.is_refused_for_good(), failure.text);
  }
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    out.by_value_modules.push_back(utf8(entry.name.get()));
  out.imported_modules = names_of(saver.imported_modules());
  return out;
}

Pickled save_until_settled(const SaveRequest& request) {
  Findings findings;
  for (;;) {
    findings.originals.begin_save();
    {
      Pickled saved = save_now(request, findings);
      const bool numbers = findings.addresses.seen_any();
      if (!numbers && !findings.originals.has_news()) return saved;
      if (!(numbers && findings.addresses.settle()) && !findings.originals.has_news()) return saved;
    }
  }
}

// Whether there is something less to save now.
bool leave_out(const SaveRequest& request, Part part, bool for_numbers) {
  const auto why_not = [&](PyObject* value) {
    return why_not_saveable(request, value, for_numbers);
  };
  return (part == Part::kLibraryGlobals && leave_out_unsaveable(why_not)) ||
         (part == Part::kWeakEntries && leave_out_unsaveable_entries(why_not)) ||
         leave_out_unsaveable_of_own(why_not) || leave_out_unsaveable_names(why_not);
}

// What cannot be saved of a library's own state is said and left out; anything else is a refusal.
Pickled save_what_can_be_saved(const SaveRequest& request) {
  std::vector<PyTypeObject*> tried;
  for (;;) {
    try {
      Pickled saved = save_until_settled(request);
      forget_vain_tries();
      return saved;
    } catch (const SaveAgain& again) {
      tried.push_back(again.type);
    } catch (const CannotSave& refusal) {
      const auto* placed = dynamic_cast<const RefusedIn*>(&refusal);
      if (leave_out(request, placed ? placed->part() : Part::kScript,
                    placed && placed->is_number()))
        continue;
      // It has not helped: what stood in the way, such as an open transaction, may be gone later.
      for (PyTypeObject* type : tried) give_back_own_getstate(type);
      static std::string last;  // for another obstacle those that were in vain are tried again
      const bool same = std::exchange(last, refusal.what()) == refusal.what();
      if (same || !tried.empty() || !forget_vain_tries()) throw;
    }
  }
}

}  // namespace

bool script_collection_enabled() { return NoCollection::was_enabled; }

void flush_files() {
  try {
    flush_open_files();
    hdf5::flush_files();
  } catch (const Raised&) {
    PyErr_Clear();
  }
}

Pickled save(const SaveRequest& request) {
  const PendingException pending;
  const NoCollection quiet;
  const OriginalBuiltins originals;
  const frames::AuditHooksAside unseen;
  Pickled result;
  on_big_stack([&] {
    try {
      const frames::OwnContext base;
      const UnseenImports imports;
      const OriginalModules modules;
      result = save_what_can_be_saved(request);
    } catch (const Raised&) {
      throw CannotSave(take_exception_text());
    }
  });
  return result;
}

}  // namespace chkpt::heap
