#include "acme/dns_challenge.hpp"
#include "acme/dns_zone.hpp"
#include "acme/tsig.hpp"
#include "net/dns_exchange.hpp"
#include "net/dns_message.hpp"
#include "net/dns_query.hpp"
#include "net/socket.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/name_daemon.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using net::dns_type;
using test::bind_server;
using test::outcome_of;

const std::string secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMhISE=";
const std::string long_secret = "YSBsb25nZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cyBmb3IgaG1hYy1zaGE1MTI=";

const std::string keys = "key \"acme-key\" { algorithm hmac-sha256; secret \"" + secret +
                         "\"; };\nkey \"acme-512\" { algorithm hmac-sha512; secret \"" + long_secret +
                         "\"; };\nkey \"idle\" { algorithm hmac-sha256; secret \"" + secret + "\"; };\n";
const std::string open = "allow-update { key acme-key; key acme-512; };";
const std::string alone = "@ NS ns1\nns1 A 127.0.0.1\n";

std::vector<bind_server::zone> zones_for(std::uint16_t port)
{
    auto second = "127.0.0.2 port " + std::to_string(port);
    return {
        {"example.test", open, alone},
        {"acme.test", open, alone},
        {"app.test", "", alone + "_acme-challenge CNAME app.acme.test.\n"},
        {"pair.test", open + " also-notify { " + second + "; };", alone + "@ NS ns2\nns2 A 127.0.0.2\n"},
        {"lame.test", open, alone + "@ NS ns2\nns2 A 127.0.0.3\n"},
    };
}

struct live_server {
    explicit live_server(const std::string& program)
        : port(test::free_dns_port({"127.0.0.1", "127.0.0.2"})), named(program, port, keys, zones_for(port))
    {
    }
    std::uint16_t port;
    bind_server named;
};

rfc2136_settings settings_for(const std::string& server, const std::string& key_name = "acme-key")
{
    rfc2136_settings how;
    how.server = server;
    how.key_name = key_name;
    if (!key_name.empty()) how.secret = secret;
    return how;
}

/// knotd as the secondary of pair.test and as the primary of knot.test. Other than named it listens on 127.0.0.2.
class knot_server {
public:
    knot_server(const std::string& program, std::uint16_t port) : daemon_("127.0.0.2", port)
    {
        auto at_port = "@" + std::to_string(port), folder = daemon_.folder("");
        daemon_.write("knot.test.zone", bind_server::zone_text("knot.test", alone));
        daemon_.write("knot.conf", "server:\n  rundir: " + folder + "\n  listen: 127.0.0.2" + at_port +
                                       "\ndatabase:\n  storage: " + folder +
                                       "\nlog:\n- target: stderr\n  any: info\n"
                                       "key:\n- id: acme-key\n  algorithm: hmac-sha256\n  secret: " +
                                       secret +
                                       "\n"
                                       "remote:\n- id: first\n  address: 127.0.0.1" +
                                       at_port +
                                       "\n"
                                       "acl:\n- id: notify\n  address: 127.0.0.1\n  action: notify\n"
                                       "- id: update\n  key: acme-key\n  action: update\n"
                                       "zone:\n- domain: pair.test\n  storage: " +
                                       folder +
                                       "\n  master: first\n  acl: notify\n"
                                       "- domain: knot.test\n  storage: " +
                                       folder + "\n  acl: update\n");
        daemon_.start({program, "-c", daemon_.folder("knot.conf")}, "pair.test");
    }

    const net::address& where() const { return daemon_.where(); }

private:
    test::name_daemon daemon_;
};

