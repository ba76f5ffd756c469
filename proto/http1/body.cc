#include "proto/http1/body.h"

#include <algorithm>

#include <llhttp.h>

namespace proto::http1 {

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

struct BodyReader::Parser {
  llhttp_t llhttp{};
  llhttp_settings_t settings{};
  std::string body;
  size_t max_kept = 0;
  uint64_t fed = 0;     // after the head
  uint64_t octets = 0;  // of these, the body's own
  State state = State::more;

  void execute(Bytes in) {
    const auto* data = reinterpret_cast<const char*>(in.data());
    const llhttp_errno_t error = llhttp_execute(&llhttp, data, in.size());
    // Stopped at the end of the message: what follows it is nobody's.
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE) {
      state = State::complete;
    } else if (error != HPE_OK) {
      state = State::broken;
    }
  }
};

BodyReader::BodyReader(const ResponseHead& head, size_t max_kept)
    : parser_(std::make_unique<Parser>()) {
  parser_->max_kept = max_kept;
  if (!has_body(head.status)) {
    parser_->state = State::complete;
    return;
  }
  llhttp_settings_init(&parser_->settings);
  parser_->settings.on_body = [](llhttp_t* llhttp, const char* data, size_t size) noexcept {
    auto& parser = *static_cast<Parser*>(llhttp->data);
    parser.octets += size;
    parser.body.append(data, std::min(size, parser.max_kept - parser.body.size()));
    return 0;
  };
  parser_->settings.on_message_complete = [](llhttp_t*) noexcept {
    return static_cast<int>(HPE_PAUSED);
  };
  llhttp_init(&parser_->llhttp, HTTP_RESPONSE, &parser_->settings);
  parser_->llhttp.data = parser_.get();
  // The head has been judged; it is read once more for its framing alone.
  parser_->execute(bytes_of(*head.text));
}

BodyReader::~BodyReader() = default;
BodyReader::BodyReader(BodyReader&&) noexcept = default;

BodyReader::State BodyReader::feed(Bytes in) {
  if (parser_->state != State::more || in.empty()) return parser_->state;
  parser_->execute(in);
  parser_->fed += in.size();
  const uint64_t framing = parser_->fed - parser_->octets;
  if (parser_->state == State::more && framing > kMaxFraming * parser_->max_kept)
    parser_->state = State::broken;
  return parser_->state;
}

BodyReader::State BodyReader::end() {
  if (parser_->state != State::more) return parser_->state;
  const llhttp_errno_t error = llhttp_finish(&parser_->llhttp);
  parser_->state = error == HPE_OK || error == HPE_PAUSED ? State::complete : State::broken;
  return parser_->state;
}

const std::string& BodyReader::body() const { return parser_->body; }
bool BodyReader::full() const { return parser_->body.size() >= parser_->max_kept; }

}  // namespace proto::http1
