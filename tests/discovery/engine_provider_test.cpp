#include "discovery/engine_provider.hpp"

#include "discovery/engine_client.hpp"
#include "net/task_group.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

using namespace std::chrono_literals;
using test::run_until;

constexpr auto labels = R"("lintel.host":"a.example.com")";

class EngineProvider : public testing::Test {
protected:
    EngineProvider() { settings.socket = folder / "engine.sock"; }

    void start()
    {
        provider.emplace(home, fetcher, settings, into);
        tasks.spawn("provider", provider->run());
    }

    void TearDown() override
    {
        if (engine) engine->release();
        tasks.stop();
        EXPECT_TRUE(run_until(home, [&] { return tasks.size() == 0; })) << "run() doesn't end";
    }

    bool comes_to(const std::function<bool()>& done) { return run_until(home, done); }
    const provider_state& state() const { return into.providers().at("docker"); }
    const model::endpoint* endpoint(const std::string& id) const
    {
        auto found = into.fragments().find(id);
        return found == into.fragments().end() ? nullptr : &found->second.endpoints.at(0).spec;
    }
    bool is(const std::string& id, model::readiness ready) const
    {
        return endpoint(id) && endpoint(id)->ready == ready;
    }

    test::temporary_folder folder;
    net::event_loop home;
    std::optional<test::fake_engine> engine;
    http::fetcher fetcher{home};
    engine_settings settings;
    catalogue into{[] {}};
    net::task_group tasks{home};
    std::optional<engine_provider> provider;
};

TEST_F(EngineProvider, IsSettledOnceEveryContainerIsRead)
{
    engine.emplace(settings.socket);
    for (int i = 0; i < 20; ++i) engine->set_container("c" + std::to_string(i), "running", labels);
    engine->set_container("plain", "running", "");
    engine->set_container("old", "exited", labels);
    start();
    EXPECT_FALSE(into.settled());
    ASSERT_TRUE(comes_to([&] { return into.settled(); })) << state().detail;
    EXPECT_EQ(into.fragments().size(), 21U);
    EXPECT_EQ(endpoint("c7")->host, "10.0.0.1");
    EXPECT_TRUE(is("old", model::readiness::stopped));
    EXPECT_TRUE(state().available);
    EXPECT_EQ(state().detail, "Docker 20.10.24, API 1.41, 21 containers");
}

TEST_F(EngineProvider, FollowsAContainerThroughItsLife)
{
    engine.emplace(settings.socket);
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled() && engine->followed(); }));

    engine->set_container("web", "running", labels);
    engine->emit("web", "start");
    ASSERT_TRUE(comes_to([&] { return is("web", model::readiness::probe); }));

    engine->emit("web", "kill", R"("signal":"15")");
    ASSERT_TRUE(comes_to([&] { return endpoint("web")->draining; }));

    engine->set_container("web", "exited", labels);
    engine->emit("web", "die");
    ASSERT_TRUE(comes_to([&] { return is("web", model::readiness::stopped); }));

    engine->remove_container("web");
    engine->emit("web", "destroy");
    ASSERT_TRUE(comes_to([&] { return into.fragments().empty(); }));
}

TEST_F(EngineProvider, AKillWaitsForNobodysInspect)
{
    engine.emplace(settings.socket);
    engine->set_container("web", "running", labels);
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled() && engine->followed(); }));
    std::vector<std::string> slow;
    for (int i = 0; i < 20; ++i) slow.push_back("slow" + std::to_string(i));
    for (const auto& id : slow) engine->hold_inspects_of(id);
    for (const auto& id : slow) engine->emit(id, "start");
    engine->hold_inspects_of("web");
    engine->emit("web", "update");
    engine->emit("web", "kill", R"("signal":"15")");
    ASSERT_TRUE(comes_to([&] { return endpoint("web")->draining; }));
}

TEST_F(EngineProvider, ADrainIsTakenBackWhenNoEndFollows)
{
    engine.emplace(settings.socket);
    engine->set_container("web", "running", labels);  // its stop timeout is 0 s
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled() && engine->followed(); }));
    engine->emit("web", "kill", R"("signal":"TERM")");
    ASSERT_TRUE(comes_to([&] { return endpoint("web")->draining; }));
    ASSERT_TRUE(comes_to([&] { return !endpoint("web")->draining; }));
}

