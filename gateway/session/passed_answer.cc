#include "gateway/session/passed_answer.h"

#include <vector>

#include "gateway/origin/location.h"
#include "proto/auth/authorizer.h"
#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::session {

namespace {

bool names_a_place(std::string_view field) {
  return proto::equals_ignoring_case(field, "Location") ||
         proto::equals_ignoring_case(field, "Content-Location");
}

}  // namespace

std::string passed_fields(const origin::Answer& answer, const Passing& passing) {
  std::string text;
  std::vector<std::string_view> dropped = {"Content-Length"};
  if (answer.credentials_are_ours)
    dropped.push_back(proto::auth::info_field(proto::auth::Asker::origin));
  const origin::LocationSeen seen{.origin = passing.origin,
                                  .asked = answer.asked,
                                  .address = answer.address,
                                  .foreign = answer.foreign,
                                  .client_host = passing.client_host,
                                  .client_tls = passing.client_tls};
  for (const auto& field : proto::http1::end_to_end_fields(answer.head.fields, dropped)) {
    const auto other =
        names_a_place(field.name) ? origin::location_for_client(field.value, seen) : std::nullopt;
    proto::http1::append_field(text, field.name, other ? std::string_view(*other) : field.value);
  }
  return text;
}

}  // namespace gateway::session
