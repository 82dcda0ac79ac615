#pragma once
// Our accounts at CAs.

#include "acme/client.hpp"
#include "acme/issuer.hpp"
#include "acme/vault.hpp"
#include "net/turns.hpp"
#include "net/worker.hpp"

#include <map>
#include <memory>
#include <string>

namespace lintel::acme {

/// One client and one account per directory. Belongs to control's worker.
class accounts {
public:
    /// All must outlive this.
    accounts(net::worker& home, http::fetcher& fetcher, vault& records, const certificate_settings& settings);
    ~accounts();

    client& client_of(const issuer& whose);

    /// Who we are there. The account is made when it is first needed: its key is on disk before the CA hears of it.
    /// Whoever asks meanwhile waits for the same answer, and where the CA says when to come again (Retry-After),
    /// whoever asks before that gets it, too.
    task<answer<identity>> enter(const issuer& whose);

    /// The CA doesn't know the account (any more): the next enter() registers anew.
    void forget(const issuer& whose);

    /// A new key for the account (RFC 8555 §7.3.5): written down first, so that a crash between leaves one that works.
    /// Refused where there is no account.
    task<answer<void>> change_key(const issuer& whose);

    /// Closes the account for good; its key is forgotten. Refused where there is none.
    task<answer<void>> deactivate(const issuer& whose);

private:
    struct ca;
    ca& at(const issuer& whose);
    task<answer<identity>> open_account(const issuer& whose, client& there);
    task<answer<identity>> register_account(const issuer& whose, client& there, store::account_record known);
    task<answer<identity>> settle_key_change(client& there, store::account_record known);
    task<answer<identity>> settle_contact(client& there, store::account_record known);
    answer<void> has_one(const issuer& whose) const;
    std::vector<std::string> contact() const;
    answer<void> keep(const store::account_record& what);

    net::worker& home_;
    http::fetcher& fetcher_;
    vault& vault_;
    const certificate_settings& settings_;
    std::map<std::string, std::unique_ptr<ca>> cas_;  ///< by directory
};

}  // namespace lintel::acme
