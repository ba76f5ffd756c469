#include "gateway/postgres/table.h"

#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "gateway/postgres/schema.h"
#include "tests/gateway/postgres/stage.h"

using gateway::postgres::Connection;
using gateway::postgres::Table;
using gateway::postgres::Waker;
using gateway::usage::Field;
using gateway::usage::Row;
using gateway::usage::ledger::Ledger;
using tests::DatabaseStage;
using tests::milliseconds;
using tests::row_of;

namespace {

// One connection without a sink.
class TableStage {
 public:
  TableStage() : connection_(connect()), table_(*connection_) {
    const auto error = table_.prepare(soon(), milliseconds{10'000});
    REQUIRE(!error.has_value());
  }

  void deliver(const std::vector<Ledger::Change>& changes) {
    const auto error = table_.deliver(changes, soon());
    if (error) FAIL(error->words());
  }
  DatabaseStage database;
  Table& table() { return table_; }
  static Waker::Time soon() { return std::chrono::steady_clock::now() + tests::patience(); }

 private:
  std::unique_ptr<Connection> connect() {
    const auto target = gateway::postgres::parse_target(database.url());
    auto opened = Connection::open(*target, milliseconds{10'000}, waker_);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }

  Waker waker_;
  std::unique_ptr<Connection> connection_;
  Table table_;
};

// Whatever was done to the table: its rows without the time they came.
std::string contents(const DatabaseStage& database) {
  return database.execute(
      "SELECT string_agg((to_jsonb(w) - 'received')::text, ' ' ORDER BY bucket)"
      " FROM weir_usage w");
}

}  // namespace

TEST_CASE("postgres_table: the same rows again, and older ones, change nothing") {
  TableStage stage;
  const Ledger::Change old{3, row_of("a", "d", 0, 10)};
  const Ledger::Change newer{5, row_of("a", "d", 0, 20)};
  const Ledger::Change other{6, row_of("a", "d", 1, 7)};
  stage.deliver({old});
  stage.deliver({newer, other});
  const std::string before = contents(stage.database);
  stage.deliver({newer, other});
  stage.deliver({old});
  stage.deliver({other, old, newer, old});
  CHECK(contents(stage.database) == before);
  CHECK(stage.database.sums() == "2 rows, 27 bytes");
}

TEST_CASE("postgres_table: a complete row is final") {
  TableStage stage;
  stage.deliver({{4, row_of("a", "d", 0, 10)}});
  stage.deliver({{9, row_of("a", "d", 0, 20, true)}});
  const std::string before = contents(stage.database);
  stage.deliver({{10, row_of("a", "d", 0, 30)}});
  stage.deliver({{1, row_of("a", "d", 0, 20, true)}});
  CHECK(contents(stage.database) == before);
}

TEST_CASE("postgres_table: a row of a ledger that began anew counts when it says more") {
  TableStage stage;
  stage.deliver({{900, row_of("a", "d", 0, 50)}});
  stage.deliver({{1, row_of("a", "d", 0, 40)}});
  CHECK(stage.database.sums() == "1 rows, 50 bytes");
  stage.deliver({{2, row_of("a", "d", 0, 60)}});
  CHECK(stage.database.sums() == "1 rows, 60 bytes");
  // No number goes back, whatever the revision says.
  stage.deliver({{950, row_of("a", "d", 0, 55, true)}});
  CHECK(stage.database.sums() == "1 rows, 60 bytes");
}

TEST_CASE("postgres_table: one wrong row undoes its whole batch, and alone only itself") {
  TableStage stage;
  stage.database.execute("ALTER TABLE weir_usage ADD CHECK (domain <> 'bad')");
  const std::vector<Ledger::Change> batch{
      {1, row_of("a", "d", 0, 1)}, {2, row_of("a", "bad", 0, 2)}, {3, row_of("a", "d", 1, 4)}};
  const auto error = stage.table().deliver(batch, TableStage::soon());
  REQUIRE(error.has_value());
  CHECK(Table::about_a_row(*error));
  CHECK(stage.database.sums() == "0 rows, 0 bytes");
  std::vector<Table::Refusal> no;
  CHECK(!stage.table().deliver_singly(batch, TableStage::soon(), no).has_value());
  REQUIRE(no.size() == 1);
  CHECK(no.front().place == 1);
  CHECK(stage.database.sums() == "2 rows, 5 bytes");
  // The connection is as good as before.
  stage.deliver({{4, row_of("a", "d", 2, 8)}});
  CHECK(stage.database.sums() == "3 rows, 13 bytes");
}

TEST_CASE("postgres_table: its identity is that of the table, not of the connection") {
  TableStage stage;
  const std::string identity = stage.table().identity();
  stage.database.execute("DROP TABLE weir_usage");
  // The statement of before is still prepared, so this fails; what matters is the identity.
  static_cast<void>(stage.table().prepare(TableStage::soon(), milliseconds{10'000}).has_value());
  CHECK(stage.table().identity() != identity);
}

TEST_CASE("postgres_schema: the definition has a column for each field, and the parameters fit") {
  const std::string ddl = gateway::postgres::ddl();
  for (size_t i = 0; i < gateway::usage::kFields; ++i) {
    const std::string name(to_string(static_cast<Field>(i)));
    CHECK(ddl.find("  " + name + " numeric(20)") != std::string::npos);
  }
  const size_t parameters = gateway::postgres::parameters(row_of("a", "d", 0, 1), 1).size();
  const std::string insert = gateway::postgres::insert_statement();
  CHECK(insert.find('$' + std::to_string(parameters)) != std::string::npos);
  CHECK(insert.find('$' + std::to_string(parameters + 1)) == std::string::npos);
}

TEST_CASE("postgres_schema: the operator's manual prints the definition as it is") {
  std::ifstream file(std::string(WEIR_SOURCE_DIR) + "/gateway/postgres/POSTGRES.md");
  const std::string manual(std::istreambuf_iterator<char>(file), {});
  CHECK(manual.find("```sql\n" + gateway::postgres::ddl() + "```") != std::string::npos);
}

TEST_CASE("postgres_schema: an array keeps what is in it") {
  using gateway::postgres::array_text;
  CHECK(array_text({}) == "{}");
  CHECK(array_text({"a", "b,c", "d\"e\\"}) == R"({"a","b,c","d\"e\\"})");
}
