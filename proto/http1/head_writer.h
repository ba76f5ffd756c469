// Writes heads. What is written must have been judged: a CR, LF or NUL in it is a bug (asserted).
#pragma once

#include <string>
#include <string_view>

namespace proto::http1 {

void append_request_line(std::string& out, std::string_view method, std::string_view target);
// `HTTP/1.1 101 Switching Protocols`: reason phrases of RFC 9110 §15 for known codes, else
// "Unknown".
void append_status_line(std::string& out, int status);
void append_field(std::string& out, std::string_view name, std::string_view value);
void append_end(std::string& out);
[[nodiscard]] std::string_view reason_phrase(int status);

// A whole text/plain answer of one line that closes the connection. `extra_fields` is nothing or
// whole field lines as append_field writes them.
[[nodiscard]] std::string text_response(int status, std::string_view line,
                                        std::string_view extra_fields = {});

// Of a whole answer what HEAD gets: everything but the body (RFC 9110 §9.3.2).
[[nodiscard]] std::string_view without_body(std::string_view response);

}  // namespace proto::http1
