#include "discovery/merge.hpp"

#include "base/clock.hpp"
#include "discovery/labels.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

using fragments = std::map<std::string, fragment>;
using names = std::vector<std::string>;

const std::vector<model::entrypoint> listening{
    {"http", ":80", false}, {"https", ":443", true}, {"admin", ":8443", true}};

/// A container with one router `name` for `rule` to its own service of the same name.
struct declared {
    std::string id;
    std::string app = "blog";
    std::int64_t since = 1;
    model::readiness ready = model::readiness::ready;
    std::string rule = "Host(`a.example.com`)";
    std::string name = "web";

    fragment made() const
    {
        fragment from;
        from.provider = "docker";
        from.app = app;
        from.source = "container " + id;
        from.since = since;
        declared_router router;
        router.name = name;
        router.spec.rule = rule;
        router.spec.service = name;
        router.spec.entrypoints = {"http"};
        router.spec.source = from.source;
        from.routers.push_back(router);
        declared_service service;
        service.name = name;
        service.spec.endpoints = {id + ":80"};
        service.spec.source = from.source;
        from.services.push_back(service);
        model::endpoint endpoint;
        endpoint.host = "10.0.0.1";
        endpoint.port = 80;
        endpoint.ready = ready;
        from.endpoints.push_back({id + ":80", endpoint});
        return from;
    }
};

merged merge_all(const std::vector<fragment>& from)
{
    fragments keyed;
    for (const auto& each : from) keyed[each.source] = each;
    return merge(keyed, listening);
}

testing::AssertionResult reports(const merged& result, std::string_view where, std::string_view words)
{
    std::string all;
    for (const auto& [place, what] : result.problems) {
        if (place == where && what.contains(words)) return testing::AssertionSuccess();
        all += place + ": " + what + '\n';
    }
    return testing::AssertionFailure() << "among:\n" << all;
}

names routers_of(const merged& result)
{
    names ids;
    for (const auto& [id, router] : result.desired.routers) ids.push_back(id);
    return ids;
}

TEST(Merge, SameNameAndSpecInsideAnAppIsOneServiceThatSharesTheLoad)
{
    auto result = merge_all({declared{.id = "c2"}.made(), declared{.id = "c1"}.made()});
    EXPECT_TRUE(result.problems.empty());
    EXPECT_EQ(routers_of(result), names{"docker:blog/web"});
    EXPECT_EQ(result.desired.routers.at("docker:blog/web").service, "docker:blog/web");
    EXPECT_EQ(result.desired.services.at("docker:blog/web").endpoints, (names{"c1:80", "c2:80"}));
    EXPECT_EQ(result.desired.endpoints.size(), 2U);
}

TEST(Merge, IdsTellAppsApart)
{
    EXPECT_EQ(routers_of(merge_all({declared{.id = "c", .app = ""}.made()})), names{"docker:web"});
    auto result = merge_all(
        {declared{.id = "c1", .app = "", .rule = "Host(`x`)", .name = "blog/web"}.made(), declared{.id = "c2"}.made()});
    EXPECT_EQ(routers_of(result), (names{"docker:blog%2Fweb", "docker:blog/web"}));
}

TEST(Merge, ADifferentSpecCountsOnceTheNewerReleaseIsHealthy)
{
    auto old_release = declared{.id = "old", .since = 1, .rule = "Host(`old`)"}.made();
    auto new_release =
        declared{.id = "new", .since = 2, .ready = model::readiness::starting, .rule = "Host(`new`)"}.made();
    auto rule = [&] { return merge_all({old_release, new_release}).desired.routers.at("docker:blog/web").rule; };
    EXPECT_EQ(rule(), "Host(`old`)");
    EXPECT_TRUE(reports(merge_all({old_release, new_release}), "container new: router web",
                        "declared otherwise by container old"));
    new_release.endpoints[0].spec.ready = model::readiness::probe;
    EXPECT_EQ(rule(), "Host(`new`)");
    new_release.endpoints[0].spec.draining = true;
    EXPECT_EQ(rule(), "Host(`old`)");
    old_release.endpoints[0].spec.ready = model::readiness::stopped;
    EXPECT_EQ(rule(), "Host(`new`)") << "none is healthy: the newest";
}

