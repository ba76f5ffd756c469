// Money, prices and quantities as exact numbers: nothing is rounded before somebody prints it.
#pragma once

#include <compare>
#include <cstdint>
#include <gmpxx.h>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::billing {

// A fraction of whole numbers of any size; never a binary floating-point number.
class Decimal {
 public:
  Decimal() = default;
  explicit Decimal(uint64_t whole);
  // `numerator` / `denominator`, which is not 0.
  Decimal(uint64_t numerator, uint64_t denominator);

  // "0.24", "12", "-3.5": digits, and behind a point at least one more; at most 64 characters.
  static std::optional<Decimal> parse(std::string_view text);

  Decimal& operator+=(const Decimal& other);
  friend Decimal operator+(Decimal a, const Decimal& b) { return a += b; }
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return a.value_ == b.value_; }
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);

  bool is_zero() const { return value_ == 0; }
  // To so many digits behind the point; what lies exactly between two goes to the even one.
  Decimal rounded(unsigned digits) const;
  // The same as text, with all of the digits: "12.30", "-0.5", never "-0.00".
  std::string print(unsigned digits) const;
  // As print(), but without zeros at the end: "12.3", "12".
  std::string print_short(unsigned digits) const;

 private:
  explicit Decimal(mpq_class value) : value_(std::move(value)) {}
  mpq_class value_;
};

}  // namespace gateway::billing
