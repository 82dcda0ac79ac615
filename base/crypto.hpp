#pragma once
// Digests, randomness and text encodings. The only door to libcrypto below tls/.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lintel::crypto {

/// Lower-case hexadecimal SHA-256 (64 characters).
std::string sha256_hex(std::string_view bytes);

/// Fills `into` from the system's generator; throws std::runtime_error when it has none.
void random_bytes(std::span<std::byte> into);

/// `count` random bytes as 2 × `count` hexadecimal characters.
std::string random_hex(std::size_t count);

std::string hex(std::string_view bytes);

/// The bytes that `hex()` was given; empty when `digits` is anything else.
std::string from_hex(std::string_view digits);

std::string base64(std::string_view bytes);

/// The SHA-1 of `bytes`, raw: for Sec-WebSocket-Accept only (RFC 6455 §4.2.2).
std::string sha1(std::string_view bytes);

}  // namespace lintel::crypto
