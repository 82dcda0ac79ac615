#pragma once
// What failed and until when nothing is tried again. It is in the records, so that a restart changes nothing.

#include "acme/failure.hpp"
#include "acme/issuer.hpp"
#include "acme/vault.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

/// The last failure of an order for these names, in a row of failures; null: the last one went well.
const store::setback_record* setback_of(const vault& records, const issuer& whose,
                                        const std::vector<std::string>& names);

/// What the CA has told to wait, as of `now`: all orders, those of a registered domain of one of `names`, or just this.
/// Null: nothing. Of several the one that lasts longest.
const store::setback_record* hold_on(const vault& records, const issuer& whose, const std::vector<std::string>& names,
                                     wall_clock::time_point now);

/// No order for `names` before it: what the CA has told to wait, and the pauses that we make after failures.
wall_clock::time_point held_until(const vault& records, const issuer& whose, const std::vector<std::string>& names,
                                  wall_clock::time_point now);

/// Whether the CA has told to wait, and what: part of a step that is then committed. A limit that names none of the
/// names is the account's, and all orders wait.
void note_hold(const issuer& whose, const std::vector<std::string>& names, const failure& why,
               wall_clock::time_point now, store::changes& into);

/// A failure more: the next try is later than after the one before. `words`: for the owner. Returns the pause.
duration note_failure(const vault& records, const issuer& whose, const std::vector<std::string>& names,
                      const failure& why, std::string words, wall_clock::time_point now, store::changes& into);

/// Forgets the failures of these names, but not what the CA has told to wait.
void forgive(const vault& records, const issuer& whose, const std::vector<std::string>& names, store::changes& into);

}  // namespace lintel::acme
