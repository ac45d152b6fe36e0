// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/foreign.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace chkpt::heap {
namespace {

std::vector<ForeignType>& types() {
  static std::vector<ForeignType> list;
  return list;
}

std::vector<ProcessPart>& parts() {
  static std::vector<ProcessPart> list;
  return list;
}

std::vector<ImportObserver>& observers() {
  static std::vector<ImportObserver> list;
  return list;
}

ToldAddresses g_told{};
bool (*g_is_loaded)(const std::string& file) = nullptr;

}  // namespace

void register_foreign_type(ForeignType type) {
  if (foreign_type(type.name)) throw Error("foreign type registered twice: " + type.name);
  types().push_back(std::move(type));
}

void register_told_addresses(ToldAddresses addresses) { g_told = addresses; }

bool is_near_told_address(std::uint64_t number) {
  return g_told.is_near != nullptr && g_told.is_near(number);
}

void told_again(std::uint64_t address) {
  if (g_told.told != nullptr) g_told.told(address);
}

void register_loaded_files(bool (*is_loaded)(const std::string& file)) { g_is_loaded = is_loaded; }

bool is_loaded_by_library(const std::string& file) {
  return g_is_loaded != nullptr && g_is_loaded(file);
}

const std::vector<ForeignType>& foreign_types() { return types(); }

const ForeignType* foreign_type(const std::string& name) {
  for (const ForeignType& type : types())
    if (type.name == name) return &type;
  return nullptr;
}

void register_process_part(ProcessPart part) {
  for (const ProcessPart& known : parts())
    if (known.name == part.name) throw Error("process part registered twice: " + part.name);
  parts().push_back(std::move(part));
}

void register_import_observer(ImportObserver observer) { observers().push_back(observer); }

const std::vector<ImportObserver>& import_observers() { return observers(); }

std::vector<const ProcessPart*> process_parts() {
  std::vector<const ProcessPart*> sorted;
  for (const ProcessPart& part : parts()) sorted.push_back(&part);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ProcessPart* a, const ProcessPart* b) { return a->order < b->order; });
  return sorted;
}

}  // namespace chkpt::heap
