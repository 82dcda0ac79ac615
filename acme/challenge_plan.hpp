#pragma once
// How the names of an order are going to be proven, found out before anything is spent on it.

#include "acme/attempt_tools.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::acme {

struct challenge_plan {
    std::map<std::string, std::vector<challenge_type>> challenges;  ///< name → in the order to try
    std::string doubts;  ///< what spoke against it and did not stop it; a sentence, or empty
};

/// Looks at each name as the settings' `preflight` has it: whether it leads here, and only then, as the first question
/// to the CA, whether its CAA records let that one issue. `turn`: how often it failed already; each time another
/// challenge comes first. Failures of kind `ours` say what the owner has to mend.
task<answer<challenge_plan>> plan_challenges(attempt_tools with, const issuer& at, std::vector<std::string> names,
                                             int turn, progress tell);

}  // namespace lintel::acme
