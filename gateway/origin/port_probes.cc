#include "gateway/origin/port_probes.h"

#include <algorithm>
#include <utility>

#include "gateway/origin/connector.h"
#include "gateway/origin/port_candidates.h"

namespace gateway::origin {

// One bare connection to the first port, closed as soon as it stands.
class PortProbes::Probe final : public net::Retirable, public Connector::Handler {
 public:
  Probe(PortProbes& probes, std::shared_ptr<const route::Pool> pool, const route::Server& server,
        const Target& target)
      : probes_(probes), pool_(std::move(pool)), server_(server) {
    const config::Origin& origin = pool_->settings();
    first_ = {.tls = target.tls,
              .port = (target.tls ? origin.https_ports : origin.http_ports).front()};
    // A server that names its port has no other candidates.
    alone_ = server;
    alone_.port = first_.port;
    connector_ =
        std::make_unique<Connector>(probes.loop_, probes.resolver_,
                                    Connector::Plan{.pool = *pool_,
                                                    .server = alone_,
                                                    .target = {.tls = false, .port = first_.port},
                                                    .tls_name = {},
                                                    .paths = probes.paths_,
                                                    .fresh = true},
                                    trail_, *this);
  }

 private:
  void on_connected(std::unique_ptr<net::Stream> stream, net::Address) override {
    stream.reset();
    connector_.reset();
    remember_port(pool_->settings(), server_, first_);
    probes_.done(*this);
  }
  void on_connect_failed(outcome::Failure) override {
    connector_.reset();
    probes_.done(*this);
  }

  PortProbes& probes_;
  std::shared_ptr<const route::Pool> pool_;
  const route::Server& server_;  // the pool's
  Target first_;
  route::Server alone_;
  Trail trail_;
  std::unique_ptr<Connector> connector_;
};

PortProbes::PortProbes(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths)
    : loop_(loop), resolver_(resolver), paths_(paths) {}

PortProbes::~PortProbes() = default;

void PortProbes::use(std::shared_ptr<const route::Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
}

void PortProbes::consider(const route::Pool& pool, const route::Server& server,
                          const Target& target) {
  if (!snapshot_ || running_.size() >= kMost) return;
  if (!first_port_is_due(pool.settings(), server, target, loop_.now())) return;
  // A session of an older configuration has no say in what is found out for the current one; nor
  // has a server that is none of the pool's, as behind a redirect.
  auto current = snapshot_->share(pool);
  const bool own = std::any_of(pool.servers.begin(), pool.servers.end(),
                               [&server](const auto& one) { return &one == &server; });
  if (current == nullptr || !own) return;
  running_.push_back(std::make_unique<Probe>(*this, std::move(current), server, target));
}

void PortProbes::done(const Probe& probe) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&probe](const auto& one) { return one.get() == &probe; });
  loop_.retire(std::move(*found));
  running_.erase(found);
}

}  // namespace gateway::origin
