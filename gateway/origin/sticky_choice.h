// Sticky sessions (`origin.sticky`): how the requests of one client, plain ones and upgrades alike,
// come to the same server of a pool.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gateway/origin/pool_state.h"
#include "gateway/origin/sid_reader.h"
#include "gateway/outcome/exchange_end.h"
#include "gateway/route/pool.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"

namespace gateway::origin {

// Of one request; it and the pool outlive this. What it knows of the client it has read from the
// request at its making.
class StickyChoice {
 public:
  struct From {
    const proto::http1::RequestHead& head;
    const proto::http1::Target& target;
    const net::Address& client;
    bool client_tls = false;
  };

  StickyChoice(const route::Pool& pool, const From& from, milliseconds now);

  // What decides about the server: where the client belongs, if it belongs anywhere, and what
  // balance goes by.
  [[nodiscard]] Choice choice() const;

  struct Told {
    outcome::Sticky what = outcome::Sticky::none;
    std::string fields = {};                      // for the client, each with its CR LF
    std::unique_ptr<SidReader> reader = nullptr;  // of the answer's body; null: it is not read
  };
  // `server` of the pool has answered with that head.
  [[nodiscard]] Told answered(size_t server, const proto::http1::ResponseHead& head) const;

 private:
  void look_for_cookie();
  void look_for_id(milliseconds now);
  void look_for_segment();
  void go_by_address();
  void go_by(uint64_t place);
  std::string cookie_fields(size_t server, const proto::http1::ResponseHead& head) const;
  std::unique_ptr<SidReader> reader_of(size_t server, const proto::http1::ResponseHead& head) const;

  const route::Pool& pool_;
  const std::optional<config::Sticky>& settings_;
  From from_;
  std::optional<size_t> server_;   // where the client belongs
  std::optional<uint64_t> place_;  // it was chosen by that
  bool has_id_ = false;            // of a session, known or not
};

}  // namespace gateway::origin
