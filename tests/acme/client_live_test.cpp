// The client against a real CA on loopback: pebble, from PATH. What an older one lacks is skipped and says so.

#include "acme/certificate_key.hpp"
#include "acme/client.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/pebble.hpp"
#include "tls/certificate.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using test::outcome_of;

std::string told(const failure& why)
{
    return std::to_string(static_cast<int>(why.what)) + ' ' + std::to_string(why.status) + ' ' + why.type + ": " +
           why.detail;
}

struct issued {
    order placed;
    std::string chain, key;
};

class AcmeLive : public testing::Test {
protected:
    void SetUp() override
    {
        if (test::on_path("pebble").empty()) GTEST_SKIP() << "no pebble on PATH: install Debian's package pebble";
        start({"PEBBLE_WFE_NONCEREJECT=20"});
    }

    void start(std::vector<std::string> environment, const std::string& config = "")
    {
        ca.emplace(std::move(environment), config);
        speaker.emplace(fetcher, client_settings{ca->directory(), ca->ca_file()});
        auto deadline = steady_clock::now() + 20s;
        auto known = run(speaker->look_up());
        while (!known && steady_clock::now() < deadline) {
            test::let_pass(home, 20ms);
            known = run(speaker->look_up());
        }
        ASSERT_TRUE(known) << told(known.error()) << '\n' << ca->log();
        offers = *known;
    }

    template <class T>
    T run(task<T> job)
    {
        return outcome_of(home, std::move(job));
    }

    answer<std::string> registered(const account_key& key, std::string binding = "")
    {
        return run(speaker->register_account(
            key, {.contact = {"mailto:owner@example.com"}, .terms_agreed = true, .external_binding = binding}));
    }

    identity new_account()
    {
        auto key = account_key::generate();
        auto url = registered(key);
        EXPECT_TRUE(url) << told(url.error());
        return {key, url.value_or("")};
    }

    /// Says that the first challenge is ready and waits until the CA has looked.
    void pass(const identity& who, const std::string& url)
    {
        auto found = run(speaker->read_authorization(who, url));
        ASSERT_TRUE(found) << told(found.error());
        if (found->status == check_status::valid) return;  // of an earlier order: pebble uses a few again, always
        ASSERT_FALSE(found->challenges.empty());
        auto ready = run(speaker->say_ready(who, found->challenges.front().url));
        ASSERT_TRUE(ready) << told(ready.error());
        auto deadline = steady_clock::now() + 20s;
        while (found && found->status == check_status::pending && steady_clock::now() < deadline) {
            test::let_pass(home, 20ms);
            found = run(speaker->read_authorization(who, url));
        }
        ASSERT_TRUE(found) << told(found.error());
        ASSERT_EQ(found->status, check_status::valid);
    }

    /// `into`: from the order up to the certificate.
    void obtain(const identity& who, acme::new_order what, issued& into, const std::string& preferred = "")
    {
        auto placed = run(speaker->create_order(who, what));
        ASSERT_TRUE(placed) << told(placed.error());
        for (const auto& each : placed->authorizations) ASSERT_NO_FATAL_FAILURE(pass(who, each));
        into.key = new_certificate_key(key_kind::ecdsa_p256);
        auto url = placed->url;
        auto csr = certificate_request(into.key, placed->names);
        ASSERT_TRUE(csr) << csr.error().what;
        auto deadline = steady_clock::now() + 20s;
        auto now = run(speaker->read_order(who, url));
        while (now && now->status == order_status::pending && steady_clock::now() < deadline) {
            test::let_pass(home, 20ms);
            now = run(speaker->read_order(who, url));
        }
        ASSERT_TRUE(now) << told(now.error());
        now = run(speaker->finalize(who, now->finalize, *csr));
        while (now && now->status == order_status::processing && steady_clock::now() < deadline) {
            test::let_pass(home, 20ms);
            now = run(speaker->read_order(who, url));
        }
        ASSERT_TRUE(now) << told(now.error());
        ASSERT_EQ(now->status, order_status::valid);
        auto chain = run(speaker->download(who, now->certificate, preferred));
        ASSERT_TRUE(chain) << told(chain.error());
        into.placed = *now;
        into.chain = *chain;
    }

    net::worker home;
    http::fetcher fetcher{home};
    std::optional<test::pebble> ca;
    std::optional<client> speaker;
    directory offers;
};

