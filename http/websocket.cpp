#include "http/websocket.hpp"

#include "base/crypto.hpp"

#include <algorithm>
#include <array>

namespace lintel::http {

namespace {

unsigned octet(const std::string& header, std::size_t at) { return static_cast<unsigned char>(header[at]); }

/// How long the whole header is, as far as its first two bytes tell; 2 while they are missing.
std::size_t header_size(const std::string& header)
{
    if (header.size() < 2) return 2;
    auto length = octet(header, 1) & 0x7F;
    bool masked = (octet(header, 1) & 0x80) != 0;
    std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    return 2 + extended + (masked ? 4 : 0);
}

std::uint64_t payload_size(const std::string& header)
{
    std::uint64_t length = octet(header, 1) & 0x7F;
    if (length < 126) return length;
    std::size_t extended = length == 127 ? 8 : 2;
    length = 0;
    for (std::size_t i = 0; i < extended; ++i) length = length << 8 | octet(header, 2 + i);
    return length;
}

}  // namespace

void websocket_frames::pass(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (payload_left_ > 0) {
            auto step = std::min<std::uint64_t>(payload_left_, bytes.size());
            payload_left_ -= step;
            bytes.remove_prefix(step);
            continue;
        }
        auto missing = std::min(header_size(header_) - header_.size(), bytes.size());
        header_ += bytes.substr(0, missing);
        bytes.remove_prefix(missing);
        if (header_.size() < 2 || header_.size() < header_size(header_)) continue;
        payload_left_ = payload_size(header_);
        header_.clear();
    }
}

std::string new_websocket_key()
{
    std::array<std::byte, 16> nonce;
    crypto::random_bytes(nonce);
    return crypto::base64({reinterpret_cast<const char*>(nonce.data()), nonce.size()});
}

bool answers_websocket_key(std::string_view accept, std::string_view key)
{
    constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    return accept == crypto::base64(crypto::sha1(std::string(key).append(guid)));
}

}  // namespace lintel::http
