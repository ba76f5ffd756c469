#include "gateway/billing/decimal.h"

#include <limits>

#include <doctest/doctest.h>

using gateway::billing::Decimal;

namespace {

Decimal number(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("decimal: what is no binary fraction stays what it is") {
  CHECK(number("0.1") + number("0.2") == number("0.3"));
  Decimal sum;
  for (int i = 0; i < 1000; ++i) sum += number("0.001");
  CHECK(sum == Decimal(1));
  CHECK(Decimal(1, 3) + Decimal(2, 3) == Decimal(1));
}

TEST_CASE("decimal: reads digits with a point between them and nothing else") {
  CHECK(number("12") == Decimal(12));
  CHECK(number("0012.50") == Decimal(25, 2));
  CHECK(number("-3.5") + number("3.5") == Decimal());
  for (const char* text : {"", "-", ".", ".5", "5.", "1e3", "1,5", " 1", "1 ", "+1", "0x10", "--1",
                           "1.2.3", "nan", "inf", "1/3"}) {
    CAPTURE(text);
    CHECK_FALSE(Decimal::parse(text));
  }
  CHECK(Decimal::parse(std::string(64, '9')));
  CHECK_FALSE(Decimal::parse(std::string(65, '9')));
}

TEST_CASE("decimal: rounds half to even, of negative numbers too") {
  struct Case {
    const char* exact;
    const char* rounded;
  };
  for (const Case& one :
       {Case{"0.005", "0.00"}, Case{"0.015", "0.02"}, Case{"0.025", "0.02"},
        Case{"0.0250000000001", "0.03"}, Case{"0.0249999999999", "0.02"}, Case{"2.675", "2.68"},
        Case{"1.995", "2.00"}, Case{"999.995", "1000.00"}, Case{"-0.005", "0.00"},
        Case{"-0.015", "-0.02"}, Case{"-0.025", "-0.02"}, Case{"-1.006", "-1.01"}}) {
    CAPTURE(one.exact);
    CHECK(number(one.exact).print(2) == one.rounded);
    CHECK(number(one.exact).rounded(2) == number(one.rounded));
  }
  CHECK(number("0.5").print(0) == "0");
  CHECK(number("1.5").print(0) == "2");
}

TEST_CASE("decimal: prints all of its digits, or no zeros at the end") {
  CHECK(number("12.3").print(2) == "12.30");
  CHECK(number("0.05").print(2) == "0.05");
  CHECK(Decimal().print(2) == "0.00");
  CHECK(Decimal(7).print(0) == "7");
  CHECK(number("12.30").print_short(4) == "12.3");
  CHECK(number("100").print_short(4) == "100");
  CHECK(number("100").print_short(0) == "100");
  CHECK(number("-0.5").print_short(3) == "-0.5");
  CHECK(Decimal(1, 3).print_short(6) == "0.333333");
}

TEST_CASE("decimal: holds the largest counter times a small price") {
  const Decimal most(std::numeric_limits<uint64_t>::max());
  CHECK((most * number("0.000000000001")).print(12) == "18446744.073709551615");
  CHECK(most < most + number("0.000000000001"));
  CHECK(most > Decimal(1));
}
