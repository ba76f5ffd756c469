#include "gateway/cli/doctor/connection.h"

#include <memory>
#include <utility>

#include "gateway/cli/doctor/socket_io.h"
#include "gateway/cli/doctor/visit.h"
#include "proto/base/text.h"
#include "proto/http1/head_writer.h"
#include "proto/ws/handshake.h"

namespace gateway::cli::doctor {

using proto::Unexpected;
using proto::http1::ResponseHead;

namespace {

constexpr size_t kMostQuoted = 200;

// 502 "the origin refuses connections"
struct Refused {
  std::string what;
  std::string body;  // its first line
};

std::string first_line(std::string_view body) {
  const std::string_view line = body.substr(0, body.find_first_of("\r\n"));
  return std::string(line.substr(0, kMostQuoted));
}

std::string described(int status, const std::string& line) {
  const std::string text = std::to_string(status);
  return line.empty() ? text : text + " \"" + line + '"';
}

// "a=1; b=2" of all that is set, as a browser sends it back.
std::string cookies_of(const proto::http1::Fields& fields) {
  std::string cookies;
  for (const auto& field : fields.all()) {
    if (!proto::equals_ignoring_case(field.name, "Set-Cookie")) continue;
    if (!cookies.empty()) cookies += "; ";
    cookies.append(field.value.substr(0, field.value.find(';')));
  }
  return cookies;
}

// One client that comes again and again by the same way in.
class Client {
 public:
  Client(Patience& patience, const Onlooker& onlooker, const Subject& subject, const Reach& way)
      : patience_(patience), onlooker_(onlooker), subject_(subject), way_(way) {}

  // A visit on which WebSocket frames may be sent.
  proto::Result<std::unique_ptr<Visit>, Refused> upgrade(const std::string& target) {
    const std::string key = proto::ws::random_key();
    std::string fields;
    proto::http1::append_field(fields, "Upgrade", "websocket");
    proto::http1::append_field(fields, "Connection", "Upgrade");
    proto::http1::append_field(fields, "Sec-WebSocket-Key", key);
    proto::http1::append_field(fields, "Sec-WebSocket-Version", "13");
    auto visit = begin();
    auto answer = ask(*visit, target, fields);
    if (!answer) return Unexpected{Refused{.what = std::move(answer.error()), .body = {}}};
    if (answer->head.status != 101) {
      std::string line = first_line(answer->body);
      return Unexpected{
          Refused{.what = described(answer->head.status, line), .body = std::move(line)}};
    }
    const proto::ws::Expected expected{proto::ws::accept_for(key), {}, {}};
    const auto judged = proto::ws::judge_answer(answer->head, expected);
    if (!judged)
      return Unexpected{Refused{.what = "it is not valid: " + judged.error(), .body = {}}};
    return visit;
  }

  // A plain request, whose cookies are kept.
  proto::Result<Visit::Answer, std::string> get(const std::string& target) {
    std::string fields;
    proto::http1::append_field(fields, "Accept", "*/*");
    proto::http1::append_field(fields, "Connection", "close");
    const auto visit = begin();
    auto answer = ask(*visit, target, fields);
    if (answer) cookies_ = cookies_of(answer->head.fields);
    return answer;
  }

 private:
  std::unique_ptr<Visit> begin() {
    net::tls::SslPtr ssl;
    if (way_.entrance->tls) ssl = onlooker_.new_connection(subject_.host);
    return std::make_unique<Visit>(patience_, way_.place, std::move(ssl));
  }

  proto::Result<Visit::Answer, std::string> ask(Visit& visit, const std::string& target,
                                                const std::string& fields) {
    std::string fault = visit.open();
    if (!fault.empty()) return Unexpected{std::move(fault)};
    std::string request;
    proto::http1::append_request_line(request, "GET", target);
    proto::http1::append_field(request, "Host",
                               subject_.host_field(way_.place.port(), way_.entrance->tls));
    proto::http1::append_field(request, "User-Agent", "weir-doctor");
    if (!cookies_.empty()) proto::http1::append_field(request, "Cookie", cookies_);
    request += fields;
    proto::http1::append_end(request);
    return visit.ask(request);
  }

  Patience& patience_;
  const Onlooker& onlooker_;
  const Subject& subject_;
  const Reach& way_;
  std::string cookies_;
};

// The packet of a first poll, in whichever revision the server speaks: one that knows the fourth
// alone refuses the third, and the other way round.
proto::Result<OpenPacket, std::string> open_session(Client& client, const std::string& path) {
  int status = 0;
  for (const Revision revision : {Revision::four, Revision::three}) {
    auto answer = client.get(poll_target(path, revision));
    if (!answer) return Unexpected{"socket.io: the poll: " + answer.error()};
    if (answer->head.status == 200) {
      auto packet = read_open_packet(answer->body);
      if (packet) return *packet;
      return Unexpected{std::string("socket.io: the poll was answered 200, with no open packet")};
    }
    if (status == 0) status = answer->head.status;
  }
  return Unexpected{"socket.io: the poll was answered " + std::to_string(status)};
}

// The session ends with it: nothing is left behind.
std::string probe(Client& client, const std::string& path, const OpenPacket& packet) {
  if (!packet.offers_websocket) return "socket.io: open, no upgrade to websocket offered";
  auto visit = client.upgrade(upgrade_target(path, packet.revision, packet.sid));
  if (!visit) return "socket.io: open, no 101: " + visit.error().what;
  (*visit)->say(kProbe);
  const auto answer = (*visit)->hear();
  if (!answer || *answer != kProbeAnswer) return "socket.io: open, no probe";
  (*visit)->say(kUpgrade);
  (*visit)->say(kClose);
  (*visit)->leave();
  return {};
}

Finding look_at_socket_io(Client& client, const std::string& path, const std::string& so_far) {
  const auto packet = open_session(client, path);
  if (!packet) return failed(packet.error());
  const std::string fault = probe(client, path, *packet);
  if (!fault.empty()) return failed(fault);
  return passed(so_far + "; " + name_of(packet->revision) + ": open, probe answered");
}

}  // namespace

Connection look_at_connection(net::Loop& loop, const Onlooker& onlooker, const Subject& subject,
                              const Reaches& reaches) {
  const Reach* const way = reaches.best();
  if (way == nullptr) return {.finding = failed("no 101: " + reaches.no_address), .refusal = {}};
  Patience patience(loop);
  Client client(patience, onlooker, subject, *way);
  const milliseconds began = loop.now();
  auto visit = client.upgrade(subject.websocket);
  if (!visit)
    return {.finding = failed("no 101: " + visit.error().what), .refusal = visit.error().body};
  const auto took = (loop.now() - began).count();
  (*visit)->leave();
  const std::string text = "101 in " + std::to_string(took) + " ms";
  if (!subject.socket_io) return {.finding = passed(text), .refusal = {}};
  return {.finding = look_at_socket_io(client, *subject.socket_io, text), .refusal = {}};
}

}  // namespace gateway::cli::doctor
