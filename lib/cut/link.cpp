// SPDX-License-Identifier: BSD-3-Clause
#include "cut/link.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "base/error.hpp"

namespace chkpt::cut {
namespace {

using FrameSize = std::uint32_t;
constexpr FrameSize kLargestFrame = 1U << 30;

}  // namespace

std::string frame_of(const Message& message) {
  const std::string body = encode(message);
  const auto size = static_cast<FrameSize>(body.size());
  std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
  return frame + body;
}

bool Link::send(const Message& message) { return send_frame(frame_of(message)); }

bool Link::send_frame(const std::string& frame) {
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t n = ::send(fd_.get(), frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool Link::receive(std::vector<Message>* messages) {
  char chunk[65536];
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return take_frames(messages);
    if (n <= 0) {
      take_frames(messages);
      return false;
    }
    inbox_.append(chunk, static_cast<std::size_t>(n));
  }
}

bool Link::take_frames(std::vector<Message>* messages) {
  std::size_t at = 0;
  bool sound = true;
  while (sound && inbox_.size() - at >= sizeof(FrameSize)) {
    FrameSize size = 0;
    std::memcpy(&size, inbox_.data() + at, sizeof size);
    if (size > kLargestFrame) sound = false;
    if (!sound || inbox_.size() - at - sizeof size < size) break;
    Message message;
    sound = decode(inbox_.substr(at + sizeof size, size), &message);
    if (sound) messages->push_back(std::move(message));
    at += sizeof size + size;
  }
  inbox_.erase(0, at);
  return sound;
}

std::pair<Link, Link> make_link_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw IoError("cannot make a socket pair: " + std::string(std::strerror(errno)), errno);
  }
  return {Link(UniqueFd(ends[0])), Link(UniqueFd(ends[1]))};
}

}  // namespace chkpt::cut
