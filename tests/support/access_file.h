// The access log in a file of its own, read back line by line.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/log/access_log.h"
#include "tests/support/folder.h"

namespace tests {

// One value of a line: a text, or a number.
class LogValue {
 public:
  LogValue() = default;
  explicit LogValue(std::string text) : text_(std::move(text)), is_text_(true) {}
  explicit LogValue(int64_t number) : number_(number) {}

  const std::string& text() const { return text_; }  // of a number: empty
  int64_t number() const { return number_; }         // of a text: 0

  bool operator==(const LogValue&) const = default;
  bool operator==(std::string_view text) const { return is_text_ && text_ == text; }
  bool operator==(int64_t number) const { return !is_text_ && number_ == number; }
  std::strong_ordering operator<=>(int64_t number) const { return number_ <=> number; }
  friend std::ostream& operator<<(std::ostream& out, const LogValue& value);

 private:
  std::string text_;
  int64_t number_ = 0;
  bool is_text_ = false;
};

// One line: a JSON object of such values. Compiled once, where a JSON library would cost each test
// that reads a line seconds of the compiler's time.
class LogLine {
 public:
  static LogLine parse(const std::string& text);

  LogValue operator[](std::string_view name) const;  // the number 0 when there is none
  bool contains(std::string_view name) const { return values_.find(name) != values_.end(); }
  // Why it ended and by whose doing, in the words of its event.
  LogValue cause() const { return (*this)[contains("cause") ? "cause" : "close_cause"]; }
  LogValue initiator() const {
    return (*this)[contains("initiator") ? "initiator" : "close_initiator"];
  }
  const std::string& dump() const { return text_; }

 private:
  std::string text_;
  std::map<std::string, LogValue, std::less<>> values_;
};

class AccessFile {
 public:
  gateway::log::AccessLog& log() { return *log_; }

  // Whatever was written so far; nothing can be written from then on.
  std::vector<LogLine> lines();

 private:
  Folder folder_;
  std::unique_ptr<gateway::log::AccessLog> log_ =
      std::make_unique<gateway::log::AccessLog>(folder_.file("access.log"));
};

}  // namespace tests
