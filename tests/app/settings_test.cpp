#include "app/settings.hpp"

#include "base/file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include <unistd.h>

namespace lintel::app {
namespace {

using namespace std::chrono_literals;

std::string doc(const char* name)
{
    auto path = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / name;
    auto text = file::read(path);
    return text ? *text : "";
}

/// A file of this process alone: ctest runs each test in one of its own, several at a time.
std::string write_config(const std::string& text)
{
    auto path = testing::TempDir() + "lintel-" + std::to_string(getpid()) + ".yaml";
    EXPECT_TRUE(file::write_atomically(path, text, 0600));
    return path;
}

chosen_settings only(const std::string& key, const std::string& text) { return {{key, {text, "--" + key}}}; }

TEST(Settings, HaveDefaultsForEverything)
{
    auto all = build({});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->drain_timeout, 30s);
    EXPECT_EQ(all->edge.http.first_byte_timeout, 60s);
    ASSERT_EQ(all->entrypoints.size(), 2U);
    EXPECT_EQ(all->entrypoints[0].address, ":80");
    EXPECT_TRUE(all->entrypoints[1].tls);
}

TEST(Settings, AreAllInTheReferenceAndTheExample)
{
    auto reference = doc("configuration.md"), example = doc("lintel.yaml");
    for (const auto& each : options()) {
        auto row = "| `" + std::string(each.key) + "` | `" + flag_of(each) + "` | `" + variable_of(each) + "` | " +
                   (each.standard.empty() ? "" : "`" + std::string(each.standard) + "`");
        EXPECT_NE(reference.find(row), std::string::npos) << row;
        EXPECT_NE(example.find("#" + std::string(each.key) + ":"), std::string::npos) << each.key;
    }
}

TEST(Settings, SayWhatIsWrongWithEachText)
{
    struct {
        const char *key, *text, *said;
    } table[]{
        {"workers", "0", "whole number from 1 to 256"},
        {"workers", "two", "whole number"},
        {"drain_timeout", "soon", "not a duration"},
        {"http", "80", "not ADDR:PORT"},
        {"http", "example.com:80", "not an IP address"},
        {"https", ":70000", "not ADDR:PORT"},
        {"engine", "tcp://1.2.3.4:2375", "unix:///"},
        {"trusted_proxies", "10.0.0.0/33", "not a network"},
        {"log_level", "loud", "debug, info, warn or error"},
        {"exposed_by_default", "yes", "true nor false"},
        {"entrypoints", "http=:80+tls", "clear text"},
        {"entrypoints", "x", "NAME=ADDR:PORT"},
        {"entrypoints", "x=:1+fast", "unknown part"},
        {"state", "", "empty"},
        {"entrypoints", "x=:1+public=0", "unknown part"},
        {"max_handshakes", "0", "whole number from 1"},
        {"entrypoints", "x=:1+proxy_protocol_from=a", "proxy_protocol_from: "},
        {"dns", "ns.test", "not ADDR or ADDR:PORT"},
        {"dns", "127.0.0.1:0", "not ADDR or ADDR:PORT"},
        {"email", "you", "not an e-mail address"},
        {"email", "a@b@c", "not an e-mail address"},
        {"accept_terms", "1", "true nor false"},
        {"issuers", "{x: {directroy: 'https://ca/'}}", "issuers.x.directroy: unknown key; did you mean directory?"},
        {"issuers", "[", "issuers: "},
        {"default_issuers", "letsencrypt,mine", "default_issuers: there is no issuer mine"},
        {"default_issuers", "google", "needs an account of its own"},
        {"resolvers", "le", "not NAME=ISSUER"},
        {"resolvers", "le=", "not NAME=ISSUER"},
        {"resolvers", "le=letsencrypt+", "not NAME=ISSUER"},
        {"resolvers", "le=letsencrpyt", "resolvers.le: there is no issuer letsencrpyt; did you mean letsencrypt?"},
        {"host_issuers", "a b=letsencrypt", "a b is not a host"},
        {"host_issuers", "a.test=x", "host_issuers.a.test: there is no issuer x"},
        {"preflight", "maybe", "require, advise or off"},
        {"certificate_dns", "ns.test", "not ADDR or ADDR:PORT"},
        {"challenge_http_port", "0", "not a port"},
        {"challenge_tls_port", "65536", "not a port"}};
    for (const auto& [key, text, said] : table) {
        auto all = build(only(key, text));
        ASSERT_FALSE(all) << key << " " << text;
        EXPECT_EQ(all.error().front().where, std::string("--") + key);
        EXPECT_NE(all.error().front().what.find(said), std::string::npos) << all.error().front().what;
    }
}

TEST(Settings, TakeNameServersWithAndWithoutAPort)
{
    auto all = build(only("dns", "127.0.0.53, 10.0.0.1:5353, ::1, [2001:db8::1]:54"));
    ASSERT_TRUE(all);
    std::string servers;
    for (const auto& each : all->edge.dns) servers += each.to_string() + ' ';
    EXPECT_EQ(servers, "127.0.0.53:53 10.0.0.1:5353 [::1]:53 [2001:db8::1]:54 ");
}

TEST(Settings, OfCertificatesAreThereWithoutAWord)
{
    auto all = build({});
    ASSERT_TRUE(all);
    const auto& made = all->certificates;
    EXPECT_FALSE(made.terms_accepted());
    EXPECT_EQ(made.default_issuers, std::vector<std::string>{"letsencrypt"});
    EXPECT_TRUE(made.issuers.contains("letsencrypt"));
    EXPECT_EQ(made.preflight, acme::preflight_mode::advise);
    EXPECT_EQ(made.http_port, 80);
    EXPECT_EQ(made.tls_port, 443);
}

TEST(Settings, OfCertificatesAreReadFromTexts)
{
    auto all = build({{"email", {"you@example.com", ""}},
                      {"issuers", {"{inner: {directory: 'https://ca.internal/'}}", ""}},
                      {"default_issuers", {"inner, letsencrypt", ""}},
                      {"resolvers", {"le=letsencrypt, corp=inner+letsencrypt", ""}},
                      {"host_issuers", {"*.Corp.Example=inner,[::1]=inner", ""}},
                      {"preflight", {"require", ""}},
                      {"certificate_dns", {"127.0.0.1:5353,::1", ""}},
                      {"challenge_http_port", {"5002", ""}},
                      {"challenge_tls_port", {"5001", ""}},
                      {"import", {"/a/acme.json,/caddy", ""}}});
    ASSERT_TRUE(all) << all.error().front().what;
    using names = std::vector<std::string>;
    using lists = std::map<std::string, names>;
    const auto& made = all->certificates;
    EXPECT_TRUE(made.terms_accepted());
    EXPECT_TRUE(made.issuers.at("inner").is_private);
    EXPECT_EQ(made.default_issuers, (names{"inner", "letsencrypt"}));
    EXPECT_EQ(made.resolvers, (lists{{"le", {"letsencrypt"}}, {"corp", {"inner", "letsencrypt"}}}));
    EXPECT_EQ(made.hosts, (lists{{"*.corp.example", {"inner"}}, {"::1", {"inner"}}}));
    EXPECT_EQ(made.preflight, acme::preflight_mode::require);
    ASSERT_EQ(made.name_servers.size(), 2U);
    EXPECT_EQ(made.name_servers[0].to_string() + ' ' + made.name_servers[1].to_string(), "127.0.0.1:5353 [::1]:53");
    EXPECT_EQ(made.http_port, 5002);
    EXPECT_EQ(made.tls_port, 5001);
    EXPECT_EQ(made.imports, (names{"/a/acme.json", "/caddy"}));
    auto none = build(only("default_issuers", ""));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->certificates.default_issuers.empty());
}

