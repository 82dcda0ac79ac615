#include "acme/accounts.hpp"

#include "tests/acme/records_in_memory.hpp"
#include "tests/acme/strange_ca.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

const std::string problem_start = R"({"type":"urn:ietf:params:acme:error:)";
const said no_account{400, "", problem_start + R"(accountDoesNotExist","detail":"who?"})"};
const said refused{403, "", problem_start + R"(unauthorized","detail":"not this one"})"};

class Accounts : public testing::Test {
protected:
    Accounts()
    {
        settings.accept_terms = true;
        whose.name = "ours";
        whose.directory = ca.url("/dir");
        ca.replace("/dir", {200, "", ca.directory(R"(,"keyChange":")" + ca.url("/change") + '"')});
        ca.put("/account/1", {200, "", R"({"status":"valid"})"});
    }

    void have_one()
    {
        first_key = account_key::generate().pem();
        on_disk.before.accounts[whose.directory] = {whose.directory, first_key, ca.url("/account/1"), {}, ""};
    }

    accounts& begin()
    {
        records.emplace(vault::open(std::make_unique<records_in_memory>(on_disk)).value());
        return made.emplace(home, fetcher, *records, settings);
    }

    template <class T>
    T run(task<T> job)
    {
        return test::outcome_of(home, std::move(job));
    }

    strange_ca ca;
    net::worker home;
    http::fetcher fetcher{home};
    certificate_settings settings;
    issuer whose;
    disk on_disk;
    std::string first_key;
    std::optional<vault> records;
    std::optional<accounts> made;
};

TEST_F(Accounts, StayUsableWhereTheCaRefusesAnotherKey)
{
    have_one();
    ca.put("/account", no_account);
    ca.put("/change", refused);
    ASSERT_FALSE(run(begin().change_key(whose)));
    auto who = run(made->enter(whose));
    ASSERT_TRUE(who) << who.error().detail;
    EXPECT_EQ(who->key.pem(), first_key);
    EXPECT_TRUE(records->contents().accounts.at(whose.directory).next_key_pem.empty());
}

TEST_F(Accounts, KeepBothKeysWhileTheCaIsBusy)
{
    have_one();
    ca.put("/account", no_account);
    ca.put("/change", {503, "", problem_start + R"(serverInternal","detail":"later"})"});
    ASSERT_FALSE(run(begin().change_key(whose)));
    EXPECT_FALSE(records->contents().accounts.at(whose.directory).next_key_pem.empty());
}

TEST_F(Accounts, StayUsableWhereTheCaRefusesAnotherEmail)
{
    have_one();
    settings.email = "me@nowhere.invalid";
    ca.replace("/account/1", {400, "", problem_start + R"(invalidContact","detail":"no such domain"})"});
    EXPECT_TRUE(run(begin().enter(whose)));
}

TEST_F(Accounts, AreNotMadeToBeClosed)
{
    EXPECT_FALSE(run(begin().deactivate(whose)));
    EXPECT_FALSE(run(made->change_key(whose)));
    EXPECT_TRUE(ca.requests("POST ").empty());
    EXPECT_TRUE(records->contents().accounts.empty());
}

}  // namespace
}  // namespace lintel::acme
