// Any bytes as the head of a request or an answer: the parsers refuse or yield a sound head, the
// same one however the bytes were cut, and what is passed on of it parses again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/base/host.h"
#include "proto/base/text.h"
#include "proto/http1/client_address.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_parser.h"
#include "proto/http1/head_writer.h"
#include "proto/http1/target.h"
#include "tests/fuzz/require.h"

namespace {

using tests::require;

namespace http1 = proto::http1;

http1::HeadLimits limits() {
  http1::HeadLimits limits;
  limits.max_head = 2048;
  limits.max_fields = 20;
  limits.max_target = 512;
  return limits;
}

struct Outcome {
  http1::Progress progress = http1::Progress::more;
  size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

template <class Parser>
Outcome feed(Parser& parser, proto::Bytes in, size_t piece) {
  Outcome outcome;
  while (outcome.consumed < in.size() && outcome.progress == http1::Progress::more) {
    const proto::Bytes rest = in.subspan(outcome.consumed);
    const auto fed = parser.feed(rest.first(std::min(piece, rest.size())));
    require(fed.consumed > 0 && fed.consumed <= std::min(piece, rest.size()));
    outcome.progress = fed.progress;
    outcome.consumed += fed.consumed;
  }
  return outcome;
}

bool lies_in(std::string_view part, const std::string& text) {
  return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
}

void check_fields(const http1::Fields& fields, const std::string& text) {
  constexpr std::string_view kForbidden{"\r\n\0", 3};
  require(text.size() <= limits().max_head);
  require(fields.all().size() <= limits().max_fields);
  for (const http1::Field& field : fields.all()) {
    require(lies_in(field.name, text) && lies_in(field.value, text));
    require(proto::is_token(field.name));
    require(field.value.find_first_of(kForbidden) == std::string_view::npos);
    require(proto::trim(field.value).size() == field.value.size());
  }
}

// Writes the head anew as it would go to an origin, and reads that.
void check_forwarding(const http1::RequestHead& head) {
  std::string forwarded;
  http1::append_request_line(forwarded, head.method, head.target);
  for (const http1::Field& field : http1::request_fields(head.fields, {}, {}))
    http1::append_field(forwarded, field.name, field.value);
  const std::string list = http1::forwarded_list(head.fields, "X-Forwarded-For");
  http1::append_hop(forwarded, {.client_address = "192.0.2.1",
                                .list = list,
                                .scheme = "http",
                                .host = "h",
                                .via = "weir",
                                .forwarded = true});
  http1::append_end(forwarded);
  http1::RequestParser parser({});
  const auto fed = parser.feed(proto::bytes_of(forwarded));
  require(fed.progress == http1::Progress::complete && fed.consumed == forwarded.size());
  require(http1::is_loop(parser.take().fields, "weir"));
}

// Whoever is trusted, somebody is the client, and has an address.
void check_client(const http1::Fields& fields) {
  for (const std::string_view header : {"X-Forwarded-For", "Forwarded", "X-Real-IP"}) {
    for (const bool trusted : {true, false}) {
      const auto is_trusted = [trusted](std::string_view) { return trusted; };
      const std::string client = http1::client_address(fields, header, "192.0.2.1", is_trusted);
      require(proto::canonical_ip(client) == client);
    }
  }
}

void check_target(const http1::RequestHead& head) {
  const auto target = http1::request_target(head);
  if (!target) return;
  require(target->path.starts_with('/') || (target->is_asterisk() && head.method == "OPTIONS"));
  require(target->path.size() + target->query.size() <= target->path_and_query.size());
  require(http1::parse_authority(target->authority.host).has_value());
}

void check_request(proto::Bytes in, size_t piece) {
  http1::RequestParser whole(limits());
  http1::RequestParser cut(limits());
  const Outcome outcome = feed(whole, in, in.size());
  require(outcome == feed(cut, in, piece));
  if (outcome.progress == http1::Progress::refused) {
    require(whole.rejection().status == cut.rejection().status);
    require(whole.rejection().why == cut.rejection().why);
  }
  if (outcome.progress != http1::Progress::complete) return;
  const http1::RequestHead head = whole.take();
  require(*head.text == *cut.take().text);
  check_fields(head.fields, *head.text);
  check_target(head);
  check_client(head.fields);
  check_forwarding(head);
}

void check_answer(proto::Bytes in, size_t piece) {
  http1::ResponseParser whole(limits());
  http1::ResponseParser cut(limits());
  const Outcome outcome = feed(whole, in, in.size());
  require(outcome == feed(cut, in, piece));
  if (outcome.progress == http1::Progress::refused) require(whole.refusal() == cut.refusal());
  if (outcome.progress != http1::Progress::complete) return;
  const http1::ResponseHead head = whole.take();
  require(head.status >= 100 && head.status <= 599);
  check_fields(head.fields, *head.text);
}

}  // namespace

// The first byte says how large the pieces are; the rest is a head.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = size_t{data[0]} % 64 + 1;
  const proto::Bytes in(data + 1, size - 1);
  check_request(in, piece);
  check_answer(in, piece);
  return 0;
}
