#include "proto/http1/head_gate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "proto/base/text.h"
#include "proto/http1/field_name.h"
#include "proto/http1/method.h"

namespace proto::http1 {

namespace {

constexpr size_t kMaxConnectionOptions = 32;
// Readers with signed lengths exist, so the top half of the range is nobody's.
constexpr uint64_t kMaxContentLength = std::numeric_limits<int64_t>::max();

Rejection bad(std::string_view why) { return {400, std::string(why)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the text before the separator off `rest`; all of it when there is none.
std::string_view take_until(std::string_view& rest, std::string_view separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
  return part;
}

// The minor version of HTTP/1.x that we speak.
std::optional<int> minor_version_of(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  if (version == "HTTP/1.0") return 0;
  return std::nullopt;
}

bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

Rejection refused_version(std::string_view version) {
  if (version.empty()) return bad("the request line names no HTTP version");
  if (!is_version(version)) return bad("a malformed HTTP version");
  return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
}

Verdict judge_name(std::string_view name) {
  if (name.empty()) return bad("a field without a name");
  if (is_token(name)) return std::nullopt;
  if (trim(name).size() < name.size()) return bad("white space before the colon of a field");
  return bad("a field name with a character that is not allowed in it");
}

Verdict read_field(std::string_view line, Fields& fields) {
  // Folding (§5.2) is obsolete, and readers disagree about where the value ends.
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded field line");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a field line without a colon");
  const std::string_view name = line.substr(0, colon);
  if (Verdict refused = judge_name(name)) return refused;
  fields.add(name, trim(line.substr(colon + 1)));
  return std::nullopt;
}

Verdict judge_content_length(std::string_view value) {
  if (value.empty()) return bad("an empty Content-Length");
  if (!std::all_of(value.begin(), value.end(), is_digit)) {
    return bad("a Content-Length that is not a number");
  }
  const std::optional<uint64_t> length = parse_decimal(value);
  if (!length || *length > kMaxContentLength) return bad("a Content-Length that is too large");
  return std::nullopt;
}

// Counts what may change the framing while it goes over the fields.
class Framing {
 public:
  Verdict add(const Field& field) {
    // The lengths differ, so most fields cost one comparison of numbers.
    if (equals_ignoring_case(field.name, "Content-Length")) {
      ++content_lengths_;
      return judge_content_length(field.value);
    }
    if (equals_ignoring_case(field.name, "Transfer-Encoding")) return add_encoding(field.value);
    if (equals_ignoring_case(field.name, "Connection")) return add_options(field.value);
    return std::nullopt;
  }

  [[nodiscard]] Verdict judge(int minor_version) const {
    if (content_lengths_ > 1) return bad("more than one Content-Length");
    if (encodings_ > 1) return bad("more than one Transfer-Encoding");
    if (encodings_ > 0 && content_lengths_ > 0) {
      return bad("Content-Length together with Transfer-Encoding");
    }
    // §6.1: the framing of such a message is faulty.
    if (encodings_ > 0 && minor_version == 0) return bad("Transfer-Encoding in HTTP/1.0");
    return std::nullopt;
  }

 private:
  Verdict add_encoding(std::string_view value) {
    ++encodings_;
    if (value.empty()) return bad("an empty Transfer-Encoding");
    // The field is for one hop and we undo no other coding, so one could not be passed on.
    if (!equals_ignoring_case(value, "chunked")) {
      return bad("a Transfer-Encoding other than chunked");
    }
    return std::nullopt;
  }

  Verdict add_options(std::string_view value) {
    options_ += 1 + static_cast<size_t>(std::count(value.begin(), value.end(), ','));
    if (options_ > kMaxConnectionOptions) return Rejection{431, "too many Connection options"};
    return std::nullopt;
  }

  size_t content_lengths_ = 0;
  size_t encodings_ = 0;
  size_t options_ = 0;
};

}  // namespace

Verdict read_request_line(std::string_view line, RequestHead& head) {
  if (line == "PRI * HTTP/2.0") return bad("HTTP/2 is not spoken here");
  std::string_view rest = line;
  head.method = take_until(rest, " ");
  head.target = take_until(rest, " ");
  if (head.target.empty()) return bad("the request line names no target");
  const std::optional<int> minor_version = minor_version_of(rest);
  if (!minor_version) return refused_version(rest);
  head.minor_version = *minor_version;
  // RFC 9110 §7.1: the asterisk stands for the server as a whole, for OPTIONS alone.
  if (head.target == "*" && head.method != "OPTIONS") return bad("a request for *");
  // RFC 9112 §3.2: no form of the target has a fragment.
  if (head.target.find('#') != std::string_view::npos) {
    return bad("a fragment in the request target");
  }
  // llhttp knows a closed list, and would call another one malformed (RFC 9110 §9.1 wants 501).
  if (kind_of_method(head.method) == MethodKind::unknown)
    return Rejection{501, "this method is not answered here"};
  return std::nullopt;
}

Verdict read_status_line(std::string_view line, ResponseHead& head) {
  std::string_view rest = line;
  const std::optional<int> minor_version = minor_version_of(take_until(rest, " "));
  if (!minor_version) return bad("the answer is not in HTTP/1.1 or HTTP/1.0");
  head.minor_version = *minor_version;
  const std::string_view code = take_until(rest, " ");
  const std::optional<uint64_t> status = parse_decimal(code);
  if (code.size() != 3 || !status || *status < 100 || *status > 599) {
    return bad("a status code outside 100 to 599");
  }
  head.status = static_cast<int>(*status);
  head.reason = rest;
  if (head.status == 101 && head.minor_version == 0) return bad("a 101 in HTTP/1.0");
  return std::nullopt;
}

Verdict read_fields(std::string_view lines, Fields& fields) {
  std::string_view rest = lines;
  while (true) {
    const std::string_view line = take_until(rest, "\r\n");
    if (line.empty()) return std::nullopt;
    if (Verdict refused = read_field(line, fields)) return refused;
  }
}

Verdict judge_spelling(const Fields& fields) {
  constexpr std::array<std::string_view, 2> kDecisive = {"Content-Length", "Transfer-Encoding"};
  for (const Field& field : fields.all()) {
    if (field.name.find('_') == std::string_view::npos) continue;
    const auto reads_as_it = [&field](std::string_view name) { return reads_as(field.name, name); };
    if (std::ranges::any_of(kDecisive, reads_as_it))
      return bad("a field name that an origin may take for Content-Length or Transfer-Encoding");
  }
  return std::nullopt;
}

Verdict judge_framing(const Fields& fields, int minor_version) {
  Framing framing;
  for (const Field& field : fields.all()) {
    if (Verdict refused = framing.add(field)) return refused;
  }
  return framing.judge(minor_version);
}

}  // namespace proto::http1