TEST(Settings, OfIssuersStayFromTheEdgeAndReachControlWithTheirSecrets)
{
    auto secret = testing::TempDir() + "lintel-hmac-" + std::to_string(getpid());
    ASSERT_TRUE(file::write_atomically(secret, "YWJj\n", 0600));
    chosen_settings chosen{
        {"issuers", {"{inner: {directory: 'https://ca/', eab: {kid: a, hmac_file: " + secret + "}}}", ""}},
        {"default_issuers", {"inner", ""}},
        {"resolvers", {"le=inner", ""}},
        {"workers", {"2", ""}}};
    auto edge = settings_for_edge(chosen), control = settings_for_control(chosen);
    ASSERT_EQ(::unlink(secret.c_str()), 0);
    EXPECT_EQ(edge, (chosen_settings{{"workers", {"2", ""}}}));
    EXPECT_TRUE(build(edge));
    EXPECT_FALSE(build(chosen)) << "the file is gone";
    auto all = build(control);
    ASSERT_TRUE(all) << all.error().front().what;
    EXPECT_EQ(all->certificates.issuers.at("inner").binding->hmac_key, "YWJj");
}

TEST(Settings, NeverTellASecret)
{
    for (const auto* text :
         {"{x: {directory: 'https://ca/', eab: {kid: a, hmac: 'tops!cret'}}}", "tops!cret", "[tops!cret"}) {
        auto all = build(only("issuers", text));
        ASSERT_FALSE(all) << text;
        for (const auto& each : all.error()) EXPECT_FALSE(each.what.contains("tops")) << each.what;
    }
}

