// SPDX-License-Identifier: BSD-3-Clause
// How the ranks of a job find each other: who has others below it in the tree listens, MPI carries
// the addresses and a secret once, and who connects without the secret is dropped.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>

#include "base/error.hpp"
#include "cut/connect.hpp"
#include "cut/tree.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kSecretSize = 32;
constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kConnectPatience = std::chrono::seconds(5);

struct Hello {
  std::array<char, kSecretSize> secret{};
  std::int32_t rank = 0;
};

IoError failed(const std::string& what) {
  const int error = errno;
  return {"control connection: " + what + ": " + std::strerror(error), error};
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) throw failed("gethostname");
  return name.data();
}

UniqueFd tcp_socket() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw failed("socket");
  return fd;
}

// A node that loses its power or its network closes no connection. After a minute without a sign of
// life its ranks count as lost; a stopped process is not concerned, its kernel answers.
void set_up(int fd) {
  const auto set = [fd](int level, int name, int value) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) throw failed("setsockopt");
  };
  constexpr int kIdle_s = 15, kInterval_s = 15, kProbes = 3;
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kIdle_s);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kInterval_s);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, (kIdle_s + kProbes * kInterval_s) * 1000);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

sockaddr_in address_of(in_addr_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = host;
  address.sin_port = htons(port);
  return address;
}

std::uint16_t listen_on(int fd, in_addr_t host) {
  sockaddr_in address = address_of(host, 0);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw failed("bind");
  if (::listen(fd, 4096) != 0) throw failed("listen");
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw failed("getsockname");
  }
  return ntohs(address.sin_port);
}

// IPv4 addresses of this host that others may reach.
std::string own_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) throw failed("getifaddrs");
  std::string text;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    if (ntohl(address->sin_addr.s_addr) >> 24 == 127) continue;
    std::array<char, INET_ADDRSTRLEN> shown{};
    ::inet_ntop(AF_INET, &address->sin_addr, shown.data(), shown.size());
    text += std::string(shown.data()) + " ";
  }
  ::freeifaddrs(list);
  return text;
}

bool wait_for(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd entry{fd, events, 0};
    const int n = ::poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
    if (n > 0) return true;
    if (n < 0 && errno == EINTR) continue;
    return false;
  }
}

bool read_hello(int fd, Hello* hello) {
  auto* to = reinterpret_cast<char*>(hello);
  const auto until = Clock::now() + kConnectPatience;
  for (std::size_t got = 0; got < sizeof *hello;) {
    if (!wait_for(fd, POLLIN, until)) return false;
    const ssize_t n = ::recv(fd, to + got, sizeof *hello - got, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    got += static_cast<std::size_t>(n);
  }
  return true;
}

bool same_secret(const Hello& a, const Hello& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < kSecretSize; ++i) {
    difference |= static_cast<unsigned char>(a.secret[i]) ^ static_cast<unsigned char>(b.secret[i]);
  }
  return difference == 0;
}

void accept_ranks(int listener, const Hello& expected, std::vector<Port>* ports) {
  const auto until = Clock::now() + kPatience;
  for (std::size_t missing = ports->size(); missing > 0;) {
    if (!wait_for(listener, POLLIN, until)) {
      throw IoError("control connection: " + std::to_string(missing) + " ranks did not connect",
                    ETIMEDOUT);
    }
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    Hello hello;
    if (!read_hello(fd.get(), &hello) || !same_secret(hello, expected)) continue;
    const auto port = std::find_if(ports->begin(), ports->end(),
                                   [&](const Port& each) { return each.rank == hello.rank; });
    if (port == ports->end() || port->link.open()) continue;
    set_up(fd.get());
    port->link = Link(std::move(fd));
    --missing;
  }
}

UniqueFd connect_to(const std::string& host, std::uint16_t port) {
  in_addr target{};
  if (::inet_pton(AF_INET, host.c_str(), &target) != 1) return {};
  UniqueFd fd = tcp_socket();
  const timeval patience{std::chrono::seconds(kConnectPatience).count(), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address = address_of(target.s_addr, port);
  while (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINTR) return {};
  }
  const timeval forever{0, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof forever);
  set_up(fd.get());
  return fd;
}

// `offer`: "<port> <address> <address> ..."
UniqueFd connect_to_any(int rank, const std::string& offer) {
  std::istringstream words(offer);
  unsigned port = 0;
  words >> port;
  for (std::string host; words >> host;) {
    if (UniqueFd fd = connect_to(host, static_cast<std::uint16_t>(port))) return fd;
  }
  throw IoError("control connection: cannot reach rank " + std::to_string(rank) + " at " + offer,
                ECONNREFUSED);
}

// Rank 0's.
Hello make_hello() {
  std::string secret(kSecretSize, '\0');
  const bool rank0 = mpi::session::rank() == 0;
  if (rank0 && ::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(kSecretSize)) {
    throw failed("getrandom");
  }
  secret = mpi::session::broadcast(secret);
  Hello hello;
  std::memcpy(hello.secret.data(), secret.data(), kSecretSize);
  hello.rank = mpi::session::rank();
  return hello;
}

// Bound to the loopback interface when all children are on this host.
UniqueFd open_listener(const TreeNode& node, const std::vector<std::string>& hosts,
                       std::string* offer) {
  const auto host_of = [&](int rank) { return hosts[static_cast<std::size_t>(rank)]; };
  const bool near = std::all_of(node.children.begin(), node.children.end(), [&](int child) {
    return host_of(child) == host_of(mpi::session::rank());
  });
  UniqueFd listener = tcp_socket();
  const std::uint16_t port = listen_on(listener.get(), htonl(near ? INADDR_LOOPBACK : INADDR_ANY));
  *offer = std::to_string(port) + " 127.0.0.1 " + (near ? "" : own_addresses());
  return listener;
}

// From another host the loopback address would lead elsewhere.
std::string without_loopback(const std::string& offer) {
  const std::string loopback = "127.0.0.1 ";
  std::string text = offer;
  text.erase(text.find(loopback), loopback.size());
  return text;
}

Link connect_up(int parent, const std::string& offer, const Hello& hello) {
  UniqueFd fd = connect_to_any(parent, offer);
  if (::send(fd.get(), &hello, sizeof hello, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof hello)) {
    throw failed("send");
  }
  return Link(std::move(fd));
}

}  // namespace

Connections connect_ranks(int fan_out) {
  const auto rank = static_cast<std::size_t>(mpi::session::rank());
  const std::vector<std::string> hosts = mpi::session::all_gather(host_name());
  const std::vector<TreeNode> tree = make_tree(hosts, fan_out);
  const TreeNode& node = tree[rank];
  UniqueFd listener;
  std::string offer;
  if (!node.children.empty()) listener = open_listener(node, hosts, &offer);
  const std::vector<std::string> offers = mpi::session::all_gather(offer);
  const Hello hello = make_hello();

  Connections made;
  made.parent = node.parent;
  if (node.parent >= 0) {
    const auto parent = static_cast<std::size_t>(node.parent);
    const bool near = hosts[parent] == hosts[rank];
    made.up =
        connect_up(node.parent, near ? offers[parent] : without_loopback(offers[parent]), hello);
  }
  for (const int child : node.children) {
    made.ports.push_back({child, tree[static_cast<std::size_t>(child)].below, Link()});
  }
  if (listener) accept_ranks(listener.get(), hello, &made.ports);
  return made;
}

}  // namespace chkpt::cut
