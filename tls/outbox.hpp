#pragma once
// Ciphertext on its way from OpenSSL to the lower stream.

#include "net/stream.hpp"

#include <string>
#include <string_view>

namespace lintel::tls {

/// Takes everything, always, so that OpenSSL never stops in the middle of something. What belongs together (a flight
/// of the handshake, the records of one large write) is gathered and leaves in one send; a single record goes straight
/// through, without a copy. Owns memory only while the lower stream is too slow.
class outbox {
public:
    /// `gathers`: put() only collects until flush(); else it hands on what the lower stream takes at once.
    void gather(bool gathers) { gathers_ = gathers; }

    /// False when the lower stream has failed for good.
    bool put(net::stream& lower, std::string_view record);

    /// Hands everything on. Errors: `would_block` when something is left, what the lower stream reports.
    result<void> flush(net::stream& lower);

    bool empty() const { return bytes_.empty(); }

private:
    std::string bytes_;
    std::size_t gone_ = 0;  ///< of them
    bool gathers_ = false;
};

}  // namespace lintel::tls
