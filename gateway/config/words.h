// The words of the YAML and the enumerators they stand for; reader and printer share them.
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

inline constexpr Words<Listener::Mode, 2> kModes = {
    {{"all", Listener::Mode::all}, {"first_available", Listener::Mode::first_available}}};
inline constexpr Words<AccessLog::Format, 2> kLogFormats = {
    {{"json", AccessLog::Format::json}, {"dcdn", AccessLog::Format::dcdn}}};
inline constexpr Words<AccessLog::Query, 2> kLogQueries = {
    {{"off", AccessLog::Query::off}, {"redacted", AccessLog::Query::redacted}}};
inline constexpr Words<Budget::Period, 2> kPeriods = {
    {{"day", Budget::Period::day}, {"month", Budget::Period::month}}};
inline constexpr Words<DomainUsage::Billing, 2> kBillings = {
    {{"traffic", DomainUsage::Billing::traffic},
     {"peak_bandwidth", DomainUsage::Billing::peak_bandwidth}}};
inline constexpr Words<DomainUsage::Direction, 2> kDirections = {
    {{"out", DomainUsage::Direction::out}, {"both", DomainUsage::Direction::both}}};
inline constexpr Words<Log::Level, 5> kLogLevels = {{{"trace", Log::Level::trace},
                                                     {"debug", Log::Level::debug},
                                                     {"info", Log::Level::info},
                                                     {"warning", Log::Level::warning},
                                                     {"error", Log::Level::error}}};
inline constexpr Words<Domain::Kind, 2> kKinds = {
    {{"dcdn", Domain::Kind::dcdn}, {"cdn", Domain::Kind::cdn}}};
inline constexpr Words<DomainTls::Version, 2> kTlsVersions = {
    {{"1.2", DomainTls::Version::tls1_2}, {"1.3", DomainTls::Version::tls1_3}}};
inline constexpr Words<WebSocket::OnDisable, 2> kOnDisable = {
    {{"keep", WebSocket::OnDisable::keep}, {"drain", WebSocket::OnDisable::drain}}};
inline constexpr Words<Origin::Builtin, 2> kBuiltins = {
    {{"none", Origin::Builtin::none}, {"echo", Origin::Builtin::echo}}};
inline constexpr Words<Origin::Protocol, 4> kProtocols = {
    {{"follow", Origin::Protocol::follow},
     {"http", Origin::Protocol::http},
     {"https", Origin::Protocol::https},
     {"follow_port", Origin::Protocol::follow_port}}};

inline constexpr Words<Origin::Balance, 4> kBalances = {
    {{"weighted", Origin::Balance::weighted},
     {"least_sessions", Origin::Balance::least_sessions},
     {"hash", Origin::Balance::hash},
     {"performance", Origin::Balance::performance}}};
inline constexpr Words<HashOn::Source, 4> kHashSources = {{{"client_ip", HashOn::Source::client_ip},
                                                           {"header", HashOn::Source::header},
                                                           {"cookie", HashOn::Source::cookie},
                                                           {"query", HashOn::Source::query}}};
inline constexpr Words<Health::Type, 3> kHealthTypes = {{{"tcp", Health::Type::tcp},
                                                         {"http", Health::Type::http},
                                                         {"websocket", Health::Type::websocket}}};
inline constexpr Words<Origin::ProxyProtocol, 3> kProxyProtocols = {
    {{"off", Origin::ProxyProtocol::off},
     {"v1", Origin::ProxyProtocol::v1},
     {"v2", Origin::ProxyProtocol::v2}}};
// Of authentication, in order of preference.
enum class Scheme { digest, basic };
inline constexpr Words<Scheme, 2> kSchemes = {
    {{"digest", Scheme::digest}, {"basic", Scheme::basic}}};

template <class E, size_t N>
std::string_view text_of_word(const Words<E, N>& words, E value) {
  for (const Word<E>& word : words) {
    if (word.value == value) return word.text;
  }
  return {};
}

}  // namespace gateway::config