TEST_F(AcmeLive, AKeyHasOneAccountHoweverOftenItRegisters)
{
    auto key = account_key::generate();
    auto unknown = run(speaker->register_account(key, {.only_existing = true}));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().type, "accountDoesNotExist");
    EXPECT_EQ(unknown.error().what, failure::kind::refused);
    auto first = registered(key), second = registered(key);
    ASSERT_TRUE(first) << told(first.error());
    ASSERT_TRUE(second) << told(second.error());
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(run(speaker->register_account(key, {.only_existing = true})).value_or(""), *first);
    EXPECT_NE(registered(account_key::generate()).value_or(""), *first);
}

TEST_F(AcmeLive, AnExternalAccountIsBoundWhereTheCaWantsOne)
{
    start({}, R"(,"externalAccountBindingRequired":true,"externalAccountMACKeys":{"kid-1":)"
              R"("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"})");
    EXPECT_TRUE(offers.external_account_required);
    auto key = account_key::generate();
    auto without = registered(key);
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().type, "externalAccountRequired") << told(without.error());
    auto binding = bind_external_account(
        key, "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W", offers.new_account);
    ASSERT_TRUE(binding);
    auto with = registered(key, *binding);
    EXPECT_TRUE(with) << told(with.error());
    auto wrong = bind_external_account(key, "kid-1", "AAAA", offers.new_account);
    EXPECT_FALSE(registered(account_key::generate(), *wrong));
}

TEST_F(AcmeLive, ContactsAreReplacedAndRefusalsAreTheCasWords)
{
    auto who = new_account();
    auto changed = run(speaker->update_contact(who, {"mailto:other@example.com"}));
    EXPECT_TRUE(changed) << told(changed.error());
    auto refused = run(speaker->update_contact(who, {"tel:+1"}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, "unsupportedContact") << told(refused.error());
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_FALSE(refused.error().detail.empty());
}

TEST_F(AcmeLive, ACertificateIsObtainedAndRevokedOnce)
{
    auto who = new_account();
    issued made;
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com", "*.b.example.com"}}, made));
    auto facts = tls::inspect_certificate(made.chain, made.key);
    ASSERT_TRUE(facts) << facts.error().what;
    EXPECT_EQ(std::set(facts->names.begin(), facts->names.end()),
              (std::set<std::string>{"a.example.com", "*.b.example.com"}));
    auto revoked = run(speaker->revoke(who, made.chain, 4));
    EXPECT_TRUE(revoked) << told(revoked.error());
    auto again = run(speaker->revoke(who, made.chain, 4));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().type, "alreadyRevoked");
}

TEST_F(AcmeLive, TheCertificatesOwnKeyMayRevokeIt)
{
    issued made;
    ASSERT_NO_FATAL_FAILURE(obtain(new_account(), {.names = {"a.example.com"}}, made));
    auto revoked = run(speaker->revoke({account_key::from_pem(made.key).value(), ""}, made.chain, 1));
    EXPECT_TRUE(revoked) << told(revoked.error());
}

TEST_F(AcmeLive, TheAlternateChainIsTakenThatThePreferredRootSigned)
{
    http::fetch_request wanted;
    wanted.url = ca->management() + "/roots/1";
    wanted.ca_file = ca->ca_file();
    auto root = run(fetcher.fetch(wanted));
    ASSERT_TRUE(root && root->status == 200);
    auto name = topmost_issuer(root->body);
    ASSERT_FALSE(name.empty());
    auto who = new_account();
    issued usual, preferred;
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com"}}, usual));
    EXPECT_NE(topmost_issuer(usual.chain), name) << "the CA's own choice is another root";
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com"}}, preferred, name));
    EXPECT_EQ(topmost_issuer(preferred.chain), name);
    auto unknown = run(speaker->download(who, usual.placed.certificate, "No Such Root"));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(*unknown, usual.chain);
}

TEST_F(AcmeLive, TheOldKeyIsRefusedAfterAChange)
{
    auto before = new_account();
    auto next = account_key::generate();
    auto changed = run(speaker->change_key(before, next));
    ASSERT_TRUE(changed) << told(changed.error());
    auto old = run(speaker->update_contact(before, {"mailto:other@example.com"}));
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().what, failure::kind::refused) << told(old.error());
    auto now = run(speaker->update_contact({next, before.url}, {"mailto:other@example.com"}));
    EXPECT_TRUE(now) << told(now.error());
}

TEST_F(AcmeLive, OrdersAreListedOverAllPages)
{
    auto who = new_account();
    std::set<std::string> placed;
    for (const char* name : {"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"}) {
        auto made = run(speaker->create_order(who, {.names = {name}}));
        ASSERT_TRUE(made) << told(made.error());
        EXPECT_EQ(made->names, std::vector<std::string>{name});
        placed.insert(made->url);
    }
    auto listed = run(speaker->list_orders(who));
    ASSERT_TRUE(listed) << told(listed.error());
    EXPECT_EQ(std::set(listed->begin(), listed->end()), placed);
}

