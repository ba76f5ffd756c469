#include "proto/http1/llhttp_check.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <llhttp.h>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

// What llhttp has found so far. It reads one whole head, so its spans view the head's text.
struct Reading {
  const std::vector<Field>& expected;
  size_t fields = 0;
  bool same_fields = true;
  bool complete = false;
  std::string_view method = {};
  std::string_view target = {};
  std::string_view name = {};
  std::string_view value = {};
};

Reading& reading_of(llhttp_t* parser) { return *static_cast<Reading*>(parser->data); }

// llhttp may report one span in several pieces, which lie next to each other.
template <std::string_view Reading::*span>
int extend(llhttp_t* parser, const char* at, size_t length) noexcept {
  std::string_view& view = reading_of(parser).*span;
  const char* begin = view.empty() ? at : view.data();
  view = {begin, static_cast<size_t>(at + length - begin)};
  return 0;
}

int end_field(llhttp_t* parser) noexcept {
  Reading& reading = reading_of(parser);
  const size_t index = reading.fields++;
  reading.same_fields = reading.same_fields && index < reading.expected.size() &&
                        reading.expected[index].name == reading.name &&
                        reading.expected[index].value == trim(reading.value);
  reading.name = {};
  reading.value = {};
  return 0;
}

// Pausing here keeps llhttp from looking for a body.
int end_head(llhttp_t* parser) noexcept {
  reading_of(parser).complete = true;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = extend<&Reading::method>;
  settings.on_url = extend<&Reading::target>;
  settings.on_header_field = extend<&Reading::name>;
  settings.on_header_value = extend<&Reading::value>;
  settings.on_header_value_complete = end_field;
  settings.on_headers_complete = end_head;
  return settings;
}

std::string_view why_refused(llhttp_errno_t error) {
  if (error == HPE_INVALID_URL) return "a malformed request target";
  return "a malformed head";
}

Verdict read(llhttp_t& parser, Reading& reading, const std::string& text) {
  parser.data = &reading;
  const llhttp_errno_t error = llhttp_execute(&parser, text.data(), text.size());
  if (error != HPE_PAUSED || !reading.complete) {
    return Rejection{400, std::string(why_refused(error))};
  }
  const bool same_end = llhttp_get_error_pos(&parser) == text.data() + text.size();
  const bool same_fields = reading.same_fields && reading.fields == reading.expected.size();
  if (same_end && same_fields) return std::nullopt;
  return Rejection{400, "a head that can be read in two ways"};
}

llhttp_t parser_for(llhttp_type_t type) {
  static const llhttp_settings_t settings = make_settings();
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  return parser;
}

bool same_version(const llhttp_t& parser, int minor_version) {
  return parser.http_major == 1 && parser.http_minor == minor_version;
}

}  // namespace

Verdict confirm(const RequestHead& head) {
  llhttp_t parser = parser_for(HTTP_REQUEST);
  Reading reading{.expected = head.fields.all()};
  if (Verdict refused = read(parser, reading, *head.text)) return refused;
  const bool same = reading.method == head.method && reading.target == head.target &&
                    same_version(parser, head.minor_version);
  if (same) return std::nullopt;
  return Rejection{400, "a request line that can be read in two ways"};
}

Verdict confirm(const ResponseHead& head) {
  llhttp_t parser = parser_for(HTTP_RESPONSE);
  Reading reading{.expected = head.fields.all()};
  if (Verdict refused = read(parser, reading, *head.text)) return refused;
  const bool same = parser.status_code == head.status && same_version(parser, head.minor_version);
  if (same) return std::nullopt;
  return Rejection{400, "a status line that can be read in two ways"};
}

}  // namespace proto::http1
