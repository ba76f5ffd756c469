// Makes the lines of a table from members: which of its types a member has, a walker never learns.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "gateway/config/enum_words.h"
#include "gateway/config/field.h"

namespace gateway::config {

// A table:
//
//   constexpr Field kKeepaliveKeys[] = {
//       key<&Keepalive::interval>("interval", Duration{1s, 24h, Off::word}, "Between two pings."),
//       key<&Keepalive::timeout>("timeout", Duration{100ms, 5min}, "The answer must be back."),
//   };
//   Table keys(Of<Keepalive>) { return table_of<Keepalive>(kKeepaliveKeys); }

template <class T>
struct MemberTraits;
template <class T, class M>
struct MemberTraits<M T::*> {
  using Owner = T;
  using Kept = M;
};
template <auto Member>
using OwnerOf = typename MemberTraits<decltype(Member)>::Owner;
template <auto Member>
using KeptAs = typename MemberTraits<decltype(Member)>::Kept;

template <class T>
inline constexpr bool kOptional = false;
template <class T>
inline constexpr bool kOptional<std::optional<T>> = true;
template <class T, class... Fitting>
inline constexpr bool kOneOf = (std::is_same_v<T, Fitting> || ...);

template <auto Member>
const KeptAs<Member>& member_of(const void* object) {
  return static_cast<const OwnerOf<Member>*>(object)->*Member;
}
template <auto Member>
KeptAs<Member>& member_of(void* object) {
  return static_cast<OwnerOf<Member>*>(object)->*Member;
}

template <class Value, class Kept>
Value value_from(const Kept& kept) {
  if constexpr (std::is_enum_v<Kept>) {
    return index_of_word(kept);
  } else if constexpr (kOptional<Kept>) {
    return kept ? Value(typename Value::value_type(*kept)) : Value();
  } else if constexpr (kOptional<Value>) {
    return typename Value::value_type(kept);
  } else {
    return kept;
  }
}

template <class Value, class Kept>
void keep(Kept& kept, Value value) {
  if constexpr (std::is_enum_v<Kept>) {
    kept = kWords<Kept>[value].value;
  } else if constexpr (kOptional<Kept>) {
    kept.reset();
    if (value) kept.emplace(static_cast<typename Kept::value_type>(*value));
  } else if constexpr (kOneOf<Kept, seconds>) {
    kept = std::chrono::duration_cast<seconds>(*value);
  } else if constexpr (kOptional<Value>) {
    kept = static_cast<Kept>(*value);
  } else {
    kept = std::move(value);
  }
}

template <auto Member, class Rule>
constexpr Bound<Rule> bound(Rule rule) {
  using Value = typename Rule::Value;
  return {rule, [](const void* object) { return value_from<Value>(member_of<Member>(object)); },
          [](void* object, Value value) { keep(member_of<Member>(object), std::move(value)); }};
}

template <auto... Members>
bool same_in(const void* a, const void* b) {
  return ((member_of<Members>(a) == member_of<Members>(b)) && ...);
}

// Not constexpr: a table that comes to one of these does not compile, and its name says why.
inline void a_count_has_a_word_for_none_if_it_is_optional() {}
inline void a_time_can_be_off_if_it_is_optional() {}

// key<&Keepalive::interval>("interval", Duration{1s, 24h, Off::word}, "Pings to the client."): one
// line of a table, for each rule.

template <auto Member>
constexpr Field key(std::string_view name, Switch rule, std::string_view doc, More more = {}) {
  static_assert(kOneOf<KeptAs<Member>, bool>, "a Switch is kept as bool");
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Count rule, std::string_view doc, More more = {}) {
  using Kept = KeptAs<Member>;
  static_assert(
      kOneOf<Kept, uint16_t, uint32_t, uint64_t, std::optional<uint32_t>, std::optional<uint64_t>>,
      "a Count is kept as an unsigned number, or as a std::optional of one");
  if (kOptional<Kept> == rule.none.empty()) a_count_has_a_word_for_none_if_it_is_optional();
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Size rule, std::string_view doc, More more = {}) {
  static_assert(kOneOf<KeptAs<Member>, uint64_t, std::optional<uint64_t>>,
                "a Size is kept as uint64_t or std::optional<uint64_t>");
  rule.off = kOptional<KeptAs<Member>>;
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Traffic rule, std::string_view doc, More more = {}) {
  static_assert(kOneOf<KeptAs<Member>, uint64_t, std::optional<uint64_t>>,
                "Traffic is kept as uint64_t or std::optional<uint64_t>");
  rule.off = kOptional<KeptAs<Member>>;
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Percent rule, std::string_view doc, More more = {}) {
  static_assert(kOneOf<KeptAs<Member>, double>, "a Percent is kept as double");
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Duration rule, std::string_view doc, More more = {}) {
  using Kept = KeptAs<Member>;
  static_assert(kOneOf<Kept, milliseconds, seconds, std::optional<milliseconds>>,
                "a Duration is kept as milliseconds, seconds or std::optional<milliseconds>");
  const bool can_be_off = rule.off != Off::never && rule.off != Off::ignored;
  if (kOptional<Kept> != can_be_off) a_time_can_be_off_if_it_is_optional();
  rule.whole_seconds = kOneOf<Kept, seconds>;
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, OneOf rule, std::string_view doc, More more = {}) {
  static_assert(std::is_enum_v<KeptAs<Member>>, "OneOf is kept as an enum of enum_words.h");
  rule.words = kWordTexts<KeptAs<Member>>;
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, Text rule, std::string_view doc, More more = {}) {
  static_assert(kOneOf<KeptAs<Member>, std::string>, "a Text is kept as std::string");
  return {name, bound<Member>(rule), doc, more, same_in<Member>};
}

// A map below the key: always there; there unless it says off; there only where it is written.
struct Sub {
  bool again = false;  // as it stands elsewhere, too, and is told there
};
struct SubOrOff {
  bool brief = false;  // `sticky: cookie` says the same as `sticky: { by: cookie }`
};
struct SubIfWritten {};
// A member whose keys stand beside those of the object; a std::optional is made when any of them is
// written.
struct Beside {};

template <auto Member>
constexpr Map map_of(Map::Presence presence, bool beside, bool brief = false) {
  using Kept = KeptAs<Member>;
  if constexpr (kOptional<Kept>) {
    return {[] { return keys(Of<typename Kept::value_type>{}); },
            [](const void* object) -> const void* {
              const Kept& kept = member_of<Member>(object);
              return kept ? &*kept : nullptr;
            },
            [](void* object) -> void* {
              Kept& kept = member_of<Member>(object);
              return kept ? &*kept : &kept.emplace();
            },
            [](void* object) { member_of<Member>(object).reset(); },
            presence,
            beside,
            brief};
  } else {
    return {[] { return keys(Of<Kept>{}); },
            [](const void* object) -> const void* { return &member_of<Member>(object); },
            [](void* object) -> void* { return &member_of<Member>(object); },
            [](void* object) { member_of<Member>(object) = {}; },
            presence,
            beside,
            brief};
  }
}

template <auto Member>
constexpr Field key(std::string_view name, Sub rule, std::string_view doc, More more = {}) {
  Map map = map_of<Member>(Map::Presence::always, false);
  map.again = rule.again;
  return {name, map, doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, SubOrOff rule, std::string_view doc, More more = {}) {
  static_assert(kOptional<KeptAs<Member>>, "a map that can be off is kept as std::optional");
  return {name, map_of<Member>(Map::Presence::or_off, false, rule.brief), doc, more,
          same_in<Member>};
}

template <auto Member>
constexpr Field key(std::string_view name, SubIfWritten /*rule*/, std::string_view doc,
                    More more = {}) {
  static_assert(kOptional<KeptAs<Member>>, "a map that may be missing is kept as std::optional");
  return {name, map_of<Member>(Map::Presence::if_written, false), doc, more, same_in<Member>};
}

template <auto Member>
constexpr Field key(Beside /*rule*/) {
  constexpr auto kPresence =
      kOptional<KeptAs<Member>> ? Map::Presence::if_written : Map::Presence::always;
  return {{}, map_of<Member>(kPresence, true), {}, {}, same_in<Member>};
}

// A map in the file that is none in the object: its keys are members of the object itself.
template <Table (*Keys)()>
constexpr Field group(std::string_view name, std::string_view doc, More more = {}) {
  return {name,
          Map{Keys, [](const void* object) { return object; }, [](void* object) { return object; },
              [](void* /*object*/) {}},
          doc, more, [](const void* a, const void* b) {
            const Table table = Keys();
            return std::ranges::all_of(table.fields,
                                       [a, b](const Field& field) { return field.same(a, b); });
          }};
}

// A list of maps.
struct ListOfMaps {
  uint64_t least;
  uint64_t most;
};
// A list of maps, each laid over what Fresh(object) gives.
template <auto Fresh>
struct ListOver {
  uint64_t least;
  uint64_t most;
};

template <auto Member>
constexpr Maps maps_of(uint64_t least, uint64_t most) {
  using Item = typename KeptAs<Member>::value_type;
  return {least,
          most,
          [] { return keys(Of<Item>{}); },
          [](void* object) { member_of<Member>(object).clear(); },
          [](void* object) -> void* { return &member_of<Member>(object).emplace_back(); },
          [](const void* object, size_t index) -> const void* {
            const auto& items = member_of<Member>(object);
            return index < items.size() ? &items[index] : nullptr;
          },
          nullptr};
}

template <auto Member>
constexpr Field key(std::string_view name, ListOfMaps rule, std::string_view doc, More more = {}) {
  return {name, maps_of<Member>(rule.least, rule.most), doc, more, same_in<Member>};
}

template <auto Member, auto Fresh>
constexpr Field key(std::string_view name, ListOver<Fresh> rule, std::string_view doc,
                    More more = {}) {
  using Owner = OwnerOf<Member>;
  using Item = typename KeptAs<Member>::value_type;
  Maps maps = maps_of<Member>(rule.least, rule.most);
  maps.add = [](void* object) -> void* {
    Item item = Fresh(*static_cast<const Owner*>(object));
    return &member_of<Member>(object).emplace_back(std::move(item));
  };
  maps.fresh = [](const void* object) -> std::shared_ptr<const void> {
    return std::make_shared<const Item>(Fresh(*static_cast<const Owner*>(object)));
  };
  return {name, maps, doc, more, same_in<Member>};
}

// A grammar of its own: `read` and `print` take the object, or the member alone.
template <auto Read, auto Print>
struct Grammar {
  std::string_view form;
  std::string_view schema;
};

template <auto First, auto... Others, auto Read, auto Print>
constexpr Field key(std::string_view name, Grammar<Read, Print> rule, std::string_view doc,
                    More more = {}) {
  using Owner = OwnerOf<First>;
  const auto read = [](const MapReader& map, std::string_view called, void* object) {
    if constexpr (std::is_invocable_v<decltype(Read), const MapReader&, std::string_view, Owner&>) {
      Read(map, called, *static_cast<Owner*>(object));
    } else {
      Read(map, called, member_of<First>(object));
    }
  };
  const auto print = [](const void* object) -> std::optional<std::string> {
    if constexpr (std::is_invocable_v<decltype(Print), const Owner&>) {
      return Print(*static_cast<const Owner*>(object));
    } else {
      return Print(member_of<First>(object));
    }
  };
  return {name, Custom{read, print, rule.form, rule.schema}, doc, more, same_in<First, Others...>};
}

constexpr Field key(std::string_view name, Apart rule, std::string_view doc, More more = {}) {
  return {name, rule, doc, more, [](const void* /*a*/, const void* /*b*/) { return true; }};
}

// The table of a group(): some keys of a struct that has more.
template <class T>
constexpr Table part_of(std::span<const Field> fields, Layout layout = Layout::block) {
  return {fields,
          []() -> const void* {
            static const T kUsual{};
            return &kUsual;
          },
          layout, nullptr, nullptr};
}

// The table of a struct. A member `place` gets where the map stands; `Finish` is called with the
// map and the object when all keys are read.
template <class T, auto Finish = nullptr>
constexpr Table table_of(std::span<const Field> fields, Layout layout = Layout::block) {
  Table table = part_of<T>(fields, layout);
  if constexpr (requires(T object) { object.place; }) {
    table.put = [](void* object, Position place) {
      static_cast<T*>(object)->place = std::move(place);
    };
  }
  if constexpr (!std::is_null_pointer_v<decltype(Finish)>) {
    table.finish = [](const MapReader& map, void* object) {
      Finish(map, *static_cast<T*>(object));
    };
  }
  return table;
}

}  // namespace gateway::config