/// One named for all these tests.
class DynamicZone : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (auto program = test::find_program("named")) live = std::make_unique<live_server>(*program);
    }
    static void TearDownTestSuite() { live.reset(); }
    void SetUp() override
    {
        if (!live) GTEST_SKIP() << "named is not installed (package bind9)";
    }

    rfc2136_settings settings() const { return settings_for("127.0.0.1:" + std::to_string(live->port)); }
    std::vector<net::address> servers() const { return {live->named.where()}; }

    /// "" or the problem.
    std::string present(rfc2136_settings how, const std::string& record, const std::string& value)
    {
        auto writer = make_rfc2136_writer(loop, std::move(how), servers());
        if (!writer) return writer.error().what;
        auto done = outcome_of(loop, (*writer)->present(record, value));
        return done ? "" : done.error().what;
    }
    std::string clean_up(rfc2136_settings how, const std::string& record, const std::string& value)
    {
        auto writer = make_rfc2136_writer(loop, std::move(how), servers());
        auto done = outcome_of(loop, (*writer)->clean_up(record, value));
        return done ? "" : done.error().what;
    }

    std::string propagated(const std::string& record, const std::string& value, duration limit = 20s)
    {
        auto waited = wait_until_propagated(loop, servers(), record, value, limit, live->port);
        auto done = outcome_of(loop, std::move(waited));
        return done ? "" : done.error().what;
    }

    std::set<std::string> texts(const std::string& record)
    {
        auto reply = outcome_of(loop, net::query(loop, servers(), record, dns_type::txt, false, 5s));
        return {reply.values.begin(), reply.values.end()};
    }

    static inline std::unique_ptr<live_server> live;
    net::worker loop;
};

using texts_of = std::set<std::string>;

TEST_F(DynamicZone, GetsARecordAndLosesIt)
{
    const std::string record = "_acme-challenge.www.example.test";
    EXPECT_EQ(present(settings(), record, "one"), "");
    EXPECT_EQ(propagated(record, "one"), "");
    EXPECT_EQ(texts(record), texts_of{"one"});
    EXPECT_EQ(present(settings(), record, "one"), "") << "twice does no harm";
    EXPECT_EQ(clean_up(settings(), record, "one"), "");
    EXPECT_EQ(texts(record), texts_of{});
    EXPECT_EQ(clean_up(settings(), record, "one"), "") << "twice does no harm";
}

TEST_F(DynamicZone, HasValuesOfTwoOrdersAtOneName)
{
    const std::string record = "_acme-challenge.example.test";
    auto how = settings();
    how.zone = "Example.test.";
    EXPECT_EQ(present(how, record, "of example.test"), "");
    EXPECT_EQ(present(how, record, "of *.example.test"), "");
    EXPECT_EQ(texts(record), (texts_of{"of example.test", "of *.example.test"}));
    EXPECT_EQ(propagated(record, "of example.test"), "");
    EXPECT_EQ(clean_up(how, record, "of example.test"), "");
    EXPECT_EQ(texts(record), texts_of{"of *.example.test"});
    EXPECT_EQ(clean_up(how, record, "of *.example.test"), "");
}

TEST_F(DynamicZone, TakesTheRecordWhereAnAliasLeads)
{
    auto record = outcome_of(loop, challenge_record(loop, servers(), "*.app.test"));
    ASSERT_TRUE(record) << record.error().what;
    EXPECT_EQ(*record, "app.acme.test");
    EXPECT_EQ(outcome_of(loop, zone_of(loop, servers(), *record, 5s)), "acme.test");
    EXPECT_EQ(present(settings(), *record, "delegated"), "");
    EXPECT_EQ(propagated(*record, "delegated"), "");
    EXPECT_EQ(clean_up(settings(), *record, "delegated"), "");
}

TEST_F(DynamicZone, TakesLongerSignatures)
{
    auto how = settings();
    how.key_name = "acme-512";
    how.algorithm = "hmac-sha512";
    how.secret = long_secret;
    EXPECT_EQ(present(how, "long.example.test", "x"), "");
    EXPECT_EQ(texts("long.example.test"), texts_of{"x"});
}

TEST_F(DynamicZone, TakesTextsLongerThanAStringOfTheDns)
{
    std::string value(300, 'v');
    EXPECT_EQ(present(settings(), "wide.example.test", value), "");
    EXPECT_EQ(texts("wide.example.test"), texts_of{value});
}