TEST(Merge, AServiceWithADifferentSpecTakesTheEndpointsOfTheReleaseThatCounts)
{
    auto old_release = declared{.id = "old", .since = 1}.made();
    auto new_release = declared{.id = "new", .since = 2}.made();
    new_release.services[0].spec.pass_host = false;
    auto result = merge_all({old_release, new_release});
    EXPECT_EQ(result.desired.services.at("docker:blog/web").endpoints, names{"new:80"});
    EXPECT_FALSE(result.desired.services.at("docker:blog/web").pass_host);
    EXPECT_TRUE(reports(result, "container old: service web", "declared otherwise by container new"));
}

TEST(Merge, ARouterThatAnyOfItsSourcesClosesIsClosed)
{
    auto open = declared{.id = "c1", .since = 2}.made();
    auto closed = declared{.id = "c2", .since = 1}.made();
    closed.routers[0].spec.refusal = "middleware auth is not supported yet";
    closed.routers[0].spec.service.clear();
    auto router = merge_all({open, closed}).desired.routers.at("docker:blog/web");
    EXPECT_EQ(router.refusal, "middleware auth is not supported yet");
    EXPECT_EQ(router.service, "");
}

TEST(Merge, ARouterOfAClosedServiceIsClosed)
{
    auto from = declared{.id = "c1"}.made();
    from.services[0].refusal = "no TLS to servers yet";
    auto router = merge_all({from}).desired.routers.at("docker:blog/web");
    EXPECT_EQ(router.refusal, "no TLS to servers yet");
    EXPECT_EQ(router.service, "");
}

TEST(Merge, AcrossAppsTheOlderOwnerKeepsItsRequests)
{
    auto result = merge_all(
        {declared{.id = "thief", .app = "evil", .since = 2}.made(), declared{.id = "owner", .since = 1}.made()});
    EXPECT_EQ(routers_of(result), names{"docker:blog/web"});
    EXPECT_TRUE(reports(result, "container thief: router web", "is taken by router web of container owner"));
}

TEST(Merge, AnAppKeepsItsHostWhenARivalIsOlderThanItsNewRelease)
{
    auto owner = declared{.id = "first", .since = 1}.made();
    auto rival = declared{.id = "rival", .app = "evil", .since = 2}.made();
    auto next_release = declared{.id = "second", .since = 3}.made();
    auto before = merge_all({owner, rival});

    fragments after{{"rival", rival}, {"second", next_release}};
    auto result = merge(after, listening, before.desired);
    ASSERT_EQ(result.desired.routers.size(), 1U);
    EXPECT_EQ(result.desired.routers.begin()->first, before.desired.routers.begin()->first);
    EXPECT_TRUE(reports(result, "container rival: router web", "had it first"));
}

TEST(Merge, AnAppKeepsWhatItsOldestContainerClaimed)
{
    auto result = merge_all({declared{.id = "release", .since = 3}.made(),
                             declared{.id = "thief", .app = "evil", .since = 2}.made(),
                             declared{.id = "owner", .since = 1}.made()});
    EXPECT_EQ(routers_of(result), names{"docker:blog/web"});
}

TEST(Merge, AnotherAppsHostCanNotBeHadByAddingItToALongerRule)
{
    for (auto rule :
         {"Host(`evil.example.com`) || Host(`a.example.com`)", "Host(`a.example.com`) && PathPrefix(`/`)"}) {
        auto result = merge_all(
            {declared{.id = "thief", .app = "evil", .since = 2, .rule = rule}.made(), declared{.id = "owner"}.made()});
        EXPECT_EQ(routers_of(result), names{"docker:blog/web"}) << rule;
    }
}

TEST(Merge, TheSameRuleOnAnotherEntrypointIsNoConflict)
{
    auto other = declared{.id = "other", .app = "other", .since = 2}.made();
    other.routers[0].spec.entrypoints = {"http", "admin"};
    auto result = merge_all({other, declared{.id = "owner"}.made()});
    EXPECT_EQ(result.desired.routers.at("docker:other/web").entrypoints, names{"admin"});
}

