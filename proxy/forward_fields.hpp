#pragma once
// The head that goes upstream and the head that goes back: without what belongs to one connection only, with what the
// app must know of the client.

#include "http/exchange.hpp"
#include "proxy/worker_state.hpp"

#include <array>
#include <string>

namespace lintel::proxy {

using field_names = std::vector<std::string_view>;

/// The names that Connection nominates (RFC 9110 §7.6.1), but those that never stand for a field.
field_names nominated(const http::fields& all);
http::fields without(const http::fields& all, const field_names& names);

/// The client's address: the socket's, or behind trusted proxies the last one in X-Forwarded-For that isn't theirs.
std::string client_address(const net::address& peer, const http::fields& fields, const net::network_set& trusted);

/// How many more hands an OPTIONS or TRACE request may go through (RFC 9110 §7.6.2); none when it doesn't say. Error
/// `bad_field_value`: it says so twice, or no number.
result<std::optional<std::uint64_t>> forwards_left(const http::request_head& request);

/// The upstream's request head, with the texts that its views point to.
class forwarded_request {
public:
    /// Leaves out hop-by-hop fields and those that Connection names (RFC 9110 §7.6.1), Expect, Proxy, what an untrusted
    /// client says of X-Forwarded-*, X-Real-IP and Forwarded; counts Max-Forwards down (RFC 9110 §7.6.2); then adds
    /// ours. `exchange` must outlive it. `client`: client_address().
    forwarded_request(const http::exchange& exchange, worker_state& worker, std::string_view client);
    forwarded_request(const forwarded_request&) = delete;

    const http::request_head& head() const { return head_; }
    std::string_view request_id() const { return request_id_; }
    /// What Connection named: not forwarded as a trailer either.
    const field_names& not_forwarded() const { return nominated_; }
    bool is_websocket() const { return websocket_; }

    /// `pass_host`: the client's authority, else the endpoint's. `path_as_is`: the path as received, else its normal
    /// form.
    void address_to(const endpoint& target, bool pass_host, bool path_as_is);

private:
    void add_forwarded(const http::exchange& exchange, bool trusted);
    void add_request_id(const http::request_head& received, worker_state& worker);

    http::request_head head_;
    field_names nominated_;
    std::string client_, for_, subject_, target_authority_, max_forwards_;
    std::array<char, 32> made_id_;
    std::string_view request_id_;
    std::string_view received_authority_, received_path_, normal_path_;
    bool websocket_ = false;
};

/// Takes hop-by-hop fields and those that Connection nominated out of an upstream's head. `switching`: Upgrade stays
/// (101).
void strip_response(http::response_head& head, const field_names& named, bool switching);

}  // namespace lintel::proxy
