#include "discovery/engine_events.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lintel::discovery {
namespace {

using enum engine_event::kind;

TEST(EngineEvents, LinesAreCutHoweverTheBytesCome)
{
    const std::string stream = "one\ntwo\n\nthree\nfour";
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        line_splitter splitter;
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            splitter.feed(stream.substr(at, step), [&](std::string_view line) { lines.emplace_back(line); });
        }
        EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"})) << step;
    }
}

TEST(EngineEvents, ALineAboveTheLimitIsLeftOutAlone)
{
    line_splitter splitter;
    std::vector<std::string> lines;
    auto keep = [&](std::string_view line) { lines.emplace_back(line); };
    for (std::size_t sent = 0; sent <= 2 * line_splitter::limit_bytes; sent += 4096)
        splitter.feed(std::string(4096, 'x'), keep);
    splitter.feed("\nnext\n", keep);
    EXPECT_EQ(lines, std::vector<std::string>{"next"});
}

TEST(EngineEvents, AreReadInDockersAndPodmansWords)
{
    struct row {
        const char* type;
        const char* action;
        engine_event::kind expected;
    };
    for (auto [type, action, expected] : {
             row{"container", "create", changed},
             row{"container", "start", started},
             row{"container", "health_status: healthy", changed},
             row{"container", "health_status", changed},
             row{"container", "kill", signalled},
             row{"container", "die", ended},
             row{"container", "died", ended},
             row{"container", "stop", ended},
             row{"container", "cleanup", ended},
             row{"container", "pause", changed},
             row{"container", "unpause", changed},
             row{"container", "rename", changed},
             row{"container", "update", changed},
             row{"container", "init", changed},
             row{"container", "destroy", removed},
             row{"container", "remove", removed},
         }) {
        auto line =
            std::string(R"({"Type":")") + type + R"(","Action":")" + action +
            R"(","Actor":{"ID":"abc","Attributes":{"signal":"15","image":"x"}},"scope":"local","time":1,"timeNano":1})";
        EXPECT_EQ(read_event(line), (engine_event{expected, "abc", "15"})) << action;
    }
}

TEST(EngineEvents, ANetworksEventIsTheContainersThatItNames)
{
    auto line =
        R"({"Type":"network","Action":"connect","Actor":{"ID":"net1","Attributes":{"container":"abc","name":"n"}}})";
    EXPECT_EQ(read_event(line), (engine_event{changed, "abc", ""}));
}

TEST(EngineEvents, WhatConcernsNoContainersRoutingIsNone)
{
    for (auto line : {
             "",
             "{",
             "[]",
             "null",
             "{}",
             R"({"Type":"container","Action":"exec_create: /bin/wget -q","Actor":{"ID":"abc","Attributes":{}}})",
             R"({"Type":"container","Action":"exec_start: /bin/wget","Actor":{"ID":"abc"}})",
             R"({"Type":"container","Action":"exec_die","Actor":{"ID":"abc"}})",
             R"({"Type":"container","Action":"attach","Actor":{"ID":"abc"}})",
             R"({"Type":"network","Action":"destroy","Actor":{"ID":"net1","Attributes":{}}})",
             R"({"Type":"network","Action":"connect","Actor":{"ID":"net1","Attributes":{}}})",
             R"({"Type":"image","Action":"remove","Actor":{"ID":"sha256:1"}})",
             R"({"Type":"container","Action":"start","Actor":{"ID":7}})",
             R"({"Type":"container","Action":"start"})",
         }) {
        EXPECT_FALSE(read_event(line)) << line;
    }
}

TEST(EngineEvents, AreAskedForWithFiltersThatSurviveTheUrl)
{
    auto path = events_path("1.000000002");
    EXPECT_TRUE(path.starts_with("/events?since=1.000000002&filters=%7B%22event%22")) << path;
    EXPECT_EQ(path.find_first_of("{}\" []"), std::string::npos) << path;
}

}  // namespace
}  // namespace lintel::discovery
