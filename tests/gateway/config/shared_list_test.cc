#include "gateway/config/shared_list.h"

#include <algorithm>
#include <memory>
#include <string>

#include <doctest/doctest.h>

using gateway::config::SharedList;

TEST_CASE("shared list: copies share their items until one changes an item") {
  SharedList<std::string> first;
  first.push_back("a");
  first.emplace_back() = "b";
  SharedList<std::string> second = first;
  CHECK(first == second);
  CHECK(first.share(0) == second.share(0));
  second[0] = "c";
  CHECK_FALSE(first == second);
  CHECK(first.share(0) != second.share(0));
  CHECK(first.share(1) == second.share(1));
  CHECK(*first.share(0) == "a");
  CHECK(*second.share(0) == "c");
}

TEST_CASE("shared list: whoever keeps an item has it as it was") {
  SharedList<std::string> list;
  list.push_back("a");
  const auto kept = list.share(0);
  list.front() = "b";
  CHECK(*kept == "a");
  CHECK(list.back() == "b");
  // What nobody else has is changed in place.
  const std::string* before = &list[0];
  list[0] = "c";
  CHECK(&list[0] == before);
}

TEST_CASE("shared list: reads as a vector does, and is equal by its values") {
  SharedList<std::string> list;
  CHECK(list.empty());
  for (const char* text : {"a", "b", "c"}) list.push_back(text);
  std::string all;
  for (const std::string& text : list) all += text;
  CHECK(all == "abc");
  CHECK(std::any_of(list.begin(), list.end(), [](const std::string& text) { return text == "b"; }));
  SharedList<std::string> other;
  for (const char* text : {"a", "b", "c"}) other.push_back(text);
  CHECK(list == other);
  other.push_back("d");
  CHECK_FALSE(list == other);
  other.clear();
  CHECK(other.size() == 0);
}

TEST_CASE("shared list: an item that others have is shared, and copied before it is changed") {
  const auto theirs = std::make_shared<std::string>("a");
  SharedList<std::string> list;
  list.push_back(theirs);
  CHECK(list.share(0) == theirs);
  list[0] = "b";
  CHECK(*theirs == "a");

  SharedList<std::string> other;
  other.push_back(std::string("b"));
  other.share_item(0, list, 0);
  CHECK(other.share(0) == list.share(0));
}
