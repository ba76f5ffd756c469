#include "tests/support/access_file.h"

#include <fstream>
#include <ostream>

#include <nlohmann/json.hpp>

namespace tests {

std::ostream& operator<<(std::ostream& out, const LogValue& value) {
  return value.is_text_ ? out << '"' << value.text_ << '"' : out << value.number_;
}

LogLine LogLine::parse(const std::string& text) {
  LogLine line;
  line.text_ = text;
  const auto object = nlohmann::json::parse(text);
  for (const auto& [name, value] : object.items()) {
    line.values_[name] = value.is_string()    ? LogValue(value.get<std::string>())
                         : value.is_boolean() ? LogValue(int64_t{value.get<bool>()})
                                              : LogValue(value.get<int64_t>());
  }
  return line;
}

LogValue LogLine::operator[](std::string_view name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : LogValue();
}

std::vector<LogLine> AccessFile::lines() {
  log_.reset();
  std::vector<LogLine> all;
  std::ifstream file(folder_.file("access.log"));
  for (std::string line; std::getline(file, line);) all.push_back(LogLine::parse(line));
  return all;
}

}  // namespace tests
