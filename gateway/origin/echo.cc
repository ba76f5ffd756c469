#include "gateway/origin/echo.h"

#include <algorithm>
#include <utility>

#include "proto/ws/frame_writer.h"

namespace gateway::origin {

using proto::ws::Close;
using proto::ws::CloseCode;
using proto::ws::MessageReader;
using proto::ws::Opcode;
using proto::ws::Violation;

Echo::Echo(net::Loop& loop) : loop_(loop), reader_(proto::ws::Sender::client, kMaxMessage) {}

Echo::~Echo() { loop_.poller().forget(*this); }

void Echo::start(Handler& handler) {
  handler_ = &handler;
  if (!answers_.empty()) loop_.poller().schedule(*this);
}

void Echo::write(net::Bytes data) {
  while (!data.empty() && !closed_) {
    const MessageReader::Event event = reader_.read(data);
    if (std::holds_alternative<std::monostate>(event)) break;
    answer(event);
  }
  // Once said, it stays until on_drained has taken it back: the caller waits for that.
  congested_ = congested_ || answers_.size() > kHighWater;
  if (!answers_.empty() || closed_) loop_.poller().schedule(*this);
}

void Echo::answer(const MessageReader::Event& event) {
  if (const auto* message = std::get_if<MessageReader::Message>(&event)) {
    answers_ += proto::ws::frame(message->opcode, proto::bytes_of(message->payload), std::nullopt);
  } else if (const auto* control = std::get_if<MessageReader::Control>(&event)) {
    if (control->opcode != Opcode::ping) return;
    answers_ += proto::ws::frame(Opcode::pong, proto::bytes_of(control->payload), std::nullopt);
  } else if (const auto* said = std::get_if<Close>(&event)) {
    close(said->code, said->reason);
  } else if (const auto* violation = std::get_if<Violation>(&event)) {
    close(violation->code, violation->why);
  }
}

void Echo::close(CloseCode code, std::string_view reason) {
  answers_ += proto::ws::close_frame(code, reason, std::nullopt);
  closed_ = true;
}

void Echo::end() {
  closed_ = true;
  loop_.poller().schedule(*this);
}

void Echo::resume_reading(net::Pause why) {
  pauses_.remove(why);
  if (!answers_.empty() || congested_ || closed_) loop_.poller().schedule(*this);
}

void Echo::on_ready(uint32_t) {
  if (handler_ == nullptr || pauses_.any() || told_end_) return;
  if (!answers_.empty()) {
    const std::string ready = std::exchange(answers_, {});
    // The handler may destroy this, or write more: what follows waits for the next turn.
    loop_.poller().schedule(*this);
    handler_->on_data(proto::bytes_of(ready));
    return;
  }
  if (std::exchange(congested_, false)) {
    handler_->on_drained();
    return;
  }
  if (!closed_) return;
  told_end_ = true;
  handler_->on_end();
}

}  // namespace gateway::origin