TEST(Merge, TiesAreBrokenTheSameWayInAnyOrder)
{
    auto a = declared{.id = "a", .app = "a"}.made();
    auto b = declared{.id = "b", .app = "b"}.made();
    EXPECT_EQ(routers_of(merge_all({a, b})), names{"docker:a/web"});
    EXPECT_EQ(routers_of(merge_all({b, a})), names{"docker:a/web"});
}

TEST(Merge, InsideAnAppTheNewestHealthyOfTwoRoutersForTheSameRequestsCounts)
{
    auto old_one = declared{.id = "c1", .app = "", .since = 1, .name = "web1"}.made();
    auto new_one = declared{.id = "c2", .app = "", .since = 2, .name = "web2"}.made();
    auto result = merge_all({old_one, new_one});
    EXPECT_EQ(routers_of(result), names{"docker:web2"});
    EXPECT_TRUE(reports(result, "container c1: router web1", "goes to router web2 of container c2"));

    old_one.routers[0].spec.priority = 100;
    EXPECT_EQ(routers_of(merge_all({old_one, new_one})).size(), 2U) << "the priority decides";
    old_one.routers[0].spec.priority = 0;
    old_one.routers[0].spec.refusal = "closed";
    EXPECT_EQ(routers_of(merge_all({old_one, new_one})), names{"docker:web1"}) << "what restricts access wins";
}

TEST(Merge, EntrypointsFollowWhatTheRouterNamesAndWants)
{
    struct row {
        names written;
        bool tls;
        names expected;
    };
    for (const auto& [written, tls, expected] : {
             row{{}, false, {"http", "https"}},
             row{{}, true, {"admin", "https"}},
             row{{"web"}, false, {"http"}},
             row{{"websecure", "https"}, false, {"https"}},
             row{{"web", "websecure"}, true, {"https"}},
             row{{"web", "nowhere"}, false, {"http"}},
             row{{"http"}, true, {}},
             row{{"nowhere"}, false, {}},
         }) {
        auto from = declared{.id = "c"}.made();
        from.routers[0].spec.entrypoints = written;
        from.routers[0].tls = tls;
        auto result = merge_all({from});
        auto found = result.desired.routers.find("docker:blog/web");
        auto got = found == result.desired.routers.end() ? names{} : found->second.entrypoints;
        EXPECT_EQ(got, expected) << testing::PrintToString(written) << tls;
    }
}

TEST(Merge, AnUnknownEntrypointIsReportedWithTheNearest)
{
    auto from = declared{.id = "c"}.made();
    from.routers[0].spec.entrypoints = {"htps"};
    auto result = merge_all({from});
    EXPECT_TRUE(reports(result, "container c: router web", "there is no entrypoint htps; did you mean http"));
    EXPECT_TRUE(reports(result, "container c: router web", "left out"));
    from.routers[0].spec.entrypoints = {"http"};
    from.routers[0].tls = true;
    EXPECT_TRUE(
        reports(merge_all({from}), "container c: router web", "wants TLS and names only entrypoints in clear text"));
}

TEST(Merge, AReferenceIsLookedUpInItsOwnAppThenAcrossTheProvider)
{
    auto user = declared{.id = "user", .app = "user"}.made();
    user.services.clear();
    auto target = [&](const std::string& reference, const std::vector<fragment>& others) {
        user.routers[0].spec.service = reference;
        auto all = others;
        all.push_back(user);
        auto router = merge_all(all).desired.routers.at("docker:user/web");
        return router.service.empty() ? router.refusal : router.service;
    };
    auto blog = declared{.id = "blog", .app = "blog", .rule = "Host(`b`)", .name = "api"}.made();
    auto shop = declared{.id = "shop", .app = "shop", .rule = "Host(`c`)", .name = "api"}.made();
    auto own = declared{.id = "own", .app = "user", .rule = "Host(`d`)", .name = "api"}.made();
    EXPECT_EQ(target("api", {blog}), "docker:blog/api");
    EXPECT_EQ(target("api@docker", {blog}), "docker:blog/api");
    EXPECT_EQ(target("api", {blog, shop, own}), "docker:user/api");
    EXPECT_EQ(target("api@docker", {blog, shop, own}), "docker:user/api");
    EXPECT_EQ(target("api", {blog, shop}), "service api exists in several apps: blog, shop");
    EXPECT_EQ(target("api@file", {blog}), "service api@file does not exist");
    EXPECT_EQ(target("nothing", {}), "service nothing does not exist");
    EXPECT_EQ(target("api@internal", {}), "service api@internal does not exist");
}

