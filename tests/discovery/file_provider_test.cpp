#include "discovery/file_provider.hpp"

#include "base/file.hpp"
#include "net/task_group.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/local_ca.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace lintel::discovery {
namespace {

namespace fs = std::filesystem;

std::string route(const std::string& host)
{
    return "http:\n  routers:\n    r:\n      rule: Host(`" + host + "`)\n      service: s\n";
}

void write_in_place(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

class FileProvider : public testing::Test {
protected:
    void start(const fs::path& path)
    {
        provider.emplace(home, path, into);
        tasks.spawn("provider", provider->run());
        ASSERT_TRUE(comes_to([&] { return into.settled(); }));
    }

    void TearDown() override
    {
        tasks.stop();
        EXPECT_TRUE(test::run_until(home, [&] { return tasks.size() == 0; })) << "run() doesn't end";
    }

    bool comes_to(const std::function<bool()>& done) { return test::run_until(home, done); }
    const provider_state& state() const { return into.providers().at("file"); }

    /// The rule of the one router in `file`, empty when there is none.
    std::string rule(const std::string& file) const
    {
        auto found = into.fragments().find(file);
        if (found == into.fragments().end() || found->second.routers.empty()) return "";
        return found->second.routers[0].spec.rule;
    }

    test::temporary_folder folder;
    net::event_loop home;
    catalogue into{[] {}};
    net::task_group tasks{home};
    std::optional<file_provider> provider;
};

TEST_F(FileProvider, EveryFileOfAFolderIsAFragment)
{
    write_in_place(folder / "a.yml", route("a"));
    write_in_place(folder / "b.yaml", route("b"));
    write_in_place(folder / "c.txt", route("c"));
    write_in_place(folder / ".d.yml", route("d"));
    start(folder.path());
    EXPECT_EQ(into.fragments().size(), 2U);
    EXPECT_EQ(rule(folder / "a.yml"), "Host(`a`)");
    EXPECT_TRUE(state().available);
    EXPECT_EQ(state().detail, folder.path() + ": 2 files");
    EXPECT_TRUE(state().problems.empty());
}

TEST_F(FileProvider, FilesThatComeChangeAndGoAreFollowed)
{
    start(folder.path());
    write_in_place(folder / "a.yml", route("new"));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "a.yml") == "Host(`new`)"; }));
    write_in_place(folder / "a.yml", route("changed"));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "a.yml") == "Host(`changed`)"; }));
    ASSERT_TRUE(file::write_atomically(folder / "a.yml", route("replaced"), 0644));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "a.yml") == "Host(`replaced`)"; }));
    fs::remove(folder / "a.yml");
    ASSERT_TRUE(comes_to([&] { return into.fragments().empty(); }));
    fs::create_symlink(folder / "elsewhere", folder / "link.yml");
    write_in_place(folder / "elsewhere", route("linked"));
    fs::remove(folder / "link.yml");
    fs::create_symlink(folder / "elsewhere", folder / "link.yml");
    ASSERT_TRUE(comes_to([&] { return rule(folder / "link.yml") == "Host(`linked`)"; }));
}

TEST_F(FileProvider, AFileThatAnEditorMovesAwayAndWritesAnewIsNeverGone)
{
    write_in_place(folder / "a.yml", route("before"));
    start(folder.path());
    fs::rename(folder / "a.yml", folder / "a.yml~");
    write_in_place(folder / "b.yml", route("later"));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "b.yml") == "Host(`later`)"; }));
    EXPECT_EQ(rule(folder / "a.yml"), "Host(`before`)");
    write_in_place(folder / "a.yml", route("after"));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "a.yml") == "Host(`after`)"; }));
}

TEST_F(FileProvider, ABadFileKeepsItsLastGoodRoutesUntilItIsGoodAgain)
{
    write_in_place(folder / "a.yml", route("good"));
    start(folder.path());
    write_in_place(folder / "a.yml", "http: [\n");
    ASSERT_TRUE(comes_to([&] { return !state().problems.empty(); }));
    EXPECT_TRUE(state().problems[0].where.starts_with(folder / "a.yml:2:")) << state().problems[0].where;
    EXPECT_EQ(rule(folder / "a.yml"), "Host(`good`)");
    write_in_place(folder / "a.yml", route("better"));
    ASSERT_TRUE(comes_to([&] { return state().problems.empty(); }));
    EXPECT_EQ(rule(folder / "a.yml"), "Host(`better`)");
}

TEST_F(FileProvider, ASingleFileIsFollowedThroughItsReplacement)
{
    write_in_place(folder / "routes.conf", route("one"));
    write_in_place(folder / "other.yml", route("other"));
    start(folder / "routes.conf");
    EXPECT_EQ(into.fragments().size(), 1U);
    ASSERT_TRUE(file::write_atomically(folder / "routes.conf", route("two"), 0644));
    ASSERT_TRUE(comes_to([&] { return rule(folder / "routes.conf") == "Host(`two`)"; }));
}

TEST_F(FileProvider, APathThatIsMissingIsAProblemUntilItComes)
{
    auto path = folder / "deep/down/routes";
    start(path);
    EXPECT_FALSE(state().available);
    ASSERT_EQ(state().problems.size(), 1U);
    EXPECT_EQ(state().problems[0].where, path);
    fs::create_directories(path);
    write_in_place(path + "/a.yml", route("late"));
    ASSERT_TRUE(comes_to([&] { return rule(path + "/a.yml") == "Host(`late`)"; }));
    ASSERT_TRUE(comes_to([&] { return state().available && state().problems.empty(); }));
}

TEST_F(FileProvider, AFolderMayGoAndComeBack)
{
    auto path = folder / "routes";
    fs::create_directory(path);
    write_in_place(path + "/a.yml", route("a"));
    start(path);
    fs::remove_all(path);
    ASSERT_TRUE(comes_to([&] { return into.fragments().empty() && !state().available; }));
    fs::create_directory(path);
    write_in_place(path + "/b.yml", route("b"));
    ASSERT_TRUE(comes_to([&] { return rule(path + "/b.yml") == "Host(`b`)"; }));
}

TEST_F(FileProvider, ACertificateThatIsReplacedBesideItsFileIsReadAgain)
{
    test::temporary_folder authority;
    auto ca = tls::local_ca::open(authority.path());
    ASSERT_TRUE(ca);
    auto put = [&](const tls::issued_certificate& issued) {
        ASSERT_TRUE(file::write_atomically(folder / "key.pem", issued.key_pem, 0644));
        ASSERT_TRUE(file::write_atomically(folder / "chain.pem", issued.chain_pem, 0644));
    };
    put(ca->issue("a.example.com"));
    write_in_place(folder / "a.yml", "tls: {certificates: [{certFile: chain.pem, keyFile: key.pem}]}\n");
    start(folder.path());
    auto name = [&] {
        const auto& certificates = into.fragments().at(folder / "a.yml").certificates;
        return certificates.empty() ? "" : certificates[0].spec.names.at(0);
    };
    EXPECT_EQ(name(), "a.example.com");
    put(ca->issue("b.example.com"));
    ASSERT_TRUE(comes_to([&] { return name() == "b.example.com"; }));
}

TEST_F(FileProvider, AFileThatCanNotBeOpenedIsAProblem)
{
    fs::create_symlink("a.yml", folder / "a.yml");  // a loop
    start(folder.path());
    EXPECT_TRUE(into.fragments().empty());
    ASSERT_EQ(state().problems.size(), 1U);
    EXPECT_EQ(state().problems[0].where, folder / "a.yml");
}

}  // namespace
}  // namespace lintel::discovery
