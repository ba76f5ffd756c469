// The head of an HTTP/1.1 message as values (RFC 9112 §2, RFC 9110 §5).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto::http1 {

struct Field {
  std::string_view name;   // as received; compare with equals_ignoring_case
  std::string_view value;  // without surrounding white space
};

// The fields of one head, in order. Their text is owned by the head that holds them.
class Fields {
 public:
  void reserve(size_t count);
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] const std::vector<Field>& all() const;
  [[nodiscard]] size_t count(std::string_view name) const;
  // The value of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const;
  // All values of that name, joined by ", " (RFC 9110 §5.3).
  [[nodiscard]] std::string joined(std::string_view name) const;
  // True when one of the comma-separated elements of the fields of that name equals the token, case
  // apart.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

 private:
  std::vector<Field> fields_;
};

// Both heads are moved, never copied: the fields view `text`, which is stable on the heap.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // as received (RFC 9112 §3.2)
  int minor_version = 1;    // 0 or 1: HTTP/1.0 or HTTP/1.1
  Fields fields;
  std::unique_ptr<std::string> text;
};

struct ResponseHead {
  int status = 0;           // 100 to 599
  std::string_view reason;  // may be empty
  int minor_version = 1;
  Fields fields;
  std::unique_ptr<std::string> text;
};

// The request is refused before anything else happens: what to answer, and why, in one line for
// body and log.
struct Rejection {
  int status = 400;
  std::string why;
};

}  // namespace proto::http1