TEST(Merge, AFileMayNameAContainersService)
{
    fragment file;
    file.provider = "file";
    file.source = "file a.yml";
    declared_router router;
    router.name = "r";
    router.spec.rule = "Host(`x`)";
    router.spec.service = "web@docker";
    file.routers.push_back(router);
    auto result = merge_all({file, declared{.id = "c"}.made()});
    EXPECT_EQ(result.desired.routers.at("file:r").service, "docker:blog/web");
}

TEST(Merge, AnImplicitServiceIsThereOnlyWhereARouterUsesIt)
{
    auto from = declared{.id = "c"}.made();
    declared_service spare{"spare", {}, "", true}, said{"said", {}, "", false};
    spare.spec.endpoints = said.spec.endpoints = {"c:80"};
    from.services.push_back(spare);
    from.services.push_back(said);
    auto result = merge_all({from});
    EXPECT_FALSE(result.desired.services.contains("docker:blog/spare"));
    EXPECT_TRUE(result.desired.services.contains("docker:blog/said"));
}

TEST(Merge, RedirectsAndProblemsOfSourcesPassThrough)
{
    auto from = declared{.id = "c"}.made();
    from.routers[0].spec.service.clear();
    from.routers[0].spec.redirect_to_https = true;
    from.problems.push_back({"lintel.hots", "unknown label"});
    auto result = merge_all({from});
    EXPECT_TRUE(result.desired.routers.at("docker:blog/web").redirect_to_https);
    EXPECT_TRUE(reports(result, "container c: lintel.hots", "unknown label"));
}

TEST(Merge, ARuleThatCanNotBeReadLeavesItsRouterOut)
{
    auto result = merge_all({declared{.id = "c", .rule = "Host(`"}.made()});
    EXPECT_TRUE(result.desired.routers.empty());
    EXPECT_TRUE(reports(result, "container c: router web", "left out"));
}

TEST(Merge, AReleaseWithTheSameLabelsSharesOneService)
{
    engine_settings settings;
    auto release = [&](std::string id, std::string name, label_map labels) {
        container what;
        what.id = std::move(id);
        what.name = std::move(name);
        what.labels = std::move(labels);
        what.tcp_ports = {80};
        what.networks = {{"bridge", "10.0.0.1", ""}};
        what.state = container::status::running;
        return read_labels(what, settings);
    };
    for (const auto& labels :
         {label_map{{"lintel.host", "a.example.com"}}, label_map{{"traefik.http.routers.r.rule", "Host(`a`)"}}}) {
        auto result = merge_all({release("1", "blog-1", labels), release("2", "blog-2", labels)});
        EXPECT_TRUE(result.problems.empty());
        ASSERT_EQ(result.desired.services.size(), 1U) << labels.begin()->first;
        EXPECT_EQ(result.desired.services.begin()->second.endpoints, (names{"1:80", "2:80"}));
    }
}

TEST(Merge, TenThousandContainersAreOneStep)
{
    fragments many;
    for (int i = 0; i < 10'000; ++i) {
        auto number = std::to_string(i);
        many[number] =
            declared{.id = number, .app = "app" + number, .rule = "Host(`h" + number + ".example.com`)"}.made();
    }
    auto began = steady_clock::now();
    auto result = merge(many, listening);
    RecordProperty("milliseconds", static_cast<int>((steady_clock::now() - began) / std::chrono::milliseconds(1)));
    EXPECT_EQ(result.desired.routers.size(), 10'000U);
    EXPECT_TRUE(result.problems.empty());
}

}  // namespace
}  // namespace lintel::discovery
