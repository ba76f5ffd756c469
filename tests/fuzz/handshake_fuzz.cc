// Judges any fields as a handshake, as a request and as its answer. Input: lines `name: value`; a
// first line `GET` makes it a good request line.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/base/encoding.h"
#include "proto/base/text.h"
#include "proto/ws/handshake.h"
#include "tests/fuzz/require.h"

namespace ws = proto::ws;
namespace http1 = proto::http1;

namespace {

using tests::require;

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void add_field(http1::Fields& fields, std::string_view line) {
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view value = line.substr(std::min(colon + 1, line.size()));
  fields.add(line.substr(0, colon), proto::trim(value));
}

void judge_as_answer(const http1::Fields& fields, const ws::UpgradeRequest& request) {
  http1::ResponseHead head;
  head.status = 101;
  const std::string accept = ws::accept_for(request.key);
  head.fields = fields;
  head.fields.add("Sec-WebSocket-Accept", accept);
  const auto answer = ws::judge_answer(head, {accept, request.subprotocols, request.extensions});
  if (!answer) return require(!answer.error().empty());
  require(answer->permessage_deflate == !answer->extensions.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = proto::text_of({data, size});
  http1::RequestHead head;
  head.method = take_line(text);
  head.target = "/";
  while (!text.empty()) add_field(head.fields, take_line(text));
  const auto request = ws::judge_request(head);
  if (!request) {
    const http1::Rejection& rejection = request.error();
    require(rejection.status == 400 || rejection.status == 417 || rejection.status == 426);
    require(!rejection.why.empty() && rejection.why.find('\n') == std::string::npos);
    return 0;
  }
  require(ws::asks_for_upgrade(head));
  require(proto::from_base64(request->key)->size() == 16);
  judge_as_answer(head.fields, *request);
  return 0;
}
