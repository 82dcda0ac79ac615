#pragma once
// Answers a CA's challenges (RFC 8555 §7.5): shows what it asks for, says so, waits for its verdict, takes it down
// again.

#include "acme/challenge_board.hpp"
#include "acme/client.hpp"
#include "acme/issuer.hpp"
#include "net/worker.hpp"

#include <map>
#include <memory>
#include <vector>

namespace lintel::acme {

/// Belongs to control's worker.
class prover {
public:
    /// All must outlive this. `resolvers`: for DNS-01.
    prover(net::worker& home, challenge_board& board, std::vector<net::address> resolvers);
    ~prover();

    /// Proves one pending authorization by the first of `types` that the CA offers. The CA is told "ready" only when
    /// every worker shows the answer, or every authoritative name server has it.
    task<answer<void>> prove(client& at, identity who, const issuer& whose, authorization what,
                             std::vector<challenge_type> types);

    /// Takes down what an interrupted run may have left in DNS for this authorization.
    task<void> clean_up(identity who, const issuer& whose, authorization what);

private:
    task<answer<void>> show_and_ask(client& at, identity who, authorization what, offered_challenge which,
                                    model::challenge shown);
    task<answer<void>> write_and_ask(client& at, identity who, const issuer& whose, authorization what,
                                     offered_challenge which);
    task<answer<void>> ask(client& at, identity who, const authorization& what, const offered_challenge& which);
    checked<dns_writer*> writer_of(const issuer& whose);

    net::worker& home_;
    challenge_board& board_;
    std::vector<net::address> resolvers_;
    std::map<std::string, std::unique_ptr<dns_writer>> writers_;  ///< by issuer
};

/// "http-01", "tls-alpn-01", "dns-01".
std::string_view name_of(challenge_type type);

/// Which challenges can prove `name` for this issuer, in the order to try them: a wildcard only by DNS, an address
/// never by it. `turn` other than 0 begins further on in that order.
std::vector<challenge_type> usable_challenges(const issuer& whose, const std::string& name, int turn = 0);

/// How long to wait before asking again for the `asked`-th time: what the CA says (RFC 8555 §7.5.1), within bounds.
duration poll_pause(std::optional<duration> retry_after, int asked);

/// The failure of a CA that is to be asked again at `again`, later than we wait: whoever goes on does it then.
std::unexpected<failure> too_slow(time_point again, std::string why);

}  // namespace lintel::acme
