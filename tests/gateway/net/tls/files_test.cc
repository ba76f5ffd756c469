#include "gateway/net/tls/files.h"

#include <sys/stat.h>

#include <doctest/doctest.h>
#include <openssl/pkcs12.h>

#include "tests/gateway/net/tls/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;

namespace {

const Certificate& good() {
  static const Certificate kGood =
      certificates().add({.name = "files", .alternative_names = "DNS:f"});
  return kGood;
}

CertificatePtr certificate() { return std::move(read_certificates(good().chain_file)->front()); }
PrivateKeyPtr key() { return std::move(*read_private_key(good().key_file)); }

// What OpenSSL writes into memory, as a file.
template <class Write>
std::string file_of(const std::string& name, const Write& write) {
  BIO* const out = BIO_new(BIO_s_mem());
  write(out);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  const std::string text(data, static_cast<size_t>(size));
  BIO_free(out);
  REQUIRE_FALSE(text.empty());
  return certificates().write(name, text);
}

std::string of_chain(const std::string& file) {
  const auto read = read_certificates(file);
  return read ? "read" : read.error();
}
std::string of_key(const std::string& file) {
  const auto read = read_private_key(file);
  return read ? "read" : read.error();
}
std::string of_authorities(const std::string& file) {
  const auto read = read_authorities(file);
  return read ? "read" : read.error();
}

char passphrase[] = "secret";

std::string encrypted_key(const std::string& name, bool traditional, const EVP_CIPHER* cipher) {
  return file_of(name, [&](BIO* out) {
    auto* const words = reinterpret_cast<unsigned char*>(passphrase);
    if (traditional) {
      PEM_write_bio_PrivateKey_traditional(out, key().get(), cipher, words, 6, nullptr, nullptr);
    } else {
      PEM_write_bio_PKCS8PrivateKey(out, key().get(), cipher, passphrase, 6, nullptr, nullptr);
    }
  });
}

std::string pkcs12() {
  return file_of("store.p12", [](BIO* out) {
    PKCS12* const store =
        PKCS12_create(passphrase, "x", key().get(), certificate().get(), nullptr, 0, 0, 0, 0, 0);
    i2d_PKCS12_bio(out, store);
    PKCS12_free(store);
  });
}

}  // namespace

TEST_CASE("FX4 tls files: an encrypted key is refused at once, and how to decrypt it told") {
  for (const bool traditional : {false, true}) {
    CAPTURE(traditional);
    const std::string file = encrypted_key("encrypted.key", traditional, EVP_aes_256_cbc());
    const std::string command = "openssl pkey -in " + file + " -out " + file + ".plain";
    CHECK(of_key(file) ==
          "cannot be used: the key is encrypted: decrypt it, for example with " + command);
    // Together with its certificate, too.
    const std::string both = certificates().write(
        "both.pem", certificates().read("files.pem") + certificates().read("encrypted.key"));
    CHECK(of_key(both).find("the key is encrypted") != std::string::npos);
    CHECK(of_chain(both) == "read");
    CHECK(of_authorities(both) == "read");
  }
}

TEST_CASE("FX4 tls files: an encrypted certificate is refused at once as well") {
  const std::string file = file_of("encrypted.pem", [](BIO* out) {
    PEM_ASN1_write_bio(reinterpret_cast<i2d_of_void*>(i2d_X509), PEM_STRING_X509, out,
                       certificate().get(), EVP_aes_128_cbc(),
                       reinterpret_cast<unsigned char*>(passphrase), 6, nullptr, nullptr);
  });
  CHECK(of_chain(file).starts_with("holds a damaged certificate, number 1: "));
  CHECK(of_authorities(file).find(" holds a damaged certificate: ") != std::string::npos);
}

TEST_CASE("FX4 tls files: what may block or has no end is no file for any of the three") {
  const std::string pipe = certificates().path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), std::string("/dev/tty")}) {
    CAPTURE(path);
    for (const std::string& said : {of_chain(path), of_key(path), of_authorities(path)}) {
      CHECK(said.find("cannot be read by user ") != std::string::npos);
      CHECK(said.find(": not a regular file: it is a ") != std::string::npos);
    }
  }
  const std::string large = certificates().write("large", std::string(17 << 20, 'x'));
  CHECK(of_chain(large) == "is larger than 1 MiB");
  CHECK(of_key(large) == "is larger than 1 MiB");
  CHECK(of_authorities(large) == "CA file " + large + " is larger than 16 MiB");
}

TEST_CASE("FY6 tls files: another format is called what it is, with the command that converts it") {
  const std::string der =
      file_of("leaf.der", [](BIO* out) { i2d_X509_bio(out, certificate().get()); });
  const std::string key_der =
      file_of("key.der", [](BIO* out) { i2d_PrivateKey_bio(out, key().get()); });
  const std::string in = " -in " + der + " -out " + der + ".pem";
  CHECK(of_chain(der) == "is DER, not PEM: openssl x509 -inform der" + in);
  CHECK(of_authorities(der) ==
        "CA file " + der + " holds no usable PEM certificate: it " + of_chain(der));
  CHECK(of_key(der) == "holds a certificate, and no key");
  CHECK(of_key(key_der).starts_with("is DER, not PEM: openssl pkey -inform der -in "));
  CHECK(of_chain(key_der) == "holds a key, and no certificate");
  const std::string p12 = pkcs12();
  CHECK(of_chain(p12).starts_with("is PKCS#12, not PEM: openssl pkcs12 -nokeys -in " + p12));
  CHECK(of_key(p12).starts_with("is PKCS#12, not PEM: openssl pkcs12 -nocerts -nodes -in " + p12));
  CHECK(of_chain(certificates().path("")).find("it is a folder") != std::string::npos);
  for (const auto& [text, says] : {
           std::pair<std::string, std::string>{"", "is empty"},
           {std::string("\xFE\xED\xFE\xED\0\0\0\2", 8), "is a Java keystore: keytool "},
           {std::string("\xFF\xFE-\0-\0", 6), "is UTF-16 text"},
           {"-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n",
            "holds a request for a certificate"},
           {"-----BEGIN PKCS7-----\nAA==\n-----END PKCS7-----\n", "is PKCS#7: openssl pkcs7"},
           {"no certificate\n", "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"},
           {"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
            "holds a damaged certificate, number 1: "},
           {"-----BEGIN CERTIFICATE-----\nAA", "holds a damaged certificate, number 1: "},
       }) {
    CAPTURE(text);
    CHECK(of_chain(certificates().write("odd", text)).starts_with(says));
  }
  for (const auto& [text, says] : {
           std::pair<std::string, std::string>{"-----BEGIN PUBLIC KEY-----\n",
                                               "holds a public key"},
           {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "holds a key of OpenSSH's: ssh-keygen "},
           {"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
            "holds a damaged key"},
           {"nothing", "holds no key in PEM (-----BEGIN PRIVATE KEY-----)"},
       }) {
    CAPTURE(text);
    CHECK(of_key(certificates().write("odd", text)).starts_with(says));
  }
}

TEST_CASE("tls files: what stands around the PEM does not matter") {
  const std::string pem = certificates().read("files.pem");
  CHECK(of_chain(certificates().write("odd", "\xEF\xBB\xBF" + pem)) == "read");
  CHECK(of_chain(certificates().write("odd", "subject=x\r\n" + pem + "\n\n# end\n")) == "read");
  CHECK(of_key(certificates().write("odd", pem + certificates().read("files.key"))) == "read");
}

TEST_CASE("tls files: a certificate is called by its subject, else by its first name") {
  CHECK(subject_of(certificate().get()) == "\"CN=files\"");
}
