#include "model/http_options.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

using namespace std::chrono_literals;

TEST(HttpOptions, AreOverriddenByKey)
{
    auto changed = overridden({}, {{"first_byte_timeout", "0"},
                                   {"body_timeout", "1m30s"},
                                   {"body_rate", "1KiB"},
                                   {"path", "as-is"},
                                   {"encoded_slashes", "reject"},
                                   {"trace", "allow"},
                                   {"h2c", "allow"}});
    http_options expected;
    expected.first_byte_timeout = 0s;
    expected.body_timeout = 90s;
    expected.body_rate = 1024;
    expected.path_as_is = expected.reject_encoded_slashes = expected.allow_trace = expected.h2c = true;
    EXPECT_EQ(changed, expected);
}

TEST(HttpOptions, StayWhatTheyWereWhereTheTextIsWrong)
{
    EXPECT_EQ(overridden({}, {{"head_timeout", "0"},
                              {"connect_timeout", "soon"},
                              {"requests_per_connection", "0"},
                              {"path", "both"},
                              {"nonsense", "1"}}),
              http_options{});
}

TEST(HttpOptions, SayWhatIsWrong)
{
    struct row {
        option_place place;
        const char *key, *text, *complaint;
    };
    for (auto [place, key, text, complaint] : {
             row{option_place::route, "first_byte_timeout", "0", ""},
             row{option_place::entrypoint, "head_timeout", "1s", ""},
             row{option_place::route, "head_timeout", "1s",
                 "head_timeout can't be set for a route; set it for an entrypoint or for all"},
             row{option_place::route, "first_byte_timeuot", "1s",
                 "first_byte_timeuot is unknown; did you mean first_byte_timeout?"},
             row{option_place::entrypoint, "head_timeout", "0", "head_timeout: 0 must be more than 0"},
             row{option_place::route, "body_limit", "much", "body_limit: much is not a size such as 64KiB or 1048576"},
             row{option_place::route, "path", "as_is", "path: as_is is neither normal nor as-is"},
         }) {
        EXPECT_EQ(wrong_with(place, key, text), complaint);
    }
    EXPECT_TRUE(wrong_with(option_place::route, "zzzzzzzz", "1").contains("known are body_timeout"));
}

}  // namespace
}  // namespace lintel::model
