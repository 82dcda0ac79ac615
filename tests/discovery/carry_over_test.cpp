#include "discovery/carry_over.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

model::snapshot one_of_each()
{
    model::snapshot all;
    for (const std::string source : {"container web (0123456789ab)", "file /routes/a.yml"}) {
        auto id = source.substr(0, 4);
        all.routers[id].source = all.services[id].source = all.endpoints[id].source = source;
    }
    all.certificates["file's"].names = {"a.example"};
    all.certificates["local"].fallback = true;
    return all;
}

TEST(CarryOver, KeepsContainersUntilTheEngineAnswersOnce)
{
    catalogue sources([] {});
    sources.set_state("docker", {true, false, "away", {}});
    model::snapshot desired;
    carry_over(desired, one_of_each(), sources, false);
    EXPECT_EQ(desired.routers.size(), 1U);
    EXPECT_TRUE(desired.services.contains("cont"));
    EXPECT_TRUE(desired.endpoints.contains("cont"));
    EXPECT_FALSE(desired.certificates.contains("local")) << "the local CA issues its own";

    model::snapshot later;
    carry_over(later, one_of_each(), sources, true);
    EXPECT_EQ(later, model::snapshot{});
}

TEST(CarryOver, ForgetsContainersWhenTheEngineIsOff)
{
    catalogue sources([] {});
    model::snapshot desired;
    carry_over(desired, one_of_each(), sources, false);
    EXPECT_EQ(desired, model::snapshot{});
}

TEST(CarryOver, KeepsAFileThatIsBrokenAtTheStart)
{
    catalogue sources([] {});
    sources.set_state("file", {true, true, "", {{"/routes/a.yml:3:1", "unexpected end"}}});
    model::snapshot desired;
    desired.services["file"].pass_host = false;
    carry_over(desired, one_of_each(), sources, true);
    EXPECT_TRUE(desired.routers.contains("file"));
    EXPECT_FALSE(desired.services["file"].pass_host) << "what is there stays";
    EXPECT_TRUE(desired.certificates.contains("file's"));
}

TEST(CarryOver, ForgetsAFileThatIsGoneAndOneThatWasReadAgain)
{
    catalogue gone([] {});
    gone.set_state("file", {true, true, "", {{"/routes/b.yml:1:1", "broken"}}});
    model::snapshot desired;
    carry_over(desired, one_of_each(), gone, true);
    EXPECT_TRUE(desired.routers.empty());

    catalogue read([] {});
    fragment file;
    file.provider = "file";
    file.source = "file /routes/a.yml";
    read.put("/routes/a.yml", std::move(file));
    read.set_state("file", {true, true, "", {{"/routes/a.yml:3:1", "broken since"}}});
    carry_over(desired, one_of_each(), read, true);
    EXPECT_TRUE(desired.routers.empty()) << "its last good content is in the catalogue";
}

}  // namespace
}  // namespace lintel::discovery
