#include "gateway/cli/doctor/certificate.h"

#include <doctest/doctest.h>

using namespace gateway::cli::doctor;

namespace {

constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kNow = 1'800'000'000;

const Shown kGood = {.common_name = "bi.example.com",
                     .names = {"bi.example.com"},
                     .not_before = kNow - kDay,
                     .not_after = kNow + 61 * kDay + 5,
                     .is_for_host = true,
                     .chain_fault = {}};

}  // namespace

TEST_CASE("certificate: one that a browser takes is told with the days that it has left") {
  CHECK(objection(kGood, kNow).empty());
  CHECK(praise(kGood, kNow) == "CN bi.example.com, 61 days left");
  CHECK(praise(kGood, kNow + 60 * kDay) == "CN bi.example.com, 1 day left");
  CHECK(praise(kGood, kNow + 61 * kDay) == "CN bi.example.com, 0 days left");
}

TEST_CASE("certificate: its dates are judged to the second") {
  CHECK(objection(kGood, kGood.not_after).empty());
  CHECK(objection(kGood, kGood.not_after + 1) == "the certificate has expired");
  CHECK(objection(kGood, kGood.not_before).empty());
  CHECK(objection(kGood, kGood.not_before - 1) == "the certificate is not valid yet");
}

TEST_CASE("certificate: the dates come before the name, and the name before the chain") {
  Shown bad = kGood;
  bad.is_for_host = false;
  bad.names = {"x.example.com", "y.example.com"};
  bad.chain_fault = "the certificate is self-signed";
  CHECK(objection(bad, kNow) == "made for another name: x.example.com");
  CHECK(objection(bad, bad.not_after + 1) == "the certificate has expired");
  bad.names.clear();
  CHECK(objection(bad, kNow) == "made for another name: bi.example.com");
  bad.is_for_host = true;
  CHECK(objection(bad, kNow) == "the certificate is self-signed");
}
