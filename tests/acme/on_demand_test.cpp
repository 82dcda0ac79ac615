#include "acme/on_demand.hpp"

#include "base/text.hpp"
#include "store/sqlite_records.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <mutex>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

/// An owner on a real port, who says yes to names that begin with "yes", once `says_yes` also to others.
class OnDemand : public testing::Test {
protected:
    void serve(test::peer& client)
    {
        while (auto request = client.next_request()) {
            auto start = request->find("domain=") + 7;
            auto name = request->substr(start, request->find(' ', start) - start);
            {
                std::lock_guard hold(guard);
                asked.push_back(name);
            }
            client.answer(name.starts_with("yes") || says_yes ? 200 : 404, "");
        }
    }

    Names questions()
    {
        std::lock_guard hold(guard);
        return asked;
    }

    /// Asks, and waits for what comes of it.
    void settle(const std::string& name)
    {
        auto before = news;
        all.ask(name);
        ASSERT_TRUE(test::run_until(home, [&] { return news != before; })) << name;
    }

    bool may(const std::string& name, duration later = 0s)
    {
        return all.names(steady_clock::now() + later).contains(name);
    }

    std::mutex guard;
    Names asked, refused;
    std::atomic<bool> says_yes = false;
    int news = 0;
    test::tiny_server owner{[this](test::peer& client) { serve(client); }};
    test::temporary_folder folder;
    net::worker home;
    http::fetcher fetcher{home};
    vault records = vault::open(store::open_records(folder.path()).value()).value();
    on_demand all{home, fetcher, records, [this] { ++news; },
                  [this](const std::string& name) {
                      refused.push_back(name);
                      ++news;
                  }};

    void SetUp() override { all.use("http://127.0.0.1:" + std::to_string(owner.port()) + "/allowed"); }

    static task<void> nothing() { co_return; }

    void TearDown() override { home.complete(all.alongside(nothing())); }
};

TEST_F(OnDemand, AsksOnceAndKeepsTheAnswer)
{
    settle("yes.example");
    EXPECT_TRUE(may("yes.example"));
    all.ask("yes.example");
    settle("no.example");
    EXPECT_FALSE(may("no.example"));
    settle("no.example");
    EXPECT_EQ(refused, (Names{"no.example", "no.example"}));
    EXPECT_EQ(questions(), (Names{"yes.example", "no.example"}));
}

TEST_F(OnDemand, AYesLastsAnHour)
{
    settle("yes.example");
    EXPECT_TRUE(may("yes.example", 59min));
    EXPECT_FALSE(may("yes.example", 61min)) << "nobody has asked for it since";
}

TEST_F(OnDemand, RefusesAtOnceWhereNobodyIsAsked)
{
    all.use("");
    all.ask("yes.example");
    EXPECT_EQ(refused, Names{"yes.example"});
    EXPECT_TRUE(questions().empty());
}

TEST_F(OnDemand, CapsNewNamesOfADomain)
{
    for (int i = 0; i < 10; ++i) settle("yes" + std::to_string(i) + ".example.com");
    EXPECT_TRUE(refused.empty());
    settle("yes-more.example.com");
    settle("yes-more.example.com");
    EXPECT_EQ(refused, (Names{"yes-more.example.com", "yes-more.example.com"}));
    settle("yes.example.net");
    EXPECT_TRUE(may("yes.example.net")) << "another domain";
}

TEST_F(OnDemand, AnEarlierNoIsNoWayAroundTheCap)
{
    for (int i = 0; i < 10; ++i) settle("yes" + std::to_string(i) + ".example.com");
    auto url = "http://127.0.0.1:" + std::to_string(owner.port()) + "/later";
    settle("no.example.com");
    says_yes = true;
    all.use(url);  // forgets the no, as a minute would
    settle("no.example.com");
    EXPECT_FALSE(may("no.example.com"));
}

TEST_F(OnDemand, ANameWithACertificateIsNoNewOne)
{
    store::changes step;
    store::certificate_record kept;
    kept.id = "1";
    kept.names = {"yes-old.example.com"};
    kept.issuer = "ca";
    step.certificates.put.push_back(kept);
    ASSERT_TRUE(records.commit(step));
    for (int i = 0; i < 10; ++i) settle("yes" + std::to_string(i) + ".example.com");
    settle("yes-old.example.com");
    EXPECT_TRUE(may("yes-old.example.com"));
    EXPECT_TRUE(refused.empty());
}

}  // namespace
}  // namespace lintel::acme
