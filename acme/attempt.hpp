#pragma once
// One try to get a certificate from one issuer: what has to be right before a CA is asked, the order, and what is noted
// when it fails.

#include "acme/attempt_tools.hpp"

#include <string>

namespace lintel::acme {

struct attempt_result {
    store::certificate_record certificate;
    store::order_record order;
};

/// Gets a certificate for `names`. `predecessor`: the one that it replaces, or null. A failure is noted in the records
/// as a set-back; a success stays an order until whoever keeps the certificate erases it.
task<answer<attempt_result>> try_issuer(attempt_tools with, const issuer& whose, std::vector<std::string> names,
                                        const store::certificate_record* predecessor, progress tell);

}  // namespace lintel::acme
