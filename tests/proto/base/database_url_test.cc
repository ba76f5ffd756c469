#include "proto/base/database_url.h"

#include <doctest/doctest.h>

using namespace proto;

TEST_CASE("database url: passwords are hidden, in both forms") {
  struct Row {
    const char* url;
    const char* shown;
  };
  for (const Row& row : {
           Row{"postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d"},
           Row{"postgres://u:secret@h", "postgres://u:***@h"},
           Row{"postgresql://:secret@h/d", "postgresql://:***@h/d"},
           // What should have been percent-encoded: libpq would take pieces of it for other things.
           Row{"postgresql://u:se@c:r/e?t@h/d?sslmode=require", "postgresql://***"},
           Row{"postgresql://u:sec/ret@h/d", "postgresql://***"},
           Row{"postgresql://u:12/ret@h/d", "postgresql://***"},
           Row{"postgresql://u:se@cret@h/d", "postgresql://***"},
           Row{"postgresql://u:secret.h/d", "postgresql://***"},
           Row{"postgresql://u@h/d?pass=x&word@y", "postgresql://***"},
           Row{"postgresql://u:se?cret@h/d", "postgresql://u:***@h/d"},
           Row{"postgresql://h:5432/d?password=se@cret", "postgresql://h:5432/d?password=***"},
           Row{"postgresql://u@h:5432/d?password=se@cret:x",
               "postgresql://***@h:5432/d?password=***"},
           Row{"postgresql://u:p@[::1]:5432,two/d?user=x&password=a",
               "postgresql://u:***@[::1]:5432,two/d?user=x&password=***"},
           Row{"postgresql//u:secret@h/d?sslmode=require", "***"},
           Row{"postgresql://h/d?user=u&password=secret", "postgresql://h/d?user=u&password=***"},
           Row{"postgresql://h/d?p%61ssword=secret", "postgresql://h/d?***"},
           Row{"postgresql://h/d?sslpassword=secret&sslmode=require",
               "postgresql://h/d?sslpassword=***&sslmode=require"},
           Row{"host=h password=secret dbname=d", "host=h password=*** dbname=d"},
           Row{"host=h password = 'se cr\\'et' dbname=d", "host=h password=*** dbname=d"},
           Row{"password='secret", "password=***"},
           Row{"password=se\\ cret host=h", "password=*** host=h"},
           Row{"password=se cret=x host=h", "password=*** *** host=h"},
           Row{"host=h secret", "host=h ***"},
       }) {
    CAPTURE(row.url);
    CHECK(without_password(row.url) == row.shown);
    CHECK(has_password(row.url));
  }
}

TEST_CASE("database url: without a password it is shown as it is") {
  for (const char* url : {"postgresql://db.test/usage", "postgresql:///usage?host=/run/pg",
                          "postgres://[::1]:5432/d?sslmode=verify-full&connect_timeout=5",
                          "postgresql:///d?host=@abstract",
                          "host=/run/pg dbname=usage user=weir options='-c search_path=a'"}) {
    CAPTURE(url);
    CHECK(without_password(url) == url);
    CHECK_FALSE(has_password(url));
    CHECK_FALSE(database_url_problem(url).has_value());
  }
}

TEST_CASE("database url: what is none is refused and not repeated") {
  for (const char* url : {"", "db.test", "mysql://u:secret@h/d", "https://h/?a=b", "secret"}) {
    CAPTURE(url);
    REQUIRE(database_url_problem(url).has_value());
    CHECK(database_url_problem(url)->find("secret") == std::string::npos);
  }
}

TEST_CASE("FY29 database url: a user without a password may be both, with the colon forgotten") {
  CHECK(without_password("postgresql://weirsecret@db.test/usage") ==
        "postgresql://***@db.test/usage");
  CHECK_FALSE(has_password("postgresql://weir@db.test/usage"));
  CHECK(has_password("postgresql://weir@db.test/usage?password=x"));
  CHECK(user_info("postgresql://u:p@h/d") == "u:p");
  CHECK(user_info("postgresql://h/d?x=a@b").empty());
  CHECK(user_info("host=h user=u").empty());
}

TEST_CASE("FY29 database url: a password may look like another address") {
  CHECK_FALSE(database_url_problem("password=a://b host=h").has_value());
}
