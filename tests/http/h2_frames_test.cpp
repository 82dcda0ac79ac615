#include "http/h2_frames.hpp"
#include "http/h2_frame_rules.hpp"
#include "tests/support/h2_bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lintel::http {
namespace {

using test::h2_frame_bytes;

std::vector<h2_frame_header> seen_in(std::string_view bytes, std::size_t step, h2_frame_scanner& scanner)
{
    std::vector<h2_frame_header> seen;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        scanner.pass(bytes.substr(at, step), [&](const h2_frame_header& header) {
            seen.push_back(header);
            return true;
        });
    }
    return seen;
}

TEST(H2FrameScanner, SeesEachHeaderHoweverTheBytesArrive)
{
    auto bytes = std::string(h2_preface) + h2_frame_bytes(4, 0, 0, "") + h2_frame_bytes(1, 5, 1, "abc") +
                 h2_frame_bytes(2, 0, 7, std::string("\0\0\0\x03\x10", 5)) +
                 h2_frame_bytes(0, 1, 1, std::string(300, 'x'));
    for (std::size_t step : {1U, 2U, 7U, 1000U}) {
        h2_frame_scanner scanner(h2_preface.size());
        auto seen = seen_in(bytes, step, scanner);
        ASSERT_EQ(seen.size(), 4U) << step;
        EXPECT_EQ(seen[0].type, h2_frame::settings);
        EXPECT_EQ(seen[1].length, 3U);
        EXPECT_EQ(seen[1].stream, 1U);
        EXPECT_TRUE(seen[1].has(h2_frame_header::end_stream));
        EXPECT_EQ(seen[2].word, 3U);
        EXPECT_EQ(seen[3].length, 300U);
        EXPECT_TRUE(scanner.between_frames());
    }
}

TEST(H2FrameScanner, KnowsThatAHeaderBlockIsNotWhole)
{
    h2_frame_scanner scanner(0);
    auto begun = h2_frame_bytes(1, 0, 1, "abc");
    seen_in(begun.substr(0, 10), 100, scanner);
    EXPECT_TRUE(scanner.in_head());
    seen_in(begun.substr(10), 100, scanner);
    EXPECT_TRUE(scanner.in_head()) << "CONTINUATION has to come";
    seen_in(h2_frame_bytes(9, 4, 1, "d"), 100, scanner);
    EXPECT_FALSE(scanner.in_head());
}

TEST(H2FrameScanner, StopsWhereItIsTold)
{
    h2_frame_scanner scanner(0);
    int seen = 0;
    EXPECT_FALSE(scanner.pass(h2_frame_bytes(6, 0, 0, "12345678") + h2_frame_bytes(6, 0, 0, "12345678"),
                              [&](const h2_frame_header&) { return ++seen < 1; }));
    EXPECT_EQ(seen, 1);
}

h2_frame_header of(h2_frame type, std::uint32_t stream, std::uint8_t flags = 0)
{
    return {.length = 5, .type = type, .flags = flags, .stream = stream};
}

TEST(H2FrameRules, NothingFollowsAnEndOnAStream)
{
    for (auto type : {h2_frame::data, h2_frame::headers}) {
        h2_frame_rules rules;
        EXPECT_EQ(rules.judge(of(h2_frame::headers, 1)), h2_code::no_error);
        EXPECT_EQ(rules.judge(of(h2_frame::data, 1, 1)), h2_code::no_error);
        EXPECT_EQ(rules.judge(of(type, 1)), h2_code::stream_closed);
        h2_frame_rules reset;
        EXPECT_EQ(reset.judge(of(h2_frame::headers, 1)), h2_code::no_error);
        EXPECT_EQ(reset.judge(of(h2_frame::rst_stream, 1)), h2_code::no_error);
        EXPECT_EQ(reset.judge(of(type, 1)), h2_code::stream_closed);
    }
}

TEST(H2FrameRules, TrailersAreNoNewStream)
{
    h2_frame_rules rules;
    EXPECT_EQ(rules.judge(of(h2_frame::headers, 5)), h2_code::no_error);
    EXPECT_EQ(rules.judge(of(h2_frame::headers, 5, 1)), h2_code::no_error);
    EXPECT_EQ(rules.judge(of(h2_frame::headers, 3)), h2_code::protocol_error) << "was skipped";
}

TEST(H2FrameRules, WhatDependsOnItselfIsRefused)
{
    h2_frame_rules rules;
    auto frame = of(h2_frame::priority, 3);
    frame.word = 3;
    EXPECT_EQ(rules.judge(frame), h2_code::protocol_error);
    frame.word = 1;
    EXPECT_EQ(rules.judge(frame), h2_code::no_error);
    EXPECT_EQ(rules.judge(of(h2_frame::priority, 0)), h2_code::protocol_error);
}

TEST(H2FrameRules, WindowsOpenBySomething)
{
    h2_frame_rules rules;
    h2_frame_header frame{.length = 4, .type = h2_frame::window_update, .stream = 1, .word = 1};
    EXPECT_EQ(rules.judge(frame), h2_code::no_error);
    frame.word = 0;
    EXPECT_EQ(rules.judge(frame), h2_code::protocol_error);
    frame.length = 5;
    EXPECT_EQ(rules.judge(frame), h2_code::frame_size_error);
}

TEST(H2FrameRules, AHeaderBlockHasFewParts)
{
    h2_frame_rules rules;
    for (int block = 0; block < 3; ++block) {
        rules.judge(of(h2_frame::headers, 1));
        for (int i = 0; i < 8; ++i) EXPECT_EQ(rules.judge(of(h2_frame::continuation, 1)), h2_code::no_error);
    }
    EXPECT_EQ(rules.judge(of(h2_frame::continuation, 1)), h2_code::enhance_your_calm);
    EXPECT_EQ(h2_frame_rules::known_from(h2_frame::continuation, h2_code::enhance_your_calm), h2_attack::continuation);
    EXPECT_EQ(h2_frame_rules::known_from(h2_frame::data, h2_code::stream_closed), h2_attack::made_you_reset);
    EXPECT_FALSE(h2_frame_rules::known_from(h2_frame::headers, h2_code::protocol_error));
}

}  // namespace
}  // namespace lintel::http
