#include "acme/shelf.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

store::certificate_record issued(const std::string& id, std::vector<std::string> names,
                                 const std::string& issuer = "ca")
{
    store::certificate_record made;
    made.id = id;
    made.names = std::move(names);
    made.issuer = issuer;
    return made;
}

model::certificate file(std::vector<std::string> names)
{
    model::certificate made;
    made.names = std::move(names);
    made.chain_file = "/a.pem";
    return made;
}

TEST(Shelf, CoversByNameAndByOneLabelOfAWildcard)
{
    shelf all;
    all.put(issued("1", {"a.example", "*.b.example"}));
    for (const char* host : {"a.example", "x.b.example", "*.b.example"}) EXPECT_TRUE(all.covers(host)) << host;
    for (const char* host : {"b.example", "x.y.b.example", "*.a.example", "*.x.b.example", "example", ".b.example", ""})
        EXPECT_FALSE(all.covers(host)) << host;
    all.remove("1");
    EXPECT_FALSE(all.covers("a.example"));
}

TEST(Shelf, FallbacksCoverNothing)
{
    shelf all;
    all.put(issued("1", {"a.example"}, "local"));
    EXPECT_FALSE(all.covers("a.example"));
    EXPECT_TRUE(all.take_changes().upsert.at("1").fallback);
}

TEST(Shelf, TellsWhatChangedOnce)
{
    shelf all;
    all.put(issued("1", {"a.example"}));
    all.put(issued("2", {"b.example"}));
    all.remove("1");
    auto changed = all.take_changes();
    EXPECT_EQ(changed.upsert.size(), 1U);
    EXPECT_TRUE(changed.upsert.contains("2"));
    EXPECT_EQ(changed.remove, std::vector<std::string>{"1"});
    EXPECT_TRUE(all.take_changes().empty());
    all.put(issued("1", {"a.example"}));
    changed = all.take_changes();
    EXPECT_TRUE(changed.upsert.contains("1"));
    EXPECT_TRUE(changed.remove.empty());
}

TEST(Shelf, TakesFilesAsAWhole)
{
    shelf all;
    all.put_files({{"1", file({"a.example"})}, {"2", file({"b.example"})}});
    EXPECT_EQ(all.take_changes().upsert.size(), 2U);
    all.put_files({{"2", file({"b.example"})}, {"3", file({"c.example"})}});
    auto changed = all.take_changes();
    EXPECT_EQ(changed.upsert.size(), 1U) << "only what is new";
    EXPECT_EQ(changed.remove, std::vector<std::string>{"1"});
    EXPECT_FALSE(all.covers("a.example"));
    EXPECT_TRUE(all.covers("b.example"));
}

TEST(Shelf, KeepsWhatIsIssuedWhenItsFileGoes)
{
    shelf all;
    all.put(issued("1", {"a.example"}));
    all.put_files({{"1", file({"a.example"})}});
    (void)all.take_changes();
    all.put_files({});
    EXPECT_TRUE(all.take_changes().remove.empty());
    EXPECT_TRUE(all.covers("a.example"));
}

store::certificate_record lasting(const std::string& id, std::vector<std::string> names, int hours)
{
    auto made = issued(id, std::move(names));
    made.not_after = wall_clock::time_point(std::chrono::hours(hours));
    return made;
}

using Names = std::vector<std::string>;

TEST(Shelf, ServesEachNameWithTheCertificateThatLastsLongest)
{
    shelf all;
    all.put(lasting("1", {"a.example", "www.a.example"}, 10));
    all.put(lasting("9", {"a.example"}, 20));
    auto changed = all.take_changes();
    EXPECT_EQ(changed.upsert.at("1").names, Names{"www.a.example"});
    EXPECT_EQ(changed.upsert.at("9").names, Names{"a.example"});
    all.put(lasting("0", {"a.example"}, 15));
    EXPECT_TRUE(all.take_changes().upsert.empty()) << "it is the best for none";
    all.remove("9");
    changed = all.take_changes();
    EXPECT_EQ(changed.upsert.at("0").names, Names{"a.example"}) << "the next one takes over";
    EXPECT_EQ(changed.remove, Names{"9"});
    all.put(lasting("8", {"www.a.example"}, 11));
    changed = all.take_changes();
    EXPECT_EQ(changed.remove, Names{"1"}) << "nothing is left for it";
    all.remove("8");
    all.remove("0");
    changed = all.take_changes();
    EXPECT_EQ(changed.upsert.at("1").names, (Names{"a.example", "www.a.example"}));
    EXPECT_TRUE(all.covers("a.example"));
}

TEST(Shelf, WritesAddressesAsUrlsDo)
{
    EXPECT_EQ(served_form(issued("1", {"::1", "10.0.0.1"})).names, (std::vector<std::string>{"[::1]", "10.0.0.1"}));
}

}  // namespace
}  // namespace lintel::acme
