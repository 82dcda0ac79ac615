#include "proxy/forward_fields.hpp"

#include "base/text.hpp"
#include "http/error.hpp"

namespace lintel::proxy {

using http::field;
using http::field_id;

namespace {

constexpr std::size_t longest_request_id = 128;
constexpr std::size_t most_added = 10;  ///< fields of our own

/// Fields that concern one connection only, whatever Connection says (RFC 9110 §7.6.1).
bool is_hop_by_hop(field_id id)
{
    switch (id) {
        case field_id::connection:
        case field_id::http2_settings:
        case field_id::keep_alive:
        case field_id::proxy_authenticate:
        case field_id::proxy_authorization:
        case field_id::proxy_connection:
        case field_id::te:
        case field_id::transfer_encoding:
        case field_id::upgrade: return true;
        default: return false;
    }
}

bool says_where_from(field_id id)
{
    switch (id) {
        case field_id::forwarded:
        case field_id::x_forwarded_for:
        case field_id::x_forwarded_host:
        case field_id::x_forwarded_other:
        case field_id::x_forwarded_port:
        case field_id::x_forwarded_prefix:
        case field_id::x_forwarded_proto:
        case field_id::x_real_ip: return true;
        default: return false;
    }
}

bool is_named(const field& candidate, const field_names& names)
{
    return std::ranges::any_of(names, [&](auto name) { return text::equal_caseless(name, candidate.name); });
}

std::string_view value_of(const http::fields& all, field_id id)
{
    const auto* found = all.find(id);
    return found != nullptr ? found->value : std::string_view();
}

std::string joined(const http::fields& all, field_id id)
{
    std::string list;
    for (const auto& each : all) {
        if (each.id == id) (list += list.empty() ? "" : ", ") += each.value;
    }
    return list;
}

std::string_view port_of(std::string_view authority, bool encrypted)
{
    auto colon = authority.rfind(':');
    bool has_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
    if (has_port && colon + 1 < authority.size()) return authority.substr(colon + 1);
    return encrypted ? "443" : "80";
}

/// `Subject="…"` in the percent-encoding that Traefik's passTLSClientCert has; empty where there is no certificate.
std::string subject_info(std::string_view subject)
{
    if (subject.empty()) return {};
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string info;
    for (unsigned char c : "Subject=\"" + std::string(subject) + '"') {
        bool plain = text::is_alnum(static_cast<char>(c)) ||
                     std::string_view("-._~").find(static_cast<char>(c)) != std::string_view::npos;
        if (plain)
            info += static_cast<char>(c);
        else if (c == ' ')
            info += '+';
        else
            info += {'%', digits[c >> 4], digits[c & 15]};
    }
    return info;
}

}  // namespace

field_names nominated(const http::fields& all)
{
    field_names names;
    for (const auto& each : all) {
        if (each.id != field_id::connection) continue;
        for (auto name : text::split_list(each.value)) {
            bool option = text::equal_caseless(name, "close") || text::equal_caseless(name, "keep-alive");
            if (!option) names.push_back(name);
        }
    }
    return names;
}

http::fields without(const http::fields& all, const field_names& names)
{
    auto kept = all;
    kept.remove_if([&](const field& each) { return is_named(each, names); });
    return kept;
}

std::string client_address(const net::address& peer, const http::fields& fields, const net::network_set& trusted)
{
    if (!trusted.contains(peer)) return peer.ip();
    auto list = joined(fields, field_id::x_forwarded_for);
    auto hops = text::split_list(list);
    std::string nearest = peer.ip();
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        auto address = net::address::of_ip(*hop, 0);
        if (!address) break;
        nearest = address->ip();
        if (!trusted.contains(*address)) break;
    }
    return nearest;
}

result<std::optional<std::uint64_t>> forwards_left(const http::request_head& request)
{
    std::optional<std::uint64_t> left;
    bool counts = request.is("OPTIONS") || request.is("TRACE");
    auto said = counts ? request.fields.count(field_id::max_forwards) : 0;
    if (said == 0) return left;
    left = text::parse_decimal(value_of(request.fields, field_id::max_forwards));
    if (said > 1 || !left) return error_code(http::errc::bad_field_value);
    return left;
}

