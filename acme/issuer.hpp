#pragma once
// Who may be asked for certificates, as lintel.yaml says (docs/certificates.md).

#include "acme/certificate_key.hpp"
#include "acme/dns_challenge.hpp"
#include "acme/preflight.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lintel::acme {

/// A CA's limits, from which our own are taken with a margin. 0 = none.
struct issuer_limits {
    int orders_per_3h = 300;
    int certificates_per_domain_per_week = 50;
    int duplicates_per_week = 5;
    int failures_per_name_per_hour = 5;
};

struct external_account {
    std::string kid;
    std::string hmac_key;  ///< base64url, never logged
};

struct issuer {
    std::string name;  ///< the key in lintel.yaml; built in: "letsencrypt", "letsencrypt-staging", "zerossl", "google"
    std::string directory;    ///< URL
    std::string ca_file;      ///< whom to trust at the directory's host; empty = the system's
    bool is_private = false;  ///< a directory of one's own: names that no public CA issues for are fine
    std::optional<external_account> binding;
    std::string profile, preferred_chain;
    key_kind key = key_kind::ecdsa_p256;
    std::vector<challenge_type> challenges;  ///< allowed ones, in order of preference; empty = all that can work
    std::string staging;                     ///< name of the issuer to rehearse with after a failure; empty = none
    std::optional<rfc2136_settings> rfc2136;
    std::string dns_exec;  ///< program of lego's exec contract; empty = none
    issuer_limits limits;

    bool has_dns() const { return rfc2136 || !dns_exec.empty(); }
};

enum class preflight_mode { require, advise, off };

struct certificate_settings {
    std::string email;
    bool accept_terms = false;                                  ///< an e-mail accepts them, too
    std::map<std::string, issuer> issuers;                      ///< by name, the built-in ones included
    std::vector<std::string> default_issuers{"letsencrypt"};    ///< asked in turn
    std::map<std::string, std::vector<std::string>> resolvers;  ///< Traefik's certresolver names → issuers
    std::map<std::string, std::vector<std::string>> hosts;      ///< host or "*.x" → issuers in place of the default
    preflight_mode preflight = preflight_mode::advise;
    std::vector<net::address> name_servers;        ///< for preflight and DNS-01; empty = the system's
    std::uint16_t http_port = 80, tls_port = 443;  ///< where CAs knock; for tests
    std::vector<std::string> imports;              ///< files and folders of other programs, read at start

    bool terms_accepted() const { return accept_terms || !email.empty(); }
};

std::map<std::string, issuer> built_in_issuers();

/// Reads the value of `issuers:` in lintel.yaml, a YAML map as text, over the built-in ones; an empty text is an empty
/// map. Problems name "issuers.NAME.KEY" and never tell a secret. Secrets are given by file (`eab.hmac_file`,
/// `rfc2136.secret_file`), which is read here, or in place. `is_private` is told by the directory's host unless
/// written.
std::expected<std::map<std::string, issuer>, std::vector<problem>> read_issuers(std::string_view yaml);

/// The same map with each secret file's content in place of its name, on one line: what a process that must not depend
/// on these files is told. `yaml`: what read_issuers() takes.
checked<std::string> with_secrets_in_place(std::string_view yaml);

/// Whom `settings` name and who doesn't exist, or can't be asked without an account of the CA's that nobody gave us.
/// `where`: "default_issuers", "resolvers.NAME" or "host_issuers.HOST".
std::vector<problem> problems_with(const certificate_settings& settings);

}  // namespace lintel::acme
