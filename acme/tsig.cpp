#include "acme/tsig.hpp"

#include "base/text.hpp"
#include "net/dns_message.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cassert>
#include <cstdlib>
#include <optional>

namespace lintel::acme {

namespace {

constexpr unsigned type_tsig = 250, class_any = 255;
constexpr std::size_t additional_count_at = 10;
constexpr std::uint16_t fudge_seconds = 300;  // RFC 8945 §10
constexpr unsigned bad_sig = 16, bad_key = 17, bad_time = 18, bad_trunc = 22;

/// The data of a TSIG record (RFC 8945 §4.2).
struct tsig_data {
    std::string algorithm;
    std::uint64_t time = 0;
    std::uint16_t fudge = fudge_seconds;
    std::string mac{};
    std::uint16_t original_id = 0, error = 0;
    std::string other{};
};

const EVP_MD* digest_of(std::string_view algorithm)
{
    if (algorithm == "hmac-sha256") return EVP_sha256();
    if (algorithm == "hmac-sha512") return EVP_sha512();
    if (algorithm == "hmac-sha384") return EVP_sha384();
    if (algorithm == "hmac-sha224") return EVP_sha224();
    if (algorithm == "hmac-sha1") return EVP_sha1();
    return nullptr;
}

std::string hmac(const tsig_key& key, std::string_view bytes)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    auto* done = HMAC(digest_of(key.algorithm), key.secret.data(), static_cast<int>(key.secret.size()), data,
                      bytes.size(), out.data(), &size);
    assert(done != nullptr);
    return done == nullptr ? std::string() : std::string(out.begin(), out.begin() + size);
}

/// None when `text` is no base64 with its padding.
std::optional<std::string> from_base64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0) return {};
    std::string bytes(text.size() / 4 * 3, '\0');
    auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return {};
    for (auto rest = text; rest.ends_with('=') && size > 0; rest.remove_suffix(1)) --size;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
}

/// What is signed besides the message (RFC 8945 §4.3.3).
std::string variables(const tsig_key& key, const tsig_data& data)
{
    net::dns_builder out;
    out.name(key.name).u16(class_any).u32(0).name(data.algorithm).u48(data.time).u16(data.fudge).u16(data.error);
    return out.u16(static_cast<unsigned>(data.other.size())).bytes(data.other).text();
}

std::string record(const tsig_key& key, const tsig_data& data)
{
    net::dns_builder inside;
    inside.name(data.algorithm).u48(data.time).u16(data.fudge);
    inside.u16(static_cast<unsigned>(data.mac.size())).bytes(data.mac).u16(data.original_id).u16(data.error);
    inside.u16(static_cast<unsigned>(data.other.size())).bytes(data.other);
    net::dns_builder out;
    out.name(key.name).u16(type_tsig).u16(class_any).u32(0);
    return out.u16(static_cast<unsigned>(inside.text().size())).bytes(inside.text()).text();
}

std::optional<tsig_data> read_data(std::string_view message, const net::dns_record& from)
{
    net::dns_reader in(message, from.data_at);
    tsig_data data;
    data.algorithm = in.name();
    data.time = in.u48();
    data.fudge = in.u16();
    data.mac = in.bytes(in.u16());
    data.original_id = in.u16();
    data.error = in.u16();
    data.other = in.bytes(in.u16());
    if (!in.good() || in.at() != from.data_at + from.data_size) return {};
    return data;
}

/// The message as it was before it was signed.
std::string without_signature(std::string_view message, const net::dns_record& signature, std::uint16_t original_id)
{
    std::string bytes(message.substr(0, signature.begins_at));
    bytes.replace(0, 2, net::dns_builder().u16(original_id).text());
    auto count = net::dns_reader(message, additional_count_at).u16();
    return bytes.replace(additional_count_at, 2, net::dns_builder().u16(count - 1U).text());
}

std::uint64_t seconds_of(wall_clock::time_point when)
{
    return static_cast<std::uint64_t>(wall_clock::to_time_t(when));
}

std::chrono::seconds between(std::uint64_t theirs, std::uint64_t ours)
{
    return std::chrono::seconds(static_cast<std::int64_t>(theirs) - static_cast<std::int64_t>(ours));
}

/// What the server complains of (RFC 8945 §5.2); none: nothing.
std::optional<tsig_verdict> complaint(const tsig_data& data, wall_clock::time_point now)
{
    using kind = tsig_verdict::kind;
    switch (data.error) {
        case 0: return {};
        case bad_key: return tsig_verdict{kind::bad_key};
        case bad_sig: return tsig_verdict{kind::bad_signature};
        case bad_trunc: return tsig_verdict{kind::bad_truncation};
        case bad_time: {
            auto theirs = data.other.size() == 6 ? net::dns_reader(data.other).u48() : data.time;
            return tsig_verdict{kind::bad_time, between(theirs, seconds_of(now))};
        }
        default: return tsig_verdict{kind::forged};
    }
}

}  // namespace

checked<tsig_key> make_tsig_key(std::string_view name, std::string_view algorithm, std::string_view secret)
{
    tsig_key key{net::canonical_dns_name(name), net::canonical_dns_name(algorithm), {}};
    if (digest_of(key.algorithm) == nullptr) {
        return std::unexpected(problem{"algorithm", "\"" + text::printable(algorithm) +
                                                        "\" is none of hmac-sha256, hmac-sha512, hmac-sha384, "
                                                        "hmac-sha224 and hmac-sha1"});
    }
    if (key.name.empty() || !net::dns_builder().name(key.name).good())
        return std::unexpected(problem{"key name", "\"" + text::printable(name) + "\" is no name of a key"});
    auto bytes = from_base64(text::trim(secret));
    if (!bytes || bytes->empty())
        return std::unexpected(problem{"secret", "the secret of a TSIG key is base64, as tsig-keygen writes it"});
    key.secret = std::move(*bytes);
    return key;
}

signed_message sign(const tsig_key& key, std::string message, wall_clock::time_point now)
{
    tsig_data data{.algorithm = key.algorithm, .time = seconds_of(now), .original_id = net::dns_reader(message).u16()};
    data.mac = hmac(key, message + variables(key, data));
    message.replace(additional_count_at, 2, net::dns_builder().u16(1).text());
    return {message + record(key, data), data.mac};
}

tsig_verdict verify(const tsig_key& key, std::string_view answer, std::string_view request_mac,
                    wall_clock::time_point now)
{
    using kind = tsig_verdict::kind;
    auto message = net::read_dns_message(answer);
    if (!message) return {kind::forged};
    if (message->additional.empty() || message->additional.back().type != type_tsig) return {kind::unsigned_answer};
    const auto& signature = message->additional.back();
    auto data = read_data(answer, signature);
    if (!data) return {kind::forged};
    if (auto said = complaint(*data, now)) return *said;
    if (signature.owner != key.name || data->algorithm != key.algorithm) return {kind::forged};

    auto request = net::dns_builder().u16(static_cast<unsigned>(request_mac.size())).bytes(request_mac).text();
    auto bare = without_signature(answer, signature, data->original_id);
    auto expected = hmac(key, request + bare + variables(key, *data));
    bool fits =
        data->mac.size() == expected.size() && CRYPTO_memcmp(data->mac.data(), expected.data(), expected.size()) == 0;
    if (!fits) return {kind::forged};
    auto ahead = between(data->time, seconds_of(now));
    if (std::chrono::abs(ahead) > std::chrono::seconds(data->fudge)) return {kind::bad_time, ahead};
    return {kind::good};
}

}  // namespace lintel::acme
