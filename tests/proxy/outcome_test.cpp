#include "proxy/outcome.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "http/grpc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace lintel::proxy {
namespace {

TEST(Verdicts, SayStatusAndReasonOfEveryFault)
{
    struct row {
        fault what;
        int status;
        const char* reason;
    };
    for (auto [what, status, reason] : {
             row{fault::no_route, 404, "no-route"},
             row{fault::not_loaded, 503, "starting"},
             row{fault::closed_route, 503, "closed"},
             row{fault::tls_pending, 503, "tls-pending"},
             row{fault::no_endpoint, 503, "unhealthy"},
             row{fault::connect_refused, 502, "refused"},
             row{fault::connect_failed, 502, "unreachable"},
             row{fault::connect_timeout, 504, "connect-timeout"},
             row{fault::upstream_tls, 502, "upstream-tls"},
             row{fault::upstream_closed, 502, "upstream-closed"},
             row{fault::no_answer, 504, "timeout"},
             row{fault::bad_response, 502, "bad-response"},
             row{fault::response_cut, 502, "response-cut"},
             row{fault::bad_request_body, 400, "bad-request"},
             row{fault::client_gone, 0, "client-gone"},
         }) {
        auto said = verdict_of(what);
        EXPECT_EQ(said.status, status) << reason;
        EXPECT_EQ(said.reason, reason);
        EXPECT_EQ(said.sentence.empty(), status == 0) << reason;
        EXPECT_EQ(said.advice.empty(), status == 0) << reason;
    }
    EXPECT_TRUE(never_reached(fault::connect_refused) && never_reached(fault::connect_failed) &&
                never_reached(fault::connect_timeout) && never_reached(fault::upstream_tls));
    EXPECT_FALSE(never_reached(fault::upstream_closed) || never_reached(fault::no_answer));
}

TEST(Verdicts, SayWhyNoEndpointMayBeUsed)
{
    for (const auto* state : {"no-endpoint", "starting", "unhealthy", "paused", "stopped", "draining", "unconfirmed"}) {
        auto said = verdict_of(fault::no_endpoint, state);
        EXPECT_EQ(said.status, 503) << state;
        EXPECT_EQ(said.reason, state);
        EXPECT_TRUE(said.sentence.ends_with('.')) << state;
        EXPECT_TRUE(said.advice.ends_with('.')) << state;
    }
    EXPECT_EQ(verdict_of(fault::no_endpoint, "ready").reason, "unhealthy") << "usable again just after it was not";
}

TEST(Verdicts, AreAllInTheReferenceWithTheirAdvice)
{
    auto path = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "errors.md";
    auto reference = file::read(path).value();
    auto expect_row = [&](const verdict& said) {
        bool listed = false;
        for (auto line : text::split(reference, '\n')) {
            std::string row(line);
            if (!row.contains('`' + std::string(said.reason) + "` |")) continue;
            std::erase(row, '`');
            listed = listed || row.ends_with("| " + std::string(said.advice) + " |");
        }
        EXPECT_TRUE(listed) << said.reason << ": " << said.advice;
    };
    for (auto what = static_cast<int>(fault::no_route); what < static_cast<int>(fault::client_gone); ++what) {
        expect_row(verdict_of(static_cast<fault>(what)));
    }
    for (const auto* state : {"no-endpoint", "starting", "unhealthy", "paused", "stopped", "draining", "unconfirmed"}) {
        expect_row(verdict_of(fault::no_endpoint, state));
    }
}

TEST(Verdicts, HaveTheStatusesOfGrpcThatTheReferenceSays)
{
    auto path = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "errors.md";
    auto reference = file::read(path).value();
    for (auto what = static_cast<int>(fault::no_route); what < static_cast<int>(fault::client_gone); ++what) {
        auto said = verdict_of(static_cast<fault>(what));
        auto code = std::to_string(static_cast<int>(http::grpc_status_of(said.status, said.reason)));
        bool listed = false;
        for (auto line : text::split(reference, '\n')) {
            auto cells = text::split(line, '|');
            if (cells.size() < 4 || text::trim(cells[1]) != '`' + std::string(said.reason) + '`') continue;
            for (auto each : text::split_list(cells[3])) listed = listed || each == code;
        }
        EXPECT_TRUE(listed) << said.reason << ' ' << said.status << ": " << code;
    }
}

}  // namespace
}  // namespace lintel::proxy
