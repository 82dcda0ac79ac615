#pragma once
// What must survive a restart of control: certificates with their keys, ACME accounts, orders under way, and what
// keeps us within a CA's limits. Plain data, and the narrow door to wherever it is kept.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::store {

/// A certificate that was issued to us, or imported.
struct certificate_record {
    std::string id;                  ///< SHA-256 of the leaf's DER, hexadecimal
    std::vector<std::string> names;  ///< of its subjectAltName: lower case, "*.x", or addresses as text
    std::string issuer;     ///< name of the issuer in lintel.yaml, "local", or "import" for one from another program
    std::string chain_pem;  ///< leaf first
    std::string key_pem;    ///< PKCS #8, never logged
    wall_clock::time_point not_before, not_after;
    std::string profile;  ///< that it was ordered under; empty = the CA's own choice
    /// ARI (RFC 9773): the moment that was picked in the CA's window, the window that it was picked in, and when to ask
    /// again. Zero where the CA says nothing.
    wall_clock::time_point renew_at, window_start, window_end, ask_again_at;

    bool operator==(const certificate_record&) const = default;
};

/// An account at a CA. Known by the directory's URL: whoever renames an issuer keeps the account.
struct account_record {
    std::string directory;
    std::string key_pem;               ///< never logged
    std::string url;                   ///< the CA's name for it (RFC 8555 §7.3); empty until it has answered
    std::vector<std::string> contact;  ///< "mailto:…", as the CA knows them
    std::string next_key_pem;          ///< set while a key change is under way (RFC 8555 §7.3.5)

    bool operator==(const account_record&) const = default;
};

/// An order under way. It is written down before each step that the CA would remember, so that whoever comes after a
/// crash goes on with it.
struct order_record {
    std::string id;                  ///< random
    std::string issuer, directory;   ///< the issuer's name, and where it is ordered
    std::vector<std::string> names;  ///< what was asked for; the CSR takes the order's own
    std::string profile, replaces;   ///< of newOrder; empty = left out
    std::string key_pem;             ///< the certificate's, made before newOrder
    std::string url;                 ///< empty until the CA has said it
    std::string csr_der;             ///< made before finalize
    std::string predecessor;         ///< id of the certificate that this one is to replace; empty = none
    wall_clock::time_point created;

    bool operator==(const order_record&) const = default;
};

/// How an effort fares that failed: no other one before `next_try`.
struct setback_record {
    std::string subject;  ///< "ISSUER NAME,NAME…", or "ISSUER" for the account itself
    int failures = 0;     ///< in a row
    wall_clock::time_point last_try, next_try;
    std::string why;         ///< the CA's words or ours
    bool rehearsed = false;  ///< passed against the staging directory since it failed

    bool operator==(const setback_record&) const = default;
};

/// A token bucket of our own below a CA's limits.
struct bucket_record {
    std::string key;
    double tokens = 0;  ///< at `updated`
    wall_clock::time_point updated;

    bool operator==(const bucket_record&) const = default;
};

template <class Record>
using table = std::map<std::string, Record>;  // by the record's key

struct contents {
    table<certificate_record> certificates;  ///< by id
    table<account_record> accounts;          ///< by directory
    table<order_record> orders;              ///< by id
    table<setback_record> setbacks;          ///< by subject
    table<bucket_record> buckets;            ///< by key
};

template <class Record>
struct table_changes {
    std::vector<Record> put;         ///< replaces what has the same key
    std::vector<std::string> erase;  ///< keys
};

struct changes {
    table_changes<certificate_record> certificates;
    table_changes<account_record> accounts;
    table_changes<order_record> orders;
    table_changes<setback_record> setbacks;
    table_changes<bucket_record> buckets;
};

/// Belongs to one thread.
class records {
public:
    virtual ~records() = default;

    /// All of it. A problem when it can't be read: it names the file and what to do.
    virtual checked<contents> load() = 0;

    /// All of `step` or none of it; on disk when it returns. Problems: the disk is full, the file is locked by another
    /// program, …: nothing has changed then, and a later call may succeed.
    virtual checked<void> commit(const changes& step) = 0;
};

}  // namespace lintel::store
