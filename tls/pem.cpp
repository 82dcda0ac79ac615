#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace lintel::tls {

namespace {

bio_ptr reader_of(std::string_view text)
{
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content_of(BIO* memory)
{
    char* data = nullptr;
    auto length = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(length)};
}

/// Never asks the terminal for a pass phrase.
int no_pass_phrase(char*, int, int, void*) { return -1; }

}  // namespace

checked<key_pair> parse_pair(std::string_view chain_pem, std::string_view key_pem)
{
    auto fail = [](std::string what) { return std::unexpected(problem{"", std::move(what)}); };
    key_pair pair;
    auto chain = reader_of(chain_pem);
    pair.leaf.reset(PEM_read_bio_X509(chain.get(), nullptr, no_pass_phrase, nullptr));
    if (!pair.leaf) return fail("no certificate in PEM form: " + last_openssl_error());
    pair.intermediates.reset(sk_X509_new_null());
    while (auto* next = PEM_read_bio_X509(chain.get(), nullptr, no_pass_phrase, nullptr)) {
        sk_X509_push(pair.intermediates.get(), next);
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return fail("a certificate after the first one is broken: " + last_openssl_error());
    }
    pair.key.reset(PEM_read_bio_PrivateKey(reader_of(key_pem).get(), nullptr, no_pass_phrase, nullptr));
    if (!pair.key)
        return fail("no private key in PEM form (encrypted keys are not supported): " + last_openssl_error());
    if (X509_check_private_key(pair.leaf.get(), pair.key.get()) != 1) {
        ERR_clear_error();
        return fail("the private key does not belong to the certificate");
    }
    ERR_clear_error();
    return pair;
}

key_ptr parse_key(std::string_view pem)
{
    key_ptr parsed(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_pass_phrase, nullptr));
    ERR_clear_error();
    return parsed;
}

x509_ptr parse_certificate(std::string_view pem)
{
    x509_ptr parsed(PEM_read_bio_X509(reader_of(pem).get(), nullptr, no_pass_phrase, nullptr));
    ERR_clear_error();
    return parsed;
}

checked<std::vector<x509_ptr>> parse_certificates(std::string_view pem)
{
    std::vector<x509_ptr> all;
    auto reader = reader_of(pem);
    while (auto* next = PEM_read_bio_X509(reader.get(), nullptr, no_pass_phrase, nullptr)) all.emplace_back(next);
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return std::unexpected(problem{"", "a certificate is broken: " + last_openssl_error()});
    ERR_clear_error();
    if (all.empty()) return std::unexpected(problem{"", "no certificate in PEM form"});
    return all;
}

std::string to_pem(X509* certificate)
{
    bio_ptr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate);
    return content_of(out.get());
}

std::string to_pem(EVP_PKEY* key)
{
    bio_ptr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return content_of(out.get());
}

std::string last_openssl_error()
{
    auto code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "error " + std::to_string(code);
}

}  // namespace lintel::tls
