#include "store/last_good.hpp"

#include "base/file.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace lintel::store {
namespace {

class LastGood : public testing::Test {
protected:
    LastGood()
    {
        good.routers["r"].rule = "Host(`a`)";
        good.services["s"].endpoints = {"c1:80", "http://10.0.0.2:80"};
        good.endpoints["c1:80"] = {.host = "10.0.0.1", .port = 80, .ready = model::readiness::ready, .source = ""};
        good.endpoints["http://10.0.0.2:80"] = {
            .host = "10.0.0.2", .port = 80, .ready = model::readiness::probe, .source = ""};
        good.certificates["file"] = certificate("file");
    }

    model::certificate certificate(const std::string& name)
    {
        auto chain = folder / (name + ".pem"), key = folder / (name + "-key.pem");
        EXPECT_TRUE(file::write_atomically(chain, "CHAIN TEXT", 0644));
        EXPECT_TRUE(file::write_atomically(key, "KEY TEXT", 0600));
        return {
            .names = {name}, .chain_pem = "CHAIN TEXT", .key_pem = "KEY TEXT", .chain_file = chain, .key_file = key};
    }

    std::string path() const { return folder / "last-good.json"; }

    test::temporary_folder folder;
    model::snapshot good;
};

TEST_F(LastGood, ComesBackWithItsContainersUnconfirmed)
{
    ASSERT_TRUE(save_last_good(folder.path(), good));
    auto back = load_last_good(folder.path());
    ASSERT_TRUE(back);
    auto expected = good;
    expected.endpoints["c1:80"].ready = model::readiness::unconfirmed;
    EXPECT_EQ(*back, expected) << "what a file declares is confirmed";
}

TEST_F(LastGood, HoldsTransportsAsTheirFilesAndClosesWhatNeedsOneThatIsGone)
{
    auto certified = certificate("client");
    auto& kept = good.transports["kept"];
    kept.ca_pem = "INLINE CA";
    kept.chain_pem = certified.chain_pem;
    kept.chain_file = certified.chain_file;
    kept.key_pem = certified.key_pem;
    kept.key_file = certified.key_file;
    good.transports["inline key"].key_pem = "KEY TEXT";
    good.services["s"].transport = "kept";
    good.services["t"].transport = "inline key";
    good.routers["r"].service = "s";
    good.routers["lost"].service = "t";
    ASSERT_TRUE(save_last_good(folder.path(), good));
    auto text = file::read(path()).value();
    EXPECT_EQ(text.find("TEXT"), text.npos) << text;

    auto back = load_last_good(folder.path());
    EXPECT_EQ(back->transports.at("kept"), kept);
    EXPECT_EQ(back->routers.at("r"), good.routers.at("r"));
    EXPECT_TRUE(back->routers.at("lost").refusal.contains("transport inline key"));

    ASSERT_TRUE(std::filesystem::remove(certified.key_file));
    EXPECT_TRUE(load_last_good(folder.path())->routers.at("r").refusal.contains("transport kept"));
}

TEST_F(LastGood, HoldsNoKeyAndNoChain)
{
    good.certificates["memory"] = {
        .names = {"b"}, .chain_pem = "CHAIN TEXT", .key_pem = "KEY TEXT", .chain_file = "", .key_file = ""};
    ASSERT_TRUE(save_last_good(folder.path(), good));
    auto text = file::read(path()).value();
    EXPECT_EQ(text.find("TEXT"), text.npos) << text;
    struct stat what{};
    ASSERT_EQ(::stat(path().c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0600U);
    EXPECT_FALSE(load_last_good(folder.path())->certificates.contains("memory"));
}

TEST_F(LastGood, LeavesOutCertificatesWhoseFilesAreGoneOrEmpty)
{
    good.certificates["gone"] = certificate("gone");
    good.certificates["empty"] = certificate("empty");
    ASSERT_TRUE(save_last_good(folder.path(), good));
    std::filesystem::remove(good.certificates["gone"].key_file);
    ASSERT_TRUE(file::write_atomically(good.certificates["empty"].chain_file, "", 0644));
    auto back = load_last_good(folder.path());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->certificates.size(), 1U);
    EXPECT_TRUE(back->certificates.contains("file"));
    EXPECT_EQ(back->routers, good.routers) << "nothing else is lost";
}

TEST_F(LastGood, ReadsTheFilesAsTheyAreNow)
{
    ASSERT_TRUE(save_last_good(folder.path(), good));
    ASSERT_TRUE(file::write_atomically(good.certificates["file"].chain_file, "RENEWED", 0644));
    EXPECT_EQ(load_last_good(folder.path())->certificates.at("file").chain_pem, "RENEWED");
}

TEST_F(LastGood, IsNoneWithoutAWholeFile)
{
    EXPECT_FALSE(load_last_good(folder.path()));
    ASSERT_TRUE(save_last_good(folder.path(), good));
    auto text = file::read(path()).value();
    for (const auto& broken : {std::string(), std::string("nonsense"), text.substr(0, text.size() / 2),
                               std::string("{}"), std::string("[]")}) {
        ASSERT_TRUE(file::write_atomically(path(), broken, 0600));
        EXPECT_FALSE(load_last_good(folder.path())) << broken;
    }
}

TEST_F(LastGood, IsAnErrorWhereItCantBeWritten) { EXPECT_FALSE(save_last_good("/nowhere/at/all", good)); }

}  // namespace
}  // namespace lintel::store