TEST(ConfigFile, ReadsIssuersAndWhoIsMeantByNames)
{
    auto path = write_config(R"(issuers:
  inner:
    directory: "https://ca.internal/dir"   # ours
    private: "true"
    eab:
      kid: "12"
      hmac: YWJj
    challenges:
      - http-01
resolvers:
  le: letsencrypt
  corp: [inner, letsencrypt]
host_issuers: {"*.corp.example": inner}
default_issuers: [inner, letsencrypt]
import: [/a, /b]
)");
    auto chosen = read_config_file(path);
    ASSERT_TRUE(chosen) << chosen.error().front().what;
    EXPECT_EQ(chosen->at("resolvers").text, "le=letsencrypt,corp=inner+letsencrypt");
    EXPECT_EQ(chosen->at("host_issuers").text, "*.corp.example=inner");
    EXPECT_FALSE(chosen->at("issuers").text.contains('\n')) << chosen->at("issuers").text;
    auto all = build(*chosen);
    ASSERT_TRUE(all) << all.error().front().where << all.error().front().what;
    const auto& inner = all->certificates.issuers.at("inner");
    EXPECT_EQ(inner.directory, "https://ca.internal/dir");
    EXPECT_EQ(inner.binding->kid, "12");
    EXPECT_EQ(inner.challenges, std::vector{acme::challenge_type::http_01});
}

TEST(ConfigFile, NamesThePlaceOfWrongIssuers)
{
    struct {
        const char *yaml, *place, *said;
    } table[]{{"issuers:\n  x: {diretory: 'https://ca/'}\n", ":2:3", "issuers.x.diretory: unknown key"},
              {"issuers: [a]\n", ":1:10", "is a map of names"},
              {"resolvers:\n  le: nobody\n", ":2:3", "resolvers.le: there is no issuer nobody"},
              {"resolvers:\n  'a,b': letsencrypt\n", ":2:3", "without , = and +"},
              {"resolvers:\n  le: []\n", ":2:3", "needs an issuer's name"},
              {"host_issuers:\n  a: {b: c}\n", ":2:3", "needs an issuer's name"},
              {"resolvers:\n  le: [[a]]\n", ":2:8", "is not the name of an issuer"},
              {"email:\n  a: b\n", ":2:3", "email is one value or a list"}};
    for (const auto& [yaml, where, said] : table) {
        auto path = write_config(yaml);
        auto chosen = read_config_file(path);
        auto wrong = chosen ? build(*chosen).error() : chosen.error();
        ASSERT_FALSE(wrong.empty()) << yaml;
        EXPECT_EQ(wrong.front().where, path + where) << yaml;
        EXPECT_TRUE(wrong.front().what.contains(said)) << wrong.front().what;
    }
}

TEST(Settings, TellAllMistakesAtOnce)
{
    auto all = build({{"workers", {"0", "a"}}, {"log_level", {"x", "b"}}});
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().size(), 2U);
}

