#include "gateway/billing/decimal.h"

#include <algorithm>
#include <utility>

namespace gateway::billing {

namespace {

constexpr size_t kLongest = 64;

static_assert(sizeof(unsigned long) == sizeof(uint64_t), "GMP takes unsigned long");

mpz_class power_of_ten(unsigned exponent) {
  mpz_class power;
  mpz_ui_pow_ui(power.get_mpz_t(), 10, exponent);
  return power;
}

bool only_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// value * 10^digits as a whole number, half to even.
mpz_class scaled(const mpq_class& value, unsigned digits) {
  const mpz_class numerator = value.get_num() * power_of_ten(digits);
  const mpz_class& denominator = value.get_den();
  mpz_class whole;
  mpz_class rest;
  mpz_fdiv_qr(whole.get_mpz_t(), rest.get_mpz_t(), numerator.get_mpz_t(), denominator.get_mpz_t());
  const mpz_class twice = rest * 2;
  const int half = cmp(twice, denominator);
  if (half > 0 || (half == 0 && mpz_odd_p(whole.get_mpz_t()) != 0)) whole += 1;
  return whole;
}

}  // namespace

Decimal::Decimal(uint64_t whole) : value_(static_cast<unsigned long>(whole)) {}

Decimal::Decimal(uint64_t numerator, uint64_t denominator)
    : value_(static_cast<unsigned long>(numerator), static_cast<unsigned long>(denominator)) {
  value_.canonicalize();
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view places = point == text.size() ? "" : text.substr(point + 1);
  if (!only_digits(whole) || (point != text.size() && !only_digits(places))) return std::nullopt;
  mpq_class value(mpz_class(std::string(whole) + std::string(places), 10),
                  power_of_ten(static_cast<unsigned>(places.size())));
  value.canonicalize();
  if (negative) value = -value;
  return Decimal(std::move(value));
}

Decimal& Decimal::operator+=(const Decimal& other) {
  value_ += other.value_;
  return *this;
}

Decimal operator*(const Decimal& a, const Decimal& b) {
  return Decimal(mpq_class(a.value_ * b.value_));
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  return cmp(a.value_, b.value_) <=> 0;
}

Decimal Decimal::rounded(unsigned digits) const {
  mpq_class value(scaled(value_, digits), power_of_ten(digits));
  value.canonicalize();
  return Decimal(std::move(value));
}

std::string Decimal::print(unsigned digits) const {
  const mpz_class number = scaled(value_, digits);
  std::string text = mpz_class(abs(number)).get_str();
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  if (digits > 0) text.insert(text.size() - digits, 1, '.');
  return (sgn(number) < 0 ? "-" : "") + text;
}

std::string Decimal::print_short(unsigned digits) const {
  std::string text = print(digits);
  if (digits == 0) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace gateway::billing
