// A request of which an outcome is told, in a worker without a carrier.
#pragma once

#include <string_view>

#include <doctest/doctest.h>

#include "gateway/edge/outcome.h"
#include "proto/http1/head_parser.h"
#include "tests/support/access_file.h"
#include "tests/support/worker_scene.h"

namespace tests {

// One request that has been judged, or one of which nothing has come.
struct OutcomeCase {
  explicit OutcomeCase(std::string_view head = {}) : scene(&file.log()) {
    scene.use(std::string(kEchoDomain));
    request.snapshot = scene.context.snapshot;
    request.head_size = head.size();
    if (head.empty()) return;
    proto::http1::RequestParser parser({});
    REQUIRE(parser.feed(proto::bytes_of(head)).progress == proto::http1::Progress::complete);
    request.head = parser.take();
    request.target = *proto::http1::request_target(request.head);
    request.domain = request.snapshot->domains[0].get();
  }
  uint64_t refused(gateway::outcome::Cause cause) {
    return scene.metered().refused[static_cast<size_t>(cause)];
  }
  uint64_t metered_answers(int status) {
    return scene.metered().answers[gateway::metrics::status_slot(status)];
  }

  AccessFile file;
  WorkerScene scene;
  gateway::edge::ClientFacts facts{.entrance = scene.entrance,
                                   .address = *gateway::net::Address::parse("203.0.113.7", 4711),
                                   .proxy = std::nullopt,
                                   .server = *gateway::net::Address::parse("192.0.2.1", 80),
                                   .accepted = scene.stage.loop.now()};
  gateway::edge::Request request{
      .client = facts, .snapshot = nullptr, .began = scene.stage.loop.now()};
};

}  // namespace tests