TEST_F(DynamicZone, IsClosedToWrongKeysAndSaysWhy)
{
    const std::string record = "_acme-challenge.example.test";
    auto how = settings();
    how.secret = long_secret;
    EXPECT_EQ(present(how, record, "x"),
              "the secret of the TSIG key \"acme-key\" is not the one that the server has (BADSIG)");
    how = settings();
    how.key_name = "unknown-key";
    EXPECT_EQ(present(how, record, "x"),
              "it knows no TSIG key \"unknown-key\" with hmac-sha256 (BADKEY): compare the key's name and algorithm "
              "with the server's configuration");
    how = settings();
    how.key_name = "idle";
    auto why = present(how, record, "x");
    EXPECT_TRUE(why.starts_with("it refuses the update (REFUSED): allow the TSIG key \"idle\"")) << why;
    how.key_name = how.secret = "";
    why = present(how, record, "x");
    EXPECT_TRUE(why.starts_with("it refuses the update (REFUSED): allow updates without a TSIG key")) << why;
    EXPECT_EQ(texts(record), texts_of{});
}

TEST_F(DynamicZone, IsNotEveryZone)
{
    auto how = settings();
    how.zone = "nowhere.test";
    EXPECT_EQ(present(how, "a.nowhere.test", "x"), "it is not the primary server of the zone nowhere.test (NOTAUTH)");
    how.zone = "acme.test";
    EXPECT_EQ(present(how, "a.example.test", "x"), "a.example.test is not within the zone acme.test");
}

TEST_F(DynamicZone, IsClosedToWhoseClockIsWrong)
{
    auto key = make_tsig_key("acme-key", "hmac-sha256", secret).value();
    net::dns_builder update;
    update.u16(7).u16(net::dns_flag::update).u16(1).u16(0).u16(0).u16(0);
    update.name("example.test").u16(6).u16(net::dns_class_in);
    auto now = wall_clock::now() - 1h;
    auto request = sign(key, update.text(), now);
    auto line = outcome_of(loop, net::connect(loop, live->named.where(), 5s)).value();
    auto end = steady_clock::now() + 5s;
    auto answer = outcome_of(loop, net::exchange_on(*line, request.bytes, end)).value();
    auto seen = verify(key, answer, request.mac, now);
    EXPECT_EQ(seen.what, tsig_verdict::kind::bad_time);
    EXPECT_NEAR(static_cast<double>(seen.server_ahead.count()), 3600, 10);
}

TEST_F(DynamicZone, IsWaitedForUntilItsSecondaryHasTheRecord)
{
    auto program = test::find_program("knotd");
    if (!program) GTEST_SKIP() << "knotd is not installed (package knot)";
    knot_server second(*program, live->port);
    const std::string record = "_acme-challenge.pair.test";
    EXPECT_EQ(present(settings(), record, "x"), "");
    EXPECT_EQ(propagated(record, "x"), "");
    std::vector<net::address> secondary{second.where()};
    auto reply = outcome_of(loop, net::query(loop, secondary, record, dns_type::txt, false, 5s));
    EXPECT_EQ(reply.values, std::vector<std::string>{"x"});
}

TEST_F(DynamicZone, MayBeKnots)
{
    auto program = test::find_program("knotd");
    if (!program) GTEST_SKIP() << "knotd is not installed (package knot)";
    knot_server knot(*program, live->port);
    auto how = settings_for(knot.where().to_string());
    how.zone = "knot.test";
    EXPECT_EQ(present(how, "a.knot.test", "x"), "");
    EXPECT_EQ(present(how, "a.knot.test", "y"), "");
    EXPECT_EQ(clean_up(how, "a.knot.test", "x"), "");
    std::vector<net::address> server{knot.where()};
    auto reply = outcome_of(loop, net::query(loop, server, "a.knot.test", dns_type::txt, false, 5s));
    EXPECT_EQ(reply.values, std::vector<std::string>{"y"});
    how.key_name = "unknown-key";
    auto why = present(how, "a.knot.test", "z");
    EXPECT_TRUE(why.starts_with("it knows no TSIG key \"unknown-key\"")) << why;
    how.key_name = "acme-key";
    how.secret = long_secret;
    why = present(how, "a.knot.test", "z");
    EXPECT_TRUE(why.starts_with("the secret of the TSIG key \"acme-key\" is not")) << why;
}

