// Which methods of requests there are, and what becomes of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace proto::http1 {

enum class MethodKind : uint8_t {
  passes,   // as it is written
  refused,  // CONNECT would open a tunnel, TRACE show the client what was added on the way
  unknown,  // nobody can say what it does, nor whether its answer has a body (RFC 9110 §9.1)
};

// Methods are told apart by case.
[[nodiscard]] MethodKind kind_of_method(std::string_view method);

// Those that pass, the usual ones first.
[[nodiscard]] std::span<const std::string_view> passing_methods();

}  // namespace proto::http1
