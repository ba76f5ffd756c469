// The carrier of HTTP/1.1 without a socket: the test is its client.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/edge/http1_connection.h"
#include "tests/support/frames.h"
#include "tests/support/memory_stream.h"
#include "tests/support/worker_scene.h"

namespace tests {

// One connection whose client is the test, without a socket. It goes as it would in earnest: with
// the turn of the loop in which it is over.
class Carriage final : public gateway::edge::Http1Connection::Handler {
 public:
  explicit Carriage(gateway::log::AccessLog* access = nullptr)
      : Carriage(std::string(kEchoDomain), access) {}
  explicit Carriage(const std::string& domains, gateway::log::AccessLog* access = nullptr)
      : Carriage(document_of(domains), access) {}
  explicit Carriage(gateway::config::Document document, gateway::log::AccessLog* access = nullptr)
      : scene(access) {
    scene.use(std::move(document));
    connection = std::make_unique<gateway::edge::Http1Connection>(
        scene.context,
        gateway::edge::ClientStream::Ready{
            .stream = client.connect(),
            .facts = {.entrance = scene.entrance,
                      .address = *gateway::net::Address::parse("203.0.113.7", 40'000),
                      .proxy = std::nullopt,
                      .server = *gateway::net::Address::parse("192.0.2.1", 80),
                      .accepted = scene.stage.loop.now()},
            .snapshot = scene.context.snapshot},
        *scene.admission.admit(scene.gate()), *this);
  }
  void say(std::string_view text) { client.send(proto::bytes_of(text)); }
  std::string heard() const { return as_text(client.received()); }
  // What came since the last call, once all that is ready has happened.
  std::string hears() {
    scene.stage.settle();
    return as_text(client.take_received());
  }

  Peer client;
  WorkerScene scene;
  std::unique_ptr<gateway::edge::Http1Connection> connection;
  int overs = 0;

 private:
  void on_over() override { ++overs; }
};

}  // namespace tests
