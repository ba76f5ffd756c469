// What one server answers to a GET.
#pragma once

#include "gateway/cli/doctor/look.h"
#include "gateway/exchange/exchange.h"

namespace gateway::cli::doctor {

// Any answer will do but one that says that the server is not well (5xx), or with `wants_200` one
// that is none to a poll. Its body is nobody's.
class PageLook final : public Look,
                       private exchange::ClientSide,
                       private exchange::Exchange::Handler {
 public:
  PageLook(const Lent& lent, bool wants_200);

 private:
  void accept_body() override {}
  void pause_body() override {}
  void resume_body() override {}
  void give_interim(int, std::string_view) override {}
  void begin_answer(int status, std::string_view fields, const Body& body) override;
  void give_body(proto::Bytes) override {}
  bool congested() const override { return false; }
  size_t queued() const override { return 0; }
  void finish_answer(bool) override {}
  void cut_answer() override {}

  void on_origin_moved(const net::Volume&, const route::Backend*) override {}
  void on_exchange_refused(outcome::Failure failure) override { miss(failure); }
  void on_exchange_over(exchange::Exchange::End) override {}

  bool wants_200_;
  exchange::Exchange exchange_;
};

}  // namespace gateway::cli::doctor
