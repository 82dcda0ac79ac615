#pragma once
// When to try: the ladder of retries, and the time of a renewal. Pure: the clock is an argument.

#include "acme/client.hpp"
#include "store/records.hpp"

#include <optional>

namespace lintel::acme {

/// No CA is asked about a renewal less often than that, whatever it says (RFC 9773 §4.3.2).
inline constexpr duration longest_advice_pause = std::chrono::hours(24);

/// How long to wait after the `failures`-th failure in a row: a minute, two, …, six hours. Of what never reached the CA
/// sooner at first: no limit of its counts that.
duration retry_pause(int failures, bool reached_the_ca);

/// When a certificate is to be renewed without the CA's advice: after 2/3 of its life (1/2 of one under 10 days), up to
/// 2 % of its life earlier, each certificate by its own share of that, so that many from one hour don't come due in
/// one.
wall_clock::time_point usual_renewal(const store::certificate_record& of);

/// The moment to renew at. ARI's (RFC 9773 §4.2) where there is one, unless less than a twentieth of the life is left
/// by then: a CA that errs is not followed over the edge.
wall_clock::time_point renewal_time(const store::certificate_record& of);

/// Notes what the CA advises: the moment is picked at random once, and again only when the window changes (§4.2). True
/// when it did. `share`: a random number from 0 to 1.
bool follow(store::certificate_record& of, const renewal_window& advice, double share, wall_clock::time_point now);

}  // namespace lintel::acme
