#include "gateway/admin/server.h"

#include "gateway/admin/connection.h"

namespace gateway::admin {

Server::Server(net::Loop& loop, Source& source, Trust trust, net::UniqueFd listening)
    : loop_(loop),
      source_(source),
      trust_(trust),
      connections_(loop.retirement()),
      acceptor_(loop, std::move(listening), *this) {}

Server::~Server() {
  while (connections_.size() > 0) connections_.at(connections_.size() - 1).leave();
}

void Server::on_accepted(net::UniqueFd fd, const net::Address&) {
  make_room();
  connections_.add(std::make_unique<Connection>(*this, std::move(fd))).start();
}

void Server::on_accept_failed(int) {}

// A thousand clients that open and say nothing must not keep a scrape out.
void Server::make_room() {
  if (connections_.size() < kMaxConnections) return;
  Connection* oldest = nullptr;
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& one = connections_.at(i);
    if (one.asked()) continue;
    if (oldest == nullptr || one.accepted() < oldest->accepted()) oldest = &one;
  }
  if (oldest == nullptr) oldest = &connections_.at(0);
  oldest->leave();
}

}  // namespace gateway::admin