forwarded_request::forwarded_request(const http::exchange& exchange, worker_state& worker, std::string_view client)
    : client_(client)
{
    const auto& received = exchange.request();
    bool trusted = worker.settings.trusted_proxies.contains(exchange.connection().peer());
    head_.method = received.method;
    head_.path = normal_path_ = received.path;
    received_path_ = received.raw_path;
    head_.query = received.query;
    head_.authority = received_authority_ = received.authority;
    auto length = value_of(received.fields, field_id::content_length);
    bool bodiless = received.fields.count(field_id::transfer_encoding) == 0 && (length.empty() || length == "0");
    bool can_switch = received.is("GET") && received.version != http::version::http_1_0 && bodiless;
    websocket_ = can_switch && text::equal_caseless(received.upgrade(), "websocket");

    nominated_ = nominated(received.fields);
    auto said = forwards_left(received);
    auto left = said ? *said : std::nullopt;
    head_.fields.make_room(received.fields.size() + most_added);
    for (const auto& each : received.fields) {
        bool dropped = is_hop_by_hop(each.id) || says_where_from(each.id) || is_named(each, nominated_);
        bool ours = each.id == field_id::expect || each.id == field_id::proxy || each.id == field_id::x_request_id ||
                    (each.id == field_id::max_forwards && left);
        if (!dropped && !ours) head_.fields.add(each);
    }
    if (received.fields.has_token(field_id::te, "trailers")) head_.fields.add("TE", "trailers");
    if (websocket_) head_.fields.add("Upgrade", "websocket");
    if (left && *left > 0) {
        max_forwards_ = std::to_string(*left - 1);
        head_.fields.add({"Max-Forwards", max_forwards_, field_id::max_forwards});
    }
    add_forwarded(exchange, trusted);
    add_request_id(received, worker);
}

void forwarded_request::address_to(const endpoint& target, bool pass_host, bool path_as_is)
{
    head_.path = path_as_is ? received_path_ : normal_path_;
    if (!pass_host) target_authority_ = target.authority();
    head_.authority = pass_host ? received_authority_ : std::string_view(target_authority_);
}

void forwarded_request::add_forwarded(const http::exchange& exchange, bool trusted)
{
    const auto& received = exchange.request();
    bool encrypted = exchange.connection().secured().encrypted;
    auto theirs_or = [&](field_id id, std::string_view ours) {
        auto theirs = trusted ? value_of(received.fields, id) : std::string_view();
        return theirs.empty() ? ours : theirs;
    };
    auto add = [&](std::string_view name, std::string_view value, field_id id) { head_.fields.add({name, value, id}); };
    std::string_view proto = encrypted ? "https" : "http", by = client_;
    if (trusted) {
        for_ = joined(received.fields, field_id::x_forwarded_for);
        if (!for_.empty()) for_ += ", ";
        by = for_ += exchange.connection().peer().ip();
    }
    add("X-Forwarded-For", by, field_id::x_forwarded_for);
    add("X-Forwarded-Proto", theirs_or(field_id::x_forwarded_proto, proto), field_id::x_forwarded_proto);
    add("X-Forwarded-Host", theirs_or(field_id::x_forwarded_host, received.authority), field_id::x_forwarded_host);
    auto port = port_of(received.authority, encrypted);
    add("X-Forwarded-Port", theirs_or(field_id::x_forwarded_port, port), field_id::x_forwarded_port);
    add("X-Real-IP", theirs_or(field_id::x_real_ip, client_), field_id::x_real_ip);
    constexpr std::string_view subject = "X-Forwarded-Tls-Client-Cert-Info";
    subject_ = subject_info(exchange.connection().secured().client_subject);
    if (!subject_.empty()) add(subject, subject_, field_id::x_forwarded_other);
    if (!trusted) return;
    for (const auto& each : received.fields) {
        bool theirs = each.id == field_id::forwarded || each.id == field_id::x_forwarded_prefix ||
                      each.id == field_id::x_forwarded_other;
        bool replaced = !subject_.empty() && text::equal_caseless(each.name, subject);
        if (theirs && !replaced) head_.fields.add(each);
    }
}

/// Passes a usable id on, makes one otherwise: 128 random bits in hexadecimal.
void forwarded_request::add_request_id(const http::request_head& received, worker_state& worker)
{
    auto given = value_of(received.fields, field_id::x_request_id);
    bool usable = received.fields.count(field_id::x_request_id) == 1 && given.size() <= longest_request_id &&
                  http::is_token(given);
    if (usable) {
        request_id_ = given;
    } else {
        constexpr std::string_view digits = "0123456789abcdef";
        auto* next = made_id_.data();
        for (int word = 0; word < 2; ++word) {
            auto bits = worker.random();
            for (int i = 0; i < 16; ++i, bits >>= 4) *next++ = digits[bits & 15];
        }
        request_id_ = {made_id_.data(), made_id_.size()};
    }
    head_.fields.add({"X-Request-Id", request_id_, field_id::x_request_id});
}

void strip_response(http::response_head& head, const field_names& named, bool switching)
{
    head.fields.remove_if([&](const field& each) {
        if (switching && each.id == field_id::upgrade) return false;
        return is_hop_by_hop(each.id) || is_named(each, named);
    });
}

}  // namespace lintel::proxy
