// The keys below `origin.tls:`.
#include <algorithm>

#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/references.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/encoding.h"

namespace gateway::config {

namespace {

constexpr Range kPins = {0, 10};
constexpr std::string_view kPinPrefix = "sha256/";

proto::Result<Pin, std::string> parse_pin(std::string_view text) {
  Pin pin{};
  const auto digest = text.starts_with(kPinPrefix)
                          ? proto::from_base64(text.substr(kPinPrefix.size()))
                          : std::nullopt;
  if (!digest || digest->size() != pin.size()) {
    return proto::Unexpected{in_quotes(text) +
                             " is not a pin: write sha256/ and the 44 characters of base64 that "
                             "the SHA-256 of a certificate's public key has"};
  }
  std::copy(digest->begin(), digest->end(), pin.begin());
  return pin;
}

void read_pins(const MapReader& map, std::string_view key, std::vector<Pin>& pins) {
  if (auto given = list_of<Pin>(map, key, kPins, parse_pin)) pins = std::move(*given);
}

std::string shown_pins(const std::vector<Pin>& pins) {
  std::vector<std::string> texts;
  texts.reserve(pins.size());
  for (const Pin& pin : pins) texts.push_back(std::string(kPinPrefix) + proto::to_base64(pin));
  return quote_all(texts);
}

void read_ca(const MapReader& map, std::string_view key, std::string& ca) {
  if (map.is_word(key, "system")) {
    ca = "system";
  } else if (const auto path = file_value(map, key, Environment::refused)) {
    ca = "file:" + *path;
  }
}

// `off` empties what was inherited.
template <Environment kEnvironment>
void read_file_or_off(const MapReader& map, std::string_view key, std::string& out) {
  if (map.is_off(key)) {
    out.clear();
  } else if (auto path = file_value(map, key, kEnvironment)) {
    out = std::move(*path);
  }
}

std::string file_or_off(const std::string& path) {
  return path.empty() ? "off" : quote("file:" + path);
}

void check_client_certificate(const MapReader& map, const OriginTls& tls) {
  const bool certificate = !tls.client_certificate.empty();
  const bool key = !tls.client_key.empty();
  const std::string_view missing = certificate ? "client_key" : "client_certificate";
  // One that could not be read was reported already.
  if (certificate == key || (map.has(missing) && !map.is_off(missing))) return;
  map.error(missing,
            "is missing: client_certificate and client_key need each other, each as file:/path");
}

constexpr Field kOriginTlsKeys[] = {
    key<&OriginTls::verify>("verify", Switch{},
                            "Chain and host name. false accepts any certificate: only for a test.",
                            {.also = "insecure_skip_verify"}),
    key<&OriginTls::ca>(
        "ca",
        Grammar<&read_ca, &quote>{
            "system or file:/path",
            R"({"anyOf": [{"const": "system"}, {"$ref": "#/definitions/file"}]})"},
        "The authorities that certificates may be of; a file holds PEM certificates."),
    key<&OriginTls::pins>(
        "pins",
        Grammar<&read_pins, &shown_pins>{"list of 0 to 10 sha256/BASE64",
                                         R"({"type": "array", "maxItems": 10,
                "items": {"type": "string", "pattern": "^sha256/[A-Za-z0-9+/]{43}=$"}})"},
        "SHA-256 of public keys, one of which must be in the chain, beside verify."),
    key<&OriginTls::client_certificate>(
        "client_certificate",
        Grammar<&read_file_or_off<Environment::refused>, &file_or_off>{
            "file:/path, or off",
            R"({"anyOf": [{"$ref": "#/definitions/file"}, {"enum": ["off", false]}]})"},
        "What Weir presents when the origin asks: PEM, the whole chain.", {.also = "client_cert"}),
    key<&OriginTls::client_key>(
        "client_key",
        Grammar<&read_file_or_off<Environment::allowed>, &file_or_off>{
            "file:/path, ${NAME}, or off",
            R"({"anyOf": [{"$ref": "#/definitions/file_or_variable"}, {"enum": ["off", false]}]})"},
        "PEM; or ${NAME}, a variable that holds the path."),
    key<&OriginTls::min_version>("min_version", OneOf{}, "The least version of TLS."),
    key<&OriginTls::legacy_ciphers>(
        "legacy_ciphers", Switch{},
        "With TLS 1.2 also CBC and static RSA, for an origin that has nothing else."),
};

}  // namespace

Table keys(Of<OriginTls>) { return table_of<OriginTls, &check_client_certificate>(kOriginTlsKeys); }

}  // namespace gateway::config