TEST(Settings, DeclareEntrypointsByTheirAliases)
{
    auto all = build(only("entrypoints", "web=127.0.0.1:8080, inner=:9000+tls, websecure=:443+public=8443"));
    ASSERT_TRUE(all);
    ASSERT_EQ(all->entrypoints.size(), 3U);
    EXPECT_EQ(all->entrypoints[0].address, "127.0.0.1:8080");
    EXPECT_EQ(all->entrypoints[1].public_port, 8443);
    EXPECT_TRUE(all->entrypoints[2].tls);
    EXPECT_EQ(all->entrypoints[2].name, "inner");
}

TEST(ConfigFile, ReadsScalarsListsAndEntrypoints)
{
    auto chosen = read_config_file(write_config(
        "workers: 3\ntrusted_proxies: [10.0.0.0/8, ::1]\n"
        "entrypoints:\n  inner: 127.0.0.1:9000\n  outer: {address: ':9443', tls: true, head_timeout: 5s}\n"));
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->at("workers").text, "3");
    EXPECT_EQ(chosen->at("trusted_proxies").text, "10.0.0.0/8,::1");
    EXPECT_EQ(chosen->at("entrypoints").text, "inner=127.0.0.1:9000,outer=:9443+tls+head_timeout=5s");
}

TEST(ConfigFile, NamesAWrongOptionOfAnEntrypoint)
{
    auto path = write_config("entrypoints:\n  outer: {address: ':9443', head_timeuot: 5s}\n");
    auto chosen = read_config_file(path);
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().front().where, path + ":2:29");
    EXPECT_TRUE(chosen.error().front().what.contains("did you mean head_timeout?")) << chosen.error().front().what;
}

TEST(ConfigFile, NamesThePlaceAndTheNearestKey)
{
    auto path = write_config("state: /x\n  \nacess_log: off\n");
    auto chosen = read_config_file(path);
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().front().where, path + ":3:1");
    EXPECT_NE(chosen.error().front().what.find("did you mean access_log?"), std::string::npos);
}

TEST(ConfigFile, NamesThePlaceOfAValueThatIsWrong)
{
    auto path = write_config("\nworkers: many\n");
    auto all = build(read_config_file(path).value());
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().front().where, path + ":2:10");
}

TEST(ConfigFile, IsFineWhenEmptyAndNamesBrokenYaml)
{
    EXPECT_TRUE(read_config_file(write_config("")));
    EXPECT_TRUE(read_config_file(write_config(doc("lintel.yaml"))));
    auto broken = read_config_file(write_config("a: [1, 2\n"));
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().front().where.find(".yaml:"), std::string::npos);
}

TEST(ConfigFile, ThatIsMissingIsAProblem)
{
    auto chosen = read_config_file("/nonexistent/lintel.yaml");
    ASSERT_FALSE(chosen);
    EXPECT_NE(chosen.error().front().what.find("can't be read"), std::string::npos);
}

TEST(Settings, TakeTheNetworksThatSpeakTheProxyProtocol)
{
    const std::string flag = "in=:9000+proxy_protocol_from=10.0.0.0/8+proxy_protocol_from=::1";
    auto all = build(only("entrypoints", flag));
    ASSERT_TRUE(all) << all.error().front().what;
    const std::vector<std::string> networks{"10.0.0.0/8", "::1"};
    EXPECT_EQ(all->entrypoints.at(2).proxy_protocol_from, networks);
    EXPECT_EQ(all->edge.entrypoints.at(2).proxy_protocol_from, networks);
    for (const auto* written : {"[10.0.0.0/8, '::1']", "'10.0.0.0/8, ::1'"}) {
        auto path =
            write_config("entrypoints:\n  in: {address: ':9000', proxy_protocol_from: " + std::string(written) + "}\n");
        auto chosen = read_config_file(path);
        ASSERT_TRUE(chosen) << chosen.error().front().what;
        EXPECT_EQ(chosen->at("entrypoints").text, flag);
    }
}

}  // namespace
}  // namespace lintel::app
