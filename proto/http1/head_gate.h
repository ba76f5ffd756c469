// Our own judgement of a head, line by line. Reads the text that HeadCollector let through: lines
// that end in CR LF, without control characters.
#pragma once

#include <optional>
#include <string_view>

#include "proto/http1/head.h"

namespace proto::http1 {

// Nothing means that it may pass.
using Verdict = std::optional<Rejection>;

// RFC 9112 §3: sets method, target and minor_version. 505 for another version of HTTP, 501 for a
// method that nobody knows.
[[nodiscard]] Verdict read_request_line(std::string_view line, RequestHead& head);

// RFC 9112 §4: sets status, reason and minor_version. The space after the status code may be
// missing when there is no reason.
[[nodiscard]] Verdict read_status_line(std::string_view line, ResponseHead& head);

// RFC 9112 §5: adds every field of `lines`, which ends with the blank line.
[[nodiscard]] Verdict read_fields(std::string_view lines, Fields& fields);

// Of a request: names with `_` for `-` that would frame it at an origin behind CGI, WSGI or PHP.
[[nodiscard]] Verdict judge_spelling(const Fields& fields);

// RFC 9112 §6: what could make two readers see different ends of the message. At most one
// Content-Length, or one Transfer-Encoding that is `chunked` alone, in HTTP/1.1 only. Also caps the
// options of Connection, since each is compared with each field when they are forwarded.
[[nodiscard]] Verdict judge_framing(const Fields& fields, int minor_version);

}  // namespace proto::http1
