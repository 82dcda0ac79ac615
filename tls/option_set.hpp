#pragma once
// TLS options, compiled. Included by sources of tls/ only.

#include "base/result.hpp"
#include "model/objects.hpp"
#include "tls/openssl_ptr.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace lintel::tls {

/// One set with its SSL_CTX (22 KB, 1 ms to make), shared between stores and workers: all of it is immutable and safe
/// from any thread.
class option_set {
public:
    /// Where the options can't be kept, the set is closed.
    option_set(std::string id, model::tls_options spec);

    /// A closed one, for an id that nobody has defined.
    static std::shared_ptr<const option_set> missing(std::string id);

    const std::string& id() const { return id_; }
    const model::tls_options& spec() const { return spec_; }

    bool closed() const { return !context_; }
    const std::string& why_closed() const { return why_closed_; }

    /// Null where the set is closed.
    SSL_CTX* context() const { return context_.get(); }

    /// A hash of what is demanded of clients' certificates and of whose they may be; 0: nothing.
    std::uint64_t client_terms() const { return client_terms_; }

    /// Makes `session`, begun under another set, one of this set, for the client's `server_name`. Only from the client
    /// hello's callback: later some of it is decided already. Sessions are bound to what was demanded when they were
    /// made: none resumes under other demands, or for another name (RFC 6066 §3).
    void apply_to(SSL* session, std::string_view server_name) const;

    /// ALPN: the first of ours that is among `offered` (as on the wire, RFC 7301 §3.1). Empty when none is.
    std::string_view choose_protocol(std::string_view offered) const;

private:
    option_set() = default;
    checked<context_ptr> compile();

    std::string id_;
    model::tls_options spec_;
    std::string groups_, digest_, why_closed_;
    std::uint64_t client_terms_ = 0;
    context_ptr context_;
};

}  // namespace lintel::tls
