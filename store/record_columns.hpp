#pragma once
// Which member of a record is kept in which column. The first column is the record's key.

#include "store/records.hpp"

#include <tuple>

namespace lintel::store {

template <class Record, class Member>
struct column {
    const char* name;
    Member Record::* member;
    bool is_binary = false;  ///< kept as a BLOB
};

template <class Record>
struct columns_of;

template <>
struct columns_of<certificate_record> {
    using row = certificate_record;
    static constexpr auto table = "certificates";
    static constexpr std::tuple all{
        column{"id", &row::id},
        column{"names", &row::names},
        column{"issuer", &row::issuer},
        column{"chain_pem", &row::chain_pem},
        column{"key_pem", &row::key_pem},
        column{"not_before", &row::not_before},
        column{"not_after", &row::not_after},
        column{"profile", &row::profile},
        column{"renew_at", &row::renew_at},
        column{"window_start", &row::window_start},
        column{"window_end", &row::window_end},
        column{"ask_again_at", &row::ask_again_at},
    };
};

template <>
struct columns_of<account_record> {
    using row = account_record;
    static constexpr auto table = "accounts";
    static constexpr std::tuple all{
        column{"directory", &row::directory}, column{"key_pem", &row::key_pem},           column{"url", &row::url},
        column{"contact", &row::contact},     column{"next_key_pem", &row::next_key_pem},
    };
};

template <>
struct columns_of<order_record> {
    using row = order_record;
    static constexpr auto table = "orders";
    static constexpr std::tuple all{
        column{"id", &row::id},
        column{"issuer", &row::issuer},
        column{"directory", &row::directory},
        column{"names", &row::names},
        column{"profile", &row::profile},
        column{"replaces", &row::replaces},
        column{"key_pem", &row::key_pem},
        column{"url", &row::url},
        column{"csr_der", &row::csr_der, true},
        column{"predecessor", &row::predecessor},
        column{"created", &row::created},
    };
};

template <>
struct columns_of<setback_record> {
    using row = setback_record;
    static constexpr auto table = "setbacks";
    static constexpr std::tuple all{
        column{"subject", &row::subject},   column{"failures", &row::failures}, column{"last_try", &row::last_try},
        column{"next_try", &row::next_try}, column{"why", &row::why},           column{"rehearsed", &row::rehearsed},
    };
};

template <>
struct columns_of<bucket_record> {
    using row = bucket_record;
    static constexpr auto table = "buckets";
    static constexpr std::tuple all{
        column{"key", &row::key},
        column{"tokens", &row::tokens},
        column{"updated", &row::updated},
    };
};

}  // namespace lintel::store
