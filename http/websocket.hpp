#pragma once
// As much of WebSocket as a proxy needs: where one frame ends and the next begins (RFC 6455 §5.2).

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

/// An unmasked close frame with 1001, "going away" (RFC 6455 §7.4.1).
inline constexpr std::string_view websocket_goodbye{"\x88\x02\x03\xE9", 4};

}  // namespace lintel::http
