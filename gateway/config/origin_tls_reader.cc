#include <algorithm>
#include <utility>

#include "gateway/config/origin_reader.h"
#include "gateway/config/paths.h"
#include "proto/base/encoding.h"

namespace gateway::config {

namespace {

constexpr Range kPins = {0, 10};
constexpr std::string_view kPinPrefix = "sha256/";

std::optional<Pin> parse_pin(std::string_view text) {
  if (!text.starts_with(kPinPrefix)) return std::nullopt;
  auto digest = proto::from_base64(text.substr(kPinPrefix.size()));
  Pin pin{};
  if (!digest || digest->size() != pin.size()) return std::nullopt;
  std::copy(digest->begin(), digest->end(), pin.begin());
  return pin;
}

void read_pins(const Section& section, std::vector<Pin>& pins) {
  std::vector<Pin> read;
  bool given = section.list("pins", kPins, [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    if (auto pin = parse_pin(*value)) return read.push_back(*pin);
    section.error(node, path,
                  in_quotes(*value) +
                      " is not a pin: write sha256/ and the 44 characters of base64 that the "
                      "SHA-256 of a certificate's public key has");
  });
  if (given) pins = std::move(read);
}

// `off` empties what was inherited.
void read_file(const Section& section, std::string_view key, Environment environment,
               std::string& out) {
  if (section.is_off(key)) {
    out.clear();
  } else if (auto path = file_value(section, key, environment)) {
    out = std::move(*path);
  }
}

void read_client_certificate(const Section& section, OriginTls& tls) {
  constexpr std::string_view kCertificate = "client_certificate";
  constexpr std::string_view kKey = "client_key";
  read_file(section, kCertificate, Environment::refused, tls.client_certificate);
  read_file(section, kKey, Environment::allowed, tls.client_key);
  // One that could not be read was reported already.
  bool certificate = !tls.client_certificate.empty();
  bool key = !tls.client_key.empty();
  std::string_view missing = certificate ? kKey : kCertificate;
  if (certificate == key || (section.has(missing) && !section.is_off(missing))) return;
  section.error(missing,
                "is missing: client_certificate and client_key need each other, each as "
                "file:/path");
}

}  // namespace

void read_origin_tls(const Section& section, OriginTls& tls) {
  section.boolean("verify", tls.verify);
  const Node* ca = section.find("ca");
  if (ca != nullptr && ca->kind == Node::Kind::scalar && ca->text == "system") {
    tls.ca = "system";
  } else if (auto path = file_value(section, "ca", Environment::refused)) {
    tls.ca = "file:" + *path;
  }
  read_pins(section, tls.pins);
  read_client_certificate(section, tls);
  section.choice("min_version", tls.min_version, kTlsVersions);
  section.boolean("legacy_ciphers", tls.legacy_ciphers);
}

}  // namespace gateway::config
