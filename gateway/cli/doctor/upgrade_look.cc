#include "gateway/cli/doctor/upgrade_look.h"

#include <string>

#include "proto/ws/frame_writer.h"

namespace gateway::cli::doctor {

namespace {

constexpr int kSwitching = 101;

// Masked (RFC 6455 §5.1) with zeros, which unmask to the same.
std::string close_frame() {
  return proto::ws::close_frame(proto::ws::CloseCode::normal, {}, proto::ws::MaskingKey{});
}

}  // namespace

UpgradeLook::UpgradeLook(const Lent& lent)
    : Look(lent),
      question_({.request = lent.request.asked(),
                 .upgrade = lent.request.upgrade,
                 .origin = pool().settings(),
                 .via = lent.via},
                lent.worker.loop.now(), *this),
      journey_(std::make_unique<origin::Journey>(
          lent.worker, origin::Journey::Aim{.domain = lent.domain, .pool = pool()}, question_)) {
  journey_->start();
}

void UpgradeLook::on_upgraded(session::WsQuestion::Upgraded upgraded) {
  upgraded.origin->write(proto::bytes_of(close_frame()));
  upgraded.origin->finish();
  hear(kSwitching);
}

void UpgradeLook::on_refused(session::WsQuestion::Refused refused) {
  hear(refused.status,
       name() + ": the origin answered " + std::to_string(refused.status) + " to the upgrade");
}

}  // namespace gateway::cli::doctor
