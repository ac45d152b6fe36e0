// SPDX-License-Identifier: BSD-3-Clause
#include "cut/ports.hpp"

#include "cut/gathering.hpp"

namespace chkpt::cut {

std::vector<RankSet> Ports::ranks() const {
  std::vector<RankSet> all;
  for (const Port& port : ports_) all.push_back(port.below);
  return all;
}

void Ports::watch(std::vector<pollfd>* entries) const {
  for (const Port& port : ports_) entries->push_back({port.link.fd(), POLLIN, 0});
}

void Ports::send(const Message& message) {
  const bool the_same_for_all = message.type != MessageType::kAdvance && message.ranks.empty();
  const std::string frame = the_same_for_all ? frame_of(message) : "";
  for (Port& port : ports_) {
    if (!port.link.open()) continue;
    if (the_same_for_all) {
      port.link.send_frame(frame);
    } else if (const auto part = part_for(message, port.below)) {
      port.link.send(*part);
    }
  }
}

bool Ports::receive(std::size_t port, std::vector<Message>* messages) {
  const bool alive = ports_[port].link.receive(messages);
  if (!alive) ports_[port].link.close();
  return alive;
}

}  // namespace chkpt::cut
