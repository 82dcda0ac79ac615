#pragma once
// What gRPC asks of a proxy beyond HTTP ("gRPC over HTTP2" in the gRPC documentation). Pure.

#include "base/clock.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lintel::http {

/// Status codes of gRPC, as far as we answer them ourselves.
enum class grpc_status : int {
    cancelled = 1,
    deadline_exceeded = 4,
    permission_denied = 7,
    resource_exhausted = 8,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    unauthenticated = 16,
};

/// "application/grpc" with any message format ("+proto"), parameters aside; not gRPC-Web, which is plain HTTP.
bool is_grpc(std::string_view content_type);

/// A request whose content is.
bool asks_by_grpc(const request_head& request);

/// The value of grpc-timeout: at most 8 digits and one of H, M, S, m, u, n. None where it is something else.
std::optional<duration> parse_grpc_timeout(std::string_view value);

/// A sentence as grpc-message carries it: printable ASCII but '%' as it is, all else percent-encoded.
std::string grpc_message(std::string_view sentence);

/// What a gRPC client is told in place of a status of HTTP, given for the reason that Lintel-Reason has. UNAVAILABLE is
/// the one that clients take for worth another try.
grpc_status grpc_status_of(int status, std::string_view reason);

}  // namespace lintel::http
