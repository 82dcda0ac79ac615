#pragma once
// OpenSSL's objects with an owner.

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace lintel::tls {

template <auto Free>
struct freed_by {
    template <class Object>
    void operator()(Object* object) const
    {
        Free(object);
    }
};

inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using chain_ptr = std::unique_ptr<STACK_OF(X509), freed_by<free_chain>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using context_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;

}  // namespace lintel::tls
