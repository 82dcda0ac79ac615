#pragma once
// As much of WebSocket as a proxy needs: where one frame ends and the next begins (RFC 6455 §5.2), and a handshake.

#include <cstdint>
#include <string>
#include <string_view>

namespace lintel::http {

/// Follows the frames of one direction as their bytes pass.
class websocket_frames {
public:
    void pass(std::string_view bytes);

    /// A frame of one's own may be put in here.
    bool between_frames() const { return header_.empty() && payload_left_ == 0; }

private:
    std::string header_;  ///< of a frame whose header is not whole yet
    std::uint64_t payload_left_ = 0;
};

/// What a client of our own says in Sec-WebSocket-Key (RFC 6455 §4.1), and whether that is the answer to it (§4.2.2).
std::string new_websocket_key();
bool answers_websocket_key(std::string_view accept, std::string_view key);

/// An unmasked close frame with 1001, "going away" (RFC 6455 §7.4.1).
inline constexpr std::string_view websocket_goodbye{"\x88\x02\x03\xE9", 4};

}  // namespace lintel::http
