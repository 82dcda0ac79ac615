#include "acme/resources.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

const url_rule urls = url_rule::of_directory("https://ca.example/directory").value();

constexpr std::string_view whole_order = R"({
    "status": "valid", "expires": "2026-01-20T14:09:07.99Z", "unknown": [{}],
    "identifiers": [{"type": "dns", "value": "a.example"}, {"type": "ip", "value": "192.0.2.1"}],
    "authorizations": ["https://ca.example/authz/1", "https://ca.example/authz/2"],
    "finalize": "https://ca.example/order/1/finalize", "certificate": "https://ca.example/cert/1",
    "error": null})";

constexpr std::string_view whole_authorization = R"({
    "status": "invalid", "wildcard": true, "identifier": {"type": "dns", "value": "a.example"},
    "challenges": [
        {"type": "http-01", "url": "https://ca.example/chall/1", "status": "invalid", "token": "DGyRejmCefe7v4N_b-9",
         "error": {"type": "urn:ietf:params:acme:error:dns", "detail": "NXDOMAIN looking up A", "status": 400}},
        {"type": "dns-persist-01", "url": "https://ca.example/chall/2", "status": "pending"}]})";

/// `text` with its first `what` replaced.
std::string with(std::string_view text, std::string_view what, std::string_view instead)
{
    std::string changed(text);
    auto at = changed.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return changed.replace(at, what.size(), instead);
}

TEST(Resources, ADirectoryIsRead)
{
    auto read = read_directory(R"({"newNonce": "https://ca.example/nonce", "newAccount": "https://ca.example/account",
        "newOrder": "https://ca.example/order", "revokeCert": "https://ca.example/revoke",
        "keyChange": "https://ca.example/key", "renewalInfo": "https://ca.example/ari", "x": {"y": 1},
        "meta": {"termsOfService": "data:text/plain,x", "externalAccountRequired": true, "website": 7, "caaIdentities": ["ca.example", 7],
                 "profiles": {"classic": "the usual", "odd": 3}}})",
                               urls);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->new_nonce, "https://ca.example/nonce");
    EXPECT_EQ(read->new_account, "https://ca.example/account");
    EXPECT_EQ(read->new_order, "https://ca.example/order");
    EXPECT_EQ(read->revoke_certificate, "https://ca.example/revoke");
    EXPECT_EQ(read->key_change, "https://ca.example/key");
    EXPECT_EQ(read->renewal_info, "https://ca.example/ari");
    EXPECT_EQ(read->terms_of_service, "data:text/plain,x");
    EXPECT_TRUE(read->external_account_required);
    EXPECT_EQ(read->caa_identities, std::vector<std::string>{"ca.example"});
    EXPECT_EQ(read->profiles, (std::map<std::string, std::string>{{"classic", "the usual"}, {"odd", ""}}));
}

TEST(Resources, AnOrderIsRead)
{
    auto read = read_order(whole_order, urls);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->status, order_status::valid);
    EXPECT_EQ(read->names, (std::vector<std::string>{"a.example", "192.0.2.1"}));
    EXPECT_EQ(read->authorizations.size(), 2U);
    EXPECT_EQ(read->certificate, "https://ca.example/cert/1");
    EXPECT_FALSE(read->error);
    auto failed = read_order(with(whole_order, R"("error": null)", R"("error": {"detail": "CAA says no"})"), urls);
    ASSERT_TRUE(failed && failed->error);
    EXPECT_EQ(failed->error->detail, "CAA says no");
}

TEST(Resources, AnAuthorizationIsRead)
{
    auto read = read_authorization(whole_authorization, urls);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->status, check_status::invalid);
    EXPECT_EQ(read->name, "a.example");
    EXPECT_FALSE(read->is_address);
    EXPECT_TRUE(read->wildcard);
    ASSERT_EQ(read->challenges.size(), 2U);
    EXPECT_EQ(read->challenges[0].token, "DGyRejmCefe7v4N_b-9");
    ASSERT_TRUE(read->challenges[0].error);
    EXPECT_EQ(read->challenges[0].error->type, "dns");
    EXPECT_EQ(read->challenges[1].type, "dns-persist-01");
    EXPECT_EQ(read->challenges[1].status, check_status::pending);
    auto address =
        with(whole_authorization, R"({"type": "dns", "value": "a.example"})", R"({"type": "ip", "value": "::1"})");
    EXPECT_TRUE(read_authorization(address, urls)->is_address);
}

TEST(Resources, ARenewalWindowIsRead)
{
    auto read = read_renewal_window(R"({"suggestedWindow": {"start": "2026-01-02T04:00:00Z",
        "end": "2026-01-03T04:00:00Z"}, "explanationURL": "https://ca.example/why"})");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->end - read->start, 24h);
    EXPECT_EQ(read->explanation_url, "https://ca.example/why");
}

