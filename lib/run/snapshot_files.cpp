// SPDX-License-Identifier: BSD-3-Clause
#include "run/snapshot_files.hpp"

#include <exception>
#include <utility>

#include "base/error.hpp"
#include "files/journal.hpp"

namespace chkpt::run {

template <class F>
void SnapshotFiles::in_thread(F&& work) {
  const auto as_chkpt = [&work] {
    const files::OwnChanges own;
    work();
  };
  if (thread_ != nullptr) return thread_->call(as_chkpt);
  as_chkpt();
}

SnapshotFiles::SnapshotFiles(const Start& start, ApartThread* thread)
    : start_(start), thread_(thread), directory_(start.directory.get()) {
  if (thread_ == nullptr) return;
  try {
    in_thread([this] { opened_ = store::RunDirectory::open(start_.directory->path()); });
    directory_ = &*opened_;
  } catch (const Error&) {
    thread_ = nullptr;  // then the one that is open already is used
  }
}

void SnapshotFiles::begin(std::uint64_t epoch, int nranks) {
  in_thread([&] { target_ = directory_->begin(epoch, start_.run_id, nranks, start_.generation); });
}

store::WriteResult SnapshotFiles::write(store::Staged staged) {
  store::WriteResult result;
  in_thread([&] { result = write_down(std::move(staged)); });
  return result;
}

void SnapshotFiles::write_behind(store::Staged staged,
                                 std::function<void(const store::WriteResult&)> done) {
  // A std::function must be one that can be copied.
  auto image = std::make_shared<store::Staged>(std::move(staged));
  thread_->post([this, image = std::move(image), done = std::move(done)]() {
    const files::OwnChanges own;
    done(write_down(std::move(*image)));
  });
}

store::WriteResult SnapshotFiles::write_down(store::Staged staged) {
  if (!target_) {
    try {
      target_ = directory_->join(
          store::snapshot_name(staged.id().epoch, start_.run_id, start_.generation.number));
    } catch (const std::exception& problem) {
      store::WriteResult result;
      result.message = problem.what();
      return result;
    }
  }
  return store::write(staged, *target_);
}

std::string SnapshotFiles::path(const store::RankFileInfo& file) const {
  return target_->path() + "/" + file.name;
}

void SnapshotFiles::commit(const store::Manifest& manifest) {
  in_thread([&] { directory_->commit(*target_, manifest, start_.generation); });
}

void SnapshotFiles::drop() noexcept {
  in_thread([this] {
    if (target_) directory_->drop(*target_);
  });
}

void SnapshotFiles::forget() noexcept {
  in_thread([this] { target_.reset(); });
}

// Until this run has a newer snapshot of its own, what it was resumed from stays.
void SnapshotFiles::tidy(int keep) {
  in_thread([&] { directory_->retain(keep, {}); });
}

bool SnapshotFiles::take_request() {
  bool asked = false;
  if (is_free()) in_thread([&] { asked = directory_->take_request(); });
  return asked;
}

std::optional<store::Generation> SnapshotFiles::newest_generation() {
  std::optional<store::Generation> newest;
  if (is_free()) in_thread([&] { newest = directory_->newest_generation(); });
  return newest;
}

bool SnapshotFiles::is_free() const { return thread_ == nullptr || thread_->is_idle(); }

}  // namespace chkpt::run