TEST_F(EngineProvider, KeepsWhatItKnowsWhileTheEngineIsAwayAndCatchesUp)
{
    engine.emplace(settings.socket);
    engine->set_container("stays", "running", labels);
    engine->set_container("goes", "running", labels);
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled(); }));
    engine.reset();
    ::unlink(settings.socket.c_str());
    ASSERT_TRUE(comes_to([&] { return !state().available; }));
    EXPECT_EQ(into.fragments().size(), 2U);
    ASSERT_TRUE(comes_to([&] { return state().detail.starts_with("no engine answers at " + settings.socket); }))
        << state().detail;

    engine.emplace(settings.socket);
    engine->set_container("stays", "running", labels);
    engine->set_container("came", "running", labels);
    ASSERT_TRUE(comes_to([&] { return state().available; })) << state().detail;
    EXPECT_TRUE(endpoint("stays"));
    EXPECT_TRUE(endpoint("came"));
    EXPECT_FALSE(endpoint("goes"));
}

TEST_F(EngineProvider, ComesBackWhenOnlyItsEventStreamEnds)
{
    engine.emplace(settings.socket);
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled() && engine->followed(); }));
    engine->end_event_streams();
    ASSERT_TRUE(comes_to([&] { return !state().available; }));
    EXPECT_NE(state().detail.find("ended its event stream"), std::string::npos) << state().detail;
    engine->set_container("web", "running", labels);
    ASSERT_TRUE(comes_to([&] { return endpoint("web") != nullptr; }));
}

TEST_F(EngineProvider, IsSettledWithAWordOfHelpWhereNoEngineIs)
{
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled(); }));
    EXPECT_FALSE(state().available);
    EXPECT_EQ(state().detail, "no engine answers at " + settings.socket +
                                  ": start Docker, or name another with --engine, or --engine off");
}

TEST_F(EngineProvider, SaysThatSomethingElseAnswers)
{
    test::tiny_server other(settings.socket, [](test::peer& client) {
        while (client.next_request()) client.answer(200, "hello");
    });
    start();
    ASSERT_TRUE(comes_to([&] { return into.settled(); }));
    EXPECT_NE(state().detail.find("no container engine"), std::string::npos) << state().detail;
    tasks.stop();
    EXPECT_TRUE(run_until(home, [&] { return tasks.size() == 0; }));
}

TEST(EngineVersion, IsTheNewestThatBothKnow)
{
    auto speak = [](const std::string& newest, const std::string& floor) {
        auto facts =
            negotiate(R"({"Version":"1","ApiVersion":")" + newest + R"(","MinAPIVersion":")" + floor + R"("})");
        return facts ? facts->api : facts.error().what;
    };
    EXPECT_EQ(speak("1.41", "1.12"), "1.41");
    EXPECT_EQ(speak("1.52", "1.44"), "1.52");
    EXPECT_EQ(speak("1.60", "1.44"), "1.52");
    EXPECT_EQ(speak("1.60", "1.52"), "1.52");
    EXPECT_EQ(speak("1.60", "1.53"), "the engine speaks API 1.53 and later, this Lintel up to 1.52: update Lintel");
    EXPECT_EQ(negotiate(R"({"Version":"1","ApiVersion":"1.41"})")->api, "1.41");
    EXPECT_FALSE(negotiate("{}"));
    EXPECT_FALSE(negotiate("hello"));
}

TEST(EngineVersion, TellsPodmanFromDocker)
{
    auto podman = negotiate(
        R"({"Components":[{"Name":"Podman Engine"}],"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24"})");
    ASSERT_TRUE(podman);
    EXPECT_EQ(podman->name, "Podman");
    EXPECT_EQ(podman->version, "4.3.1");
    EXPECT_EQ(negotiate(R"({"Components":[{"Name":"Engine"}],"Version":"20.10.24","ApiVersion":"1.41"})")->name,
              "Docker");
}

}  // namespace
}  // namespace lintel::discovery
