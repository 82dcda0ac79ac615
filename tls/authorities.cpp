#include "tls/authorities.hpp"

#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace lintel::tls {

checked<std::string> read_authorities(std::string_view pem)
{
    auto fail = [](std::string what) { return std::unexpected(problem{"", std::move(what)}); };
    ERR_clear_error();
    bio_ptr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::string certificates;
    while (x509_ptr next{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) certificates += to_pem(next.get());
    // Where no further certificate begins, OpenSSL says so as an error.
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end) return fail("a certificate in it is broken: " + last_openssl_error());
    ERR_clear_error();
    if (certificates.empty()) return fail("there is no certificate in PEM form in it");
    return certificates;
}

}  // namespace lintel::tls
