#pragma once
// The protocol of RFC 8555, a call per request. No policy: when to call what is the manager's.

#include "acme/account_key.hpp"
#include "acme/failure.hpp"
#include "http/fetch.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::acme {

/// RFC 8555 §7.1.1.
struct directory {
    std::string new_nonce, new_account, new_order, revoke_certificate, key_change;
    std::string renewal_info;  ///< RFC 9773; empty where the CA has none
    std::string terms_of_service;
    bool external_account_required = false;
    std::vector<std::string> caa_identities;      ///< what CAA records call the CA (RFC 8659); none: it doesn't say
    std::map<std::string, std::string> profiles;  ///< name → description (draft-ietf-acme-profiles)
};

enum class order_status { pending, ready, processing, valid, invalid };

/// RFC 8555 §7.1.3.
struct order {
    std::string url;
    order_status status = order_status::pending;
    std::vector<std::string> names;  ///< its identifiers' values, DNS and IP
    std::vector<std::string> authorizations;
    std::string finalize, certificate;  ///< URLs
    std::optional<failure> error;
    std::optional<duration> retry_after;
};

enum class check_status { pending, processing, valid, invalid, deactivated, expired, revoked };

/// RFC 8555 §8.
struct offered_challenge {
    std::string type;  ///< "http-01", "tls-alpn-01", "dns-01", …
    std::string url, token;
    check_status status = check_status::pending;
    std::optional<failure> error;
};

/// RFC 8555 §7.1.4.
struct authorization {
    std::string url, name;
    bool is_address = false, wildcard = false;
    check_status status = check_status::pending;
    std::vector<offered_challenge> challenges;
    std::optional<duration> retry_after;
};

/// RFC 9773 §4.2.
struct renewal_window {
    wall_clock::time_point start, end;
    std::string explanation_url;
    std::optional<duration> ask_again_in;  ///< Retry-After
};

/// Who speaks: the key, and the CA's name for the account (empty: the key itself is sent).
struct identity {
    account_key key;
    std::string url;
};

struct new_account {
    std::vector<std::string> contact{};  ///< "mailto:…"
    bool terms_agreed = false;
    bool only_existing = false;
    std::string external_binding{};  ///< a JWS of bind_external_account(); empty = none
};

struct new_order {
    std::vector<std::string> names{};   ///< addresses become "ip" identifiers (RFC 8738)
    std::string profile{}, replaces{};  ///< empty = left out
};

struct client_settings {
    std::string directory_url;
    std::string ca_file{};  ///< PEM file of whom to trust at the directory's host; empty = the system's
    duration timeout = std::chrono::seconds(30);
};

/// One CA. Keeps its directory and a stock of nonces; a badNonce is repeated with the fresh one, 10 times at most (RFC
/// 8555 §6.5). Belongs to the fetcher's executor.
class client {
public:
    /// `fetcher` must outlive the client.
    client(http::fetcher& fetcher, client_settings where);
    ~client();
    client(const client&) = delete;

    /// Fetched once, and anew after an hour or an answer that doesn't fit.
    task<answer<directory>> look_up();

    /// The account's URL: of a new one, or of the one that the key has already (RFC 8555 §7.3.1).
    task<answer<std::string>> register_account(account_key key, acme::new_account what);
    task<answer<void>> update_contact(identity who, std::vector<std::string> contact);
    task<answer<void>> deactivate_account(identity who);
    task<answer<void>> change_key(identity who, account_key next);  ///< RFC 8555 §7.3.5

    task<answer<order>> create_order(identity who, acme::new_order what);
    task<answer<order>> read_order(identity who, std::string url);
    /// The URLs of the account's orders, all pages; none where the CA doesn't list them (RFC 8555 §7.1.2.1).
    task<answer<std::vector<std::string>>> list_orders(identity who);

    task<answer<authorization>> read_authorization(identity who, std::string url);
    task<answer<void>> deactivate_authorization(identity who, std::string url);
    task<answer<void>> say_ready(identity who, std::string challenge_url);  ///< RFC 8555 §7.5.1

    task<answer<order>> finalize(identity who, std::string finalize_url, std::string csr_der);

    /// The chain as PEM. Where the CA offers alternates (RFC 8555 §7.4.2), the one whose topmost issuer is
    /// `preferred_chain`; empty or none like that: the CA's own choice.
    task<answer<std::string>> download(identity who, std::string url, std::string preferred_chain);

    /// `reason`: RFC 5280 §5.3.1, e.g. 1 = keyCompromise, 4 = superseded.
    task<answer<void>> revoke(identity who, std::string chain_pem, int reason);

    /// None where the CA has no ARI.
    task<answer<std::optional<renewal_window>>> renewal_info(std::string renewal_id);

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace lintel::acme
