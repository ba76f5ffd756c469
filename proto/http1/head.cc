#include "proto/http1/head.h"

#include <algorithm>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

// Takes the first element off a comma-separated list, without allocating: the lists come from
// outside, so nothing is built from them.
std::string_view take_element(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return element;
}

bool holds_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (equals_ignoring_case(take_element(list), token)) return true;
  }
  return false;
}

}  // namespace

void Fields::reserve(size_t count) { fields_.reserve(count); }

void Fields::add(std::string_view name, std::string_view value) {
  fields_.push_back(Field{name, value});
}

const std::vector<Field>& Fields::all() const { return fields_; }

size_t Fields::count(std::string_view name) const {
  const auto has_name = [name](const Field& field) {
    return equals_ignoring_case(field.name, name);
  };
  return static_cast<size_t>(std::count_if(fields_.begin(), fields_.end(), has_name));
}

std::optional<std::string_view> Fields::first(std::string_view name) const {
  for (const Field& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string Fields::joined(std::string_view name) const {
  std::string values;
  bool any = false;
  for (const Field& field : fields_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (any) values += ", ";
    values += field.value;
    any = true;
  }
  return values;
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return equals_ignoring_case(field.name, name) && holds_token(field.value, token);
  });
}

}  // namespace proto::http1