TEST_F(DynamicZone, IsWaitedForUntilTheLimit)
{
    const std::string record = "_acme-challenge.lame.test";
    EXPECT_EQ(present(settings(), record, "x"), "");
    auto why = propagated(record, "x", 1s);
    EXPECT_TRUE(why.starts_with("the TXT record is not everywhere after 1 s: ns2.lame.test does not answer: ")) << why;
    why = propagated(record, "y", 1s);
    auto first = "ns1.lame.test (127.0.0.1:" + std::to_string(live->port) + ") answers without it";
    EXPECT_NE(why.find(first), std::string::npos) << why;
}

/// A server that says yes to updates over TCP; what it adds to that is the test's.
class LyingServer : public testing::Test {
protected:
    std::string present(const std::function<std::string(const std::string& request)>& answer)
    {
        server.follow(answer);
        auto how = settings_for(server.where()[0].to_string(), "k");
        how.zone = "test";
        auto writer = make_rfc2136_writer(loop, how, server.where()).value();
        auto done = outcome_of(loop, writer->present("a.test", "x"));
        return done ? "" : done.error().what;
    }

    static std::string yes_to(const std::string& request)
    {
        net::dns_builder out;
        return out.bytes(request.substr(0, 2)).u16(0xA800).u32(0).u32(0).text();
    }

    net::worker loop;
    test::dns_server server;
};

TEST_F(LyingServer, IsNotBelievedWithoutASignature)
{
    EXPECT_EQ(present(yes_to), "its answer is not signed, though the update was, and can't be trusted");
}

TEST_F(LyingServer, IsNotBelievedWithASignatureOfItsOwn)
{
    auto key = make_tsig_key("k", "hmac-sha256", secret).value();
    auto why = present([&key](const std::string& request) {  // right key, but it doesn't cover the request
        return sign(key, yes_to(request), wall_clock::now()).bytes;
    });
    EXPECT_EQ(why, "the signature of its answer does not fit the TSIG key \"k\", so it can't be trusted");
    EXPECT_EQ(present([](const std::string&) { return std::string("\0\0", 2); }).substr(0, 9), "no answer");
}

TEST(Rfc2136Settings, AreCheckedBeforeTheyAreUsed)
{
    net::worker loop;
    auto problem_with = [&](rfc2136_settings how) {
        auto made = make_rfc2136_writer(loop, std::move(how), {});
        return made ? "" : made.error().where + ": " + made.error().what;
    };
    for (const char* good : {"ns.test", "ns.test:5353", "10.0.0.1", "10.0.0.1:53", "fd00::1", "[fd00::1]:5353"}) {
        EXPECT_EQ(problem_with(settings_for(good)), "") << good;
        EXPECT_EQ(problem_with(settings_for(good, "")), "") << good;
    }
    for (const char* bad : {"", ":53", "ns.test:0", "ns.test:x", "ns.test:70000", "a:b:53"}) {
        EXPECT_NE(problem_with(settings_for(bad)), "") << bad;
    }
    auto how = settings_for("ns.test");
    how.secret = "";
    EXPECT_EQ(problem_with(how), "rfc2136 ns.test: a TSIG key has a name and a secret, or there is neither");
    how.secret = "no base64!";
    EXPECT_EQ(problem_with(how),
              "rfc2136 ns.test, secret: the secret of a TSIG key is base64, as tsig-keygen writes it");
    how = settings_for("ns.test");
    how.algorithm = "hmac-md5";
    EXPECT_EQ(problem_with(how),
              "rfc2136 ns.test, algorithm: \"hmac-md5\" is none of hmac-sha256, hmac-sha512, hmac-sha384, "
              "hmac-sha224 and hmac-sha1");
}

}  // namespace
}  // namespace lintel::acme
