#pragma once
// Certificates of the local CA for hosts that have no other.

#include "acme/shelf.hpp"
#include "acme/vault.hpp"
#include "tls/local_ca.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lintel::acme {

/// Keeps one certificate per name (clients refuse *.localhost). Made when first wanted, renewed 30 days before their
/// end, and kept for a day after their host lost its routes, so that its clients are told so instead of failing in the
/// handshake. Belongs to control's worker.
class local_issuer {
public:
    /// Reads or makes the CA in `state` and puts what it has issued before on `served`. Both must outlive the issuer.
    static checked<local_issuer> open(const std::filesystem::path& state, vault& records, shelf& served);

    /// Puts a certificate for each of `hosts` on the shelf.
    void provide(const std::vector<std::string>& hosts, wall_clock::time_point now);

    /// Writes down what was made since the last call, as one step. What can't be written stays served, and is tried
    /// again.
    void save();

private:
    struct issued {
        std::string id;
        wall_clock::time_point not_after, last_wanted;
    };

    local_issuer(tls::local_ca ca, vault& records, shelf& served)
        : ca_(std::move(ca)), records_(&records), served_(&served)
    {
    }

    void load(wall_clock::time_point now);
    void issue(const std::string& host, wall_clock::time_point now);
    store::certificate_record make(const std::string& host);
    void drop(const std::string& id);

    tls::local_ca ca_;
    vault* records_;  // pointers, so that it can be moved
    shelf* served_;
    std::map<std::string, issued, std::less<>> by_host_;
    store::changes unsaved_;
};

}  // namespace lintel::acme
