#include "gateway/edge/exchange_lines.h"

#include "gateway/log/dcdn_line.h"
#include "gateway/log/json_line.h"

namespace gateway::edge {

namespace {

using session::Scribe;

session::Subject subject_of(std::string_view event, const ExchangeStory& story) {
  const Request& request = story.request;
  return {.event = event,
          .id = story.id,
          .domain = story.told.domain,
          .scheme = request.client_tls() ? "https" : "http",
          .path = request.target.path,
          .client = request.client_address(),
          .proxy = story.proxy ? net::Endpoint(*story.proxy) : net::Endpoint()};
}

// One of its kind within a process.
std::string connection_id(const Scribe& scribe, const ClientFacts& client) {
  std::string id = client.entrance.name;
  return id.append("-")
      .append(std::to_string(scribe.worker))
      .append("-")
      .append(std::to_string(client.number));
}

void begin(log::JsonLine& line, const Scribe& scribe, std::string_view event,
           const ExchangeStory& story) {
  const Request& request = story.request;
  begin_line(line, scribe, subject_of(event, story));
  line.text("connection_id", connection_id(scribe, request.client))
      .count("request_number", request.number);
  if (request.route != nullptr) line.text("route", request.route->prefix);
  tell_request(line, scribe, story.told);
  if (request.has_head())
    line.text_if("http_range", request.head.fields.first("Range").value_or(""));
  if (story.told.status != 0) line.number("return_code", story.told.status);
  tell_way(line, story.told);
}

void tell_answer(log::JsonLine& line, const ExchangeStory& story) {
  session::tell_origin(line, story.origin, story.origin_tls);
  if (story.origin.family() != AF_UNSPEC) {
    line.number("origin_connect_ms", story.told.origin_connect.count())
        .flag("origin_reused", story.origin_reused);
  }
  line.text_if("content_type", story.content_type)
      .text_if("sent_http_content_range", story.content_range);
  tell_sizes(line, story.time, story.sizes);
  if (story.first_byte) line.number("first_byte_ms", story.first_byte->count());
}

log::DcdnOpening dcdn_opening_of(const session::Subject& subject, const ExchangeStory& story) {
  return log::dcdn_opening({.referer = story.told.referer,
                            .method = story.told.method,
                            .scheme = subject.scheme,
                            .host = story.told.host,
                            .path = subject.path,
                            .user_agent = story.told.user_agent});
}

}  // namespace

void write_exchange_open(const Scribe& scribe, const ExchangeStory& story) {
  if (scribe.access == nullptr || is_dcdn(scribe)) return;
  log::JsonLine line;
  begin(line, scribe, "exchange_open", story);
  tell_answer(line, story);
  line.text("stage", to_string(story.stage));
  scribe.write(line.take());
}

void write_exchange(const Scribe& scribe, const ExchangeStory& story,
                    const outcome::ExchangeEnd& end) {
  if (scribe.access == nullptr) return;
  if (is_dcdn(scribe)) {
    const session::Subject subject = subject_of("exchange", story);
    scribe.write(
        session::dcdn_text(dcdn_opening_of(subject, story), {.subject = subject,
                                                             .code = story.told.status,
                                                             .time = story.time,
                                                             .sizes = story.sizes,
                                                             .content_type = story.content_type}));
    return;
  }
  log::JsonLine line;
  begin(line, scribe, "exchange", story);
  tell_answer(line, story);
  line.text("initiator", to_string(end.by))
      .text("cause", to_string(end.cause))
      .text("stage", to_string(story.stage));
  line.text_if("error", end.why).text_if("error_detail", end.detail);
  if (story.desync) line.text("desync", to_string(*story.desync));
  scribe.write(line.take());
}

}  // namespace gateway::edge
