// Whether one server says yes to an upgrade.
#pragma once

#include <memory>

#include "gateway/cli/doctor/look.h"
#include "gateway/session/ws_question.h"

namespace gateway::cli::doctor {

class UpgradeLook final : public Look, private session::WsQuestion::Handler {
 public:
  explicit UpgradeLook(const Lent& lent);

 private:
  void on_upgraded(session::WsQuestion::Upgraded upgraded) override;
  void on_refused(session::WsQuestion::Refused refused) override;
  void on_upgrade_failed(outcome::Failure failure) override { miss(failure); }

  session::WsQuestion question_;  // outlives its journey
  std::unique_ptr<origin::Journey> journey_;
};

}  // namespace gateway::cli::doctor