TEST_F(AcmeLive, ADeactivatedAuthorizationOrAccountIsOfNoMoreUse)
{
    auto who = new_account();
    auto placed = run(speaker->create_order(who, {.names = {"a.example.com"}}));
    ASSERT_TRUE(placed) << told(placed.error());
    auto given_up = run(speaker->deactivate_authorization(who, placed->authorizations.front()));
    ASSERT_TRUE(given_up) << told(given_up.error());
    auto found = run(speaker->read_authorization(who, placed->authorizations.front()));
    ASSERT_TRUE(found) << told(found.error());
    EXPECT_EQ(found->status, check_status::deactivated);
    auto left = run(speaker->deactivate_account(who));
    ASSERT_TRUE(left) << told(left.error());
    EXPECT_FALSE(run(speaker->create_order(who, {.names = {"a.example.com"}})));
}

TEST_F(AcmeLive, ANameThatTheCaRefusesIsTold)
{
    auto refused = run(speaker->create_order(new_account(), {.names = {"blocked.example"}}));
    if (refused) GTEST_SKIP() << "this pebble has no list of blocked domains";
    EXPECT_EQ(refused.error().type, "rejectedIdentifier") << told(refused.error());
    EXPECT_TRUE(refused.error().detail.contains("blocked.example")) << refused.error().detail;
}

TEST_F(AcmeLive, AnAddressGetsACertificate)
{
    issued made;
    ASSERT_NO_FATAL_FAILURE(obtain(new_account(), {.names = {"127.0.0.1"}}, made));
    auto facts = tls::inspect_certificate(made.chain, made.key);
    ASSERT_TRUE(facts) << facts.error().what;
    EXPECT_EQ(facts->names, std::vector<std::string>{"127.0.0.1"});
}

TEST_F(AcmeLive, RenewalGoesByTheCasWindowAndNamesWhatItReplaces)
{
    if (offers.renewal_info.empty()) {
        auto none = run(speaker->renewal_info("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
        EXPECT_TRUE(none && !*none);
        GTEST_SKIP() << "this pebble has no renewalInfo: a newer one is wanted on PATH";
    }
    auto who = new_account();
    issued first, second;
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com"}}, first));
    auto window = run(speaker->renewal_info(renewal_id(first.chain)));
    ASSERT_TRUE(window) << told(window.error());
    ASSERT_TRUE(*window);
    auto facts = tls::inspect_certificate(first.chain).value();
    EXPECT_GT((*window)->start, facts.not_before);
    EXPECT_LT((*window)->end, facts.not_after);
    EXPECT_EQ((*window)->ask_again_in, 6h);
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com"}, .replaces = renewal_id(first.chain)}, second));
    auto twice = run(speaker->create_order(who, {.names = {"a.example.com"}, .replaces = renewal_id(first.chain)}));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().type, "alreadyReplaced") << told(twice.error());
}

TEST_F(AcmeLive, AProfileDecidesTheLifeOfACertificate)
{
    auto who = new_account();
    auto unknown = run(speaker->create_order(who, {.names = {"a.example.com"}, .profile = "nonesuch"}));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().type, "invalidProfile");
    if (offers.profiles.empty()) GTEST_SKIP() << "this pebble has no profiles: a newer one is wanted on PATH";
    EXPECT_TRUE(unknown.error().detail.contains("classic, shortlived")) << unknown.error().detail;
    issued made;
    ASSERT_NO_FATAL_FAILURE(obtain(who, {.names = {"a.example.com"}, .profile = "shortlived"}, made));
    auto facts = tls::inspect_certificate(made.chain).value();
    EXPECT_LE(facts.not_after - facts.not_before, 6 * 24h + 1h);
}

// One in four is refused: that eleven in a row are, in a hundred requests, happens once in 40,000 runs.
TEST_F(AcmeLive, RefusedNoncesAreSurvivedAHundredTimes)
{
    start({"PEBBLE_WFE_NONCEREJECT=25"});
    auto who = new_account();
    for (int i = 0; i < 100; ++i) {
        auto listed = run(speaker->list_orders(who));
        ASSERT_TRUE(listed) << i << ": " << told(listed.error());
    }
    auto log = ca->log();
    int heard = 0;
    for (auto at = log.find("POST /"); at != std::string::npos; at = log.find("POST /", at + 1)) ++heard;
    EXPECT_GT(heard, 210) << "two a list and one for the account, had none been refused";
}

}  // namespace
}  // namespace lintel::acme
