// The words that the YAML has for enumerators; every walker of the table takes them from here.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "gateway/config/document.h"

namespace gateway::config {

template <class E>
struct Word {
  std::string_view text;
  E value;
};
template <class E, size_t N>
using Words = std::array<Word<E>, N>;

// Of each enum that a key can have.
template <class E>
inline constexpr std::nullptr_t kWords = nullptr;

template <>
inline constexpr Words<Listener::Mode, 2> kWords<Listener::Mode> = {
    {{"all", Listener::Mode::all}, {"first_available", Listener::Mode::first_available}}};
template <>
inline constexpr Words<AccessLog::Format, 2> kWords<AccessLog::Format> = {
    {{"json", AccessLog::Format::json}, {"dcdn", AccessLog::Format::dcdn}}};
template <>
inline constexpr Words<AccessLog::Query, 2> kWords<AccessLog::Query> = {
    {{"off", AccessLog::Query::off}, {"redacted", AccessLog::Query::redacted}}};
template <>
inline constexpr Words<Log::Level, 5> kWords<Log::Level> = {{{"trace", Log::Level::trace},
                                                             {"debug", Log::Level::debug},
                                                             {"info", Log::Level::info},
                                                             {"warning", Log::Level::warning},
                                                             {"error", Log::Level::error}}};
template <>
inline constexpr Words<Budget::Period, 2> kWords<Budget::Period> = {
    {{"day", Budget::Period::day}, {"month", Budget::Period::month}}};
template <>
inline constexpr Words<DomainUsage::Billing, 2> kWords<DomainUsage::Billing> = {
    {{"traffic", DomainUsage::Billing::traffic},
     {"peak_bandwidth", DomainUsage::Billing::peak_bandwidth}}};
template <>
inline constexpr Words<DomainUsage::Direction, 2> kWords<DomainUsage::Direction> = {
    {{"out", DomainUsage::Direction::out}, {"both", DomainUsage::Direction::both}}};
template <>
inline constexpr Words<Domain::Kind, 2> kWords<Domain::Kind> = {
    {{"dcdn", Domain::Kind::dcdn}, {"cdn", Domain::Kind::cdn}}};
template <>
inline constexpr Words<TlsVersion, 2> kWords<TlsVersion> = {
    {{"1.2", TlsVersion::tls1_2}, {"1.3", TlsVersion::tls1_3}}};
template <>
inline constexpr Words<WebSocket::OnDisable, 2> kWords<WebSocket::OnDisable> = {
    {{"keep", WebSocket::OnDisable::keep}, {"drain", WebSocket::OnDisable::drain}}};
template <>
inline constexpr Words<Origin::Builtin, 2> kWords<Origin::Builtin> = {
    {{"none", Origin::Builtin::none}, {"echo", Origin::Builtin::echo}}};
template <>
inline constexpr Words<Origin::Protocol, 4> kWords<Origin::Protocol> = {
    {{"follow", Origin::Protocol::follow},
     {"http", Origin::Protocol::http},
     {"https", Origin::Protocol::https},
     {"follow_port", Origin::Protocol::follow_port}}};
template <>
inline constexpr Words<Origin::Balance, 4> kWords<Origin::Balance> = {
    {{"weighted", Origin::Balance::weighted},
     {"least_sessions", Origin::Balance::least_sessions},
     {"hash", Origin::Balance::hash},
     {"performance", Origin::Balance::performance}}};
template <>
inline constexpr Words<HashOn::Source, 4> kWords<HashOn::Source> = {
    {{"client_ip", HashOn::Source::client_ip},
     {"header", HashOn::Source::header},
     {"cookie", HashOn::Source::cookie},
     {"query", HashOn::Source::query}}};
template <>
inline constexpr Words<Health::Type, 3> kWords<Health::Type> = {
    {{"tcp", Health::Type::tcp},
     {"http", Health::Type::http},
     {"websocket", Health::Type::websocket}}};
template <>
inline constexpr Words<Origin::ProxyProtocol, 3> kWords<Origin::ProxyProtocol> = {
    {{"off", Origin::ProxyProtocol::off},
     {"v1", Origin::ProxyProtocol::v1},
     {"v2", Origin::ProxyProtocol::v2}}};

template <>
inline constexpr Words<Http::Location, 3> kWords<Http::Location> = {
    {{"off", Http::Location::off},
     {"offload", Http::Location::offload},
     {"origin", Http::Location::origin}}};
template <>
inline constexpr Words<Reuse::Mode, 3> kWords<Reuse::Mode> = {
    {{"off", Reuse::Mode::off}, {"safe", Reuse::Mode::safe}, {"always", Reuse::Mode::always}}};
template <>
inline constexpr Words<Sticky::SameSite, 3> kWords<Sticky::SameSite> = {
    {{"strict", Sticky::SameSite::strict},
     {"lax", Sticky::SameSite::lax},
     {"none", Sticky::SameSite::none}}};

// The texts alone, in the same order.
template <class E>
inline constexpr auto kWordTexts = [] {
  std::array<std::string_view, kWords<E>.size()> texts;
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = kWords<E>[i].text;
  return texts;
}();

template <class E>
size_t index_of_word(E value) {
  size_t i = 0;
  while (i + 1 < kWords<E>.size() && kWords<E>[i].value != value) ++i;
  return i;
}

template <class E>
std::string_view text_of_word(E value) {
  return kWords<E>[index_of_word(value)].text;
}

}  // namespace gateway::config
