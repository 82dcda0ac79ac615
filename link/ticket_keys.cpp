#include "link/ticket_keys.hpp"

#include "base/crypto.hpp"

#include <algorithm>

namespace lintel::link {

namespace {

constexpr std::size_t secret_bytes = 80;

std::string new_secret()
{
    std::string secret(secret_bytes, '\0');
    crypto::random_bytes(std::as_writable_bytes(std::span(secret)));
    return secret;
}

}  // namespace

void ticket_rotation::adopt(const std::vector<ticket_key>& theirs, wall_clock::time_point now)
{
    for (auto each : theirs) {
        bool known = std::ranges::any_of(keys_, [&](const auto& ours) { return ours.secret == each.secret; });
        if (known || each.secret.size() != secret_bytes) continue;
        each.made = std::min(each.made, now);  // a clock that was wrong must not stop the rotation
        keys_.push_back(std::move(each));
    }
    std::ranges::sort(keys_, std::greater{}, &ticket_key::made);
    keys_.resize(std::min(keys_.size(), kept));
}

bool ticket_rotation::renew(wall_clock::time_point now)
{
    for (auto& each : keys_) each.made = std::min(each.made, now);
    if (!keys_.empty() && now - keys_.front().made < period) return false;
    keys_.insert(keys_.begin(), {new_secret(), now});
    keys_.resize(std::min(keys_.size(), kept));
    return true;
}

}  // namespace lintel::link