// What is wrong is said; nothing is thrown.
TEST(Resources, WhatIsWrongIsSaid)
{
    using reader = std::function<std::string(std::string_view)>;
    auto word = [](const auto& read) { return read ? std::string("nothing wrong") : read.error(); };
    reader an_order = [&](std::string_view text) { return word(read_order(text, urls)); };
    reader a_directory = [&](std::string_view text) { return word(read_directory(text, urls)); };
    reader a_check = [&](std::string_view text) { return word(read_authorization(text, urls)); };
    reader a_window = [&](std::string_view text) { return word(read_renewal_window(text)); };
    reader a_page = [&](std::string_view text) { return word(read_orders_page(text, urls)); };
    reader an_account = [&](std::string_view text) { return word(read_account(text, urls)); };
    struct row {
        reader read;
        std::string text, says;
    };
    for (const auto& [read, text, says] : std::vector<row>{
             {an_order, "", "the order is not a JSON object"},
             {an_order, "{", "the order is not a JSON object"},
             {an_order, "[]", "the order is not a JSON object"},
             {an_order, std::string(100'000, '['), "the order is not a JSON object"},
             {an_order, "{\"status\": \"\xff\"}", "the order is not a JSON object"},
             {an_order, "{}", "the order has no \"status\""},
             {an_order, with(whole_order, "\"valid\"", "7"), "the order has a \"status\" that is not a string"},
             {an_order, with(whole_order, "valid", "done"), "the order has the unknown status \"done\""},
             {an_order, with(whole_order, "\"dns\"", "\"mail\""),
              "the order's identifier has the unknown type \"mail\""},
             {an_order, with(whole_order, "{\"type\": \"dns\", \"value\": \"a.example\"}", "1"),
              "the order's identifier is not a JSON object"},
             {an_order, with(whole_order, "\"https://ca.example/authz/1\"", "{}"),
              "the order has something else than a URL to go to in \"authorizations\""},
             {an_order, with(whole_order, "https://ca.example/order/1/finalize", "http://ca.example/"),
              "the order has a \"finalize\" that is not a URL to go to: \"http://ca.example/\""},
             {an_order, with(whole_order, "\"certificate\"", "\"other\""),
              "the order is valid, but has no \"certificate\""},
             {an_order, with(whole_order, "\"error\": null", "\"error\": []"),
              "the order has a \"error\" that is not an object"},
             {a_directory, "{}", "the CA's directory has no \"newNonce\""},
             {a_directory, R"({"newNonce": "ftp://x/"})",
              "the CA's directory has a \"newNonce\" that is not a URL to go to: \"ftp://x/\""},
             {a_check, with(whole_authorization, "DGyRejmCefe7v4N_b-9", "../x"),
              "the challenge has a token that is not base64url"},
             {a_check, with(whole_authorization, "\"pending\"", "\"maybe\""),
              "the challenge has the unknown status \"maybe\""},
             {a_check, with(whole_authorization, "\"challenges\"", "\"others\""),
              "the authorization has no \"challenges\""},
             {a_check, with(whole_authorization, "true", "\"yes\""),
              "the authorization has a \"wildcard\" that is neither true nor false"},
             {a_window, "{}", "the renewal information has no \"suggestedWindow\""},
             {a_window, R"({"suggestedWindow": {"start": "2026-01-02T04:00:00Z", "end": "later"}})",
              "the suggested window has a time that is not RFC 3339's"},
             {a_window, R"({"suggestedWindow": {"start": "2026-01-02T04:00:00Z", "end": "2026-01-01T04:00:00Z"}})",
              "the suggested window ends before it starts"},
             {a_page, R"({"orders": "https://ca.example/1"})",
              "the list of orders has a \"orders\" that is not an array"},
             {an_account, R"({"status": "sleeping"})", "the account has the unknown status \"sleeping\""},
         }) {
        EXPECT_EQ(read(text), says) << text.substr(0, 500);
    }
}

TEST(Resources, AProblemHasTheCasWordsAndThoseOfItsParts)
{
    auto why = read_problem(R"({"type": "urn:ietf:params:acme:error:malformed", "detail": "Some identifiers are bad",
        "subproblems": [
            {"type": "urn:ietf:params:acme:error:malformed", "detail": "Invalid underscore in \"_a.example\"",
             "identifier": {"type": "dns", "value": "_a.example"}},
            {"type": "urn:ietf:params:acme:error:caa", "identifier": {"type": "dns", "value": "b.example"}},
            {"detail": "for nobody", "identifier": 7}, 9]})");
    ASSERT_TRUE(why);
    EXPECT_EQ(why->what, failure::kind::refused);
    EXPECT_EQ(why->type, "malformed");
    EXPECT_EQ(why->detail,
              "Some identifiers are bad; _a.example: Invalid underscore in \"_a.example\"; "
              "b.example: caa; for nobody");
    EXPECT_EQ(read_problem(R"({"type": "about:blank", "title": "Gone"})")->detail, "Gone");
    EXPECT_EQ(read_problem(R"({"type": "about:blank", "title": "Gone"})")->type, "about:blank");
    EXPECT_EQ(read_problem("{\"detail\": \"a\\u001b[31m\\nb\"}")->detail, "a [31m b");
    EXPECT_LT(read_problem("{\"detail\": \"" + std::string(100'000, 'x') + "\"}")->detail.size(), 9000U);
}

TEST(Resources, RequestsAreWritten)
{
    EXPECT_EQ(write_new_account({}), "{}");
    EXPECT_EQ(write_new_account({{"mailto:a@b.example"}, true, true, R"({"payload":"x"})"}),
              R"({"contact":["mailto:a@b.example"],"externalAccountBinding":{"payload":"x"},)"
              R"("onlyReturnExisting":true,"termsOfServiceAgreed":true})");
    EXPECT_EQ(write_new_order({{"a.example", "2001:DB8:0::1"}, "shortlived", "x.y"}),
              R"({"identifiers":[{"type":"dns","value":"a.example"},{"type":"ip","value":"2001:db8::1"}],)"
              R"("profile":"shortlived","replaces":"x.y"})");
    EXPECT_EQ(write_contact({"\xff"}), "{\"contact\":[\"\xEF\xBF\xBD\"]}") << "never throws";
    EXPECT_EQ(write_finalize("\xfb\xff"), R"({"csr":"-_8"})");
    EXPECT_EQ(write_revocation("AAAA", 4), R"({"certificate":"AAAA","reason":4})");
}

}  // namespace
}  // namespace lintel::acme
