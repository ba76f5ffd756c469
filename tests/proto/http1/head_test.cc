#include "proto/http1/head.h"

#include <string>

#include <doctest/doctest.h>

using proto::http1::Fields;

TEST_CASE("fields: keep their order and are found whatever the case") {
  Fields fields;
  fields.add("Host", "example.com");
  fields.add("Accept", "text/html");
  fields.add("ACCEPT", "text/plain");
  REQUIRE(fields.all().size() == 3);
  CHECK(fields.all()[2].name == "ACCEPT");
  CHECK(fields.count("accept") == 2);
  CHECK(fields.count("Accep") == 0);
  CHECK(fields.first("aCCept") == "text/html");
  CHECK_FALSE(fields.first("Cookie").has_value());
}

TEST_CASE("fields: joined puts the values of one name into one list") {
  Fields fields;
  fields.add("Via", "1.0 a");
  fields.add("Host", "h");
  fields.add("via", "");
  fields.add("VIA", "1.1 b");
  CHECK(fields.joined("Via") == "1.0 a, , 1.1 b");
  CHECK(fields.joined("Host") == "h");
  CHECK(fields.joined("None").empty());
}

TEST_CASE("fields: has_token looks at whole elements of every field of the name") {
  Fields fields;
  fields.add("Connection", "keep-alive ,\tUpgrade");
  fields.add("connection", ",,close,");
  CHECK(fields.has_token("Connection", "upgrade"));
  CHECK(fields.has_token("Connection", "keep-alive"));
  CHECK(fields.has_token("CONNECTION", "CLOSE"));
  CHECK_FALSE(fields.has_token("Connection", "keep"));
  CHECK_FALSE(fields.has_token("Connection", "upgrade, close"));
  CHECK_FALSE(fields.has_token("Upgrade", "upgrade"));
}
