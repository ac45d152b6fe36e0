// SPDX-License-Identifier: BSD-3-Clause
// One load in progress: the unpickler's persistent_load and what rebuilders need of the whole.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "python/heap/load.hpp"
#include "python/heap/saved_stream.hpp"
#include "python/heap/language/weak_targets.hpp"

namespace chkpt::heap {

class Loader {
 public:
  Loader(std::vector<ByteView> stream, const std::vector<LoadedBuffer>& buffers);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  static Loader& current();  // the load that called a rebuilder; Raised if there is none

  Loaded run();

  PyObject* persistent_load(PyObject* id);  // new reference; null with an exception

  frames::ResumedStack& stack();
  // Runs when all objects are loaded, but not all sets and dicts are filled.
  void when_complete(std::function<void()> fill) { fills_.push_back(std::move(fill)); }
  // Likewise, for an instance of a class that derives from set, dict and the like; at the latest
  // when somebody hashes it. `keys`: something that leads to them.
  void when_keys_can_be_hashed(PyObject* instance, PyObject* keys, std::function<void()> fill);
  // Runs when all sets and dicts are filled as well, before the process state is restored.
  void afterwards(std::function<void()> work) { late_.push_back(std::move(work)); }
  // Opens a file by a codec of the script, after all that: the script's code runs.
  void with_codecs(std::function<void()> open) { with_codecs_.push_back(std::move(open)); }
  // Runs code of the script, which may use those files.
  void by_script(std::function<void()> work) { by_script_.push_back(std::move(work)); }
  // Objects that weak references are to: alive until `finish` knows who else holds them.
  void note_weak_target(PyObject* object) { weak_targets_->add(object); }

 private:
  class FillsWhatIsHashed;
  void read_header();
  void load_deferred();
  void fill_deferred();
  void fill(long long index);
  void fill_frozensets_in(PyObject* key);
  void fill_instance(PyObject* instance);
  bool leads_to_unfilled(PyObject* key) const;
  void expect_all_found() const;
  bool is_late_content(PyObject* container, PyObject* content) const;
  void restore_registrations(PyObject* pairs);
  Ref resolve(PyObject* id);
  Ref deferred_container(PyObject* id);
  Ref frozen_set(PyObject* id);
  Ref not_a_number(PyObject* id);
  Ref hashed(PyObject* id);

  SavedStream stream_;
  Ref unpickler_;
  Ref module_order_;
  bool is_done_ = false;
  std::unique_ptr<frames::ResumedStack> stack_;
  std::unordered_map<long long, Ref> deferred_;
  std::unordered_map<long long, Ref> frozensets_;
  std::unordered_map<long long, Ref> nans_;
  std::unordered_map<long long, Ref> contents_;        // of deferred_
  std::unordered_map<PyObject*, long long> unfilled_;  // frozensets among deferred_
  std::vector<std::pair<Ref, Ref>> instances_;         // with their keys, as they were met
  std::unordered_map<PyObject*, std::function<void()>> unfilled_instances_;
  Ref weak_members_;   // of libraries' weak containers, or null
  Ref weak_entries_;   // of their dicts by key, or null
  Ref memory_checks_;  // of compiled objects, or null
  std::vector<std::function<void()>> fills_;
  std::vector<std::function<void()>> late_, with_codecs_, by_script_;
  std::shared_ptr<WeakTargets> weak_targets_ = std::make_shared<WeakTargets>();
};

}  // namespace chkpt::heap
