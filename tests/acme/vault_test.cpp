#include "acme/vault.hpp"
#include "store/sqlite_records.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

/// The real thing behind a door that a test shuts.
class shut_now_and_then final : public store::records {
public:
    shut_now_and_then(std::unique_ptr<store::records> behind, const bool& shut)
        : behind_(std::move(behind)), shut_(shut)
    {
    }
    checked<store::contents> load() override
    {
        if (shut_) return std::unexpected(problem{"lintel.db", "it is shut"});
        return behind_->load();
    }
    checked<void> commit(const store::changes& step) override
    {
        if (shut_) return std::unexpected(problem{"lintel.db", "it is shut"});
        return behind_->commit(step);
    }

private:
    std::unique_ptr<store::records> behind_;
    const bool& shut_;
};

class Vault : public testing::Test {
protected:
    checked<vault> open()
    {
        return vault::open(std::make_unique<shut_now_and_then>(store::open_records(folder.path()).value(), is_shut));
    }

    static store::changes account(const std::string& directory, const std::string& key)
    {
        store::changes step;
        step.accounts.put.push_back({directory, key, {}, {}, {}});
        return step;
    }

    /// What one sees who opens it next.
    store::contents on_disk() { return store::open_records(folder.path()).value()->load().value(); }

    test::temporary_folder folder;
    bool is_shut = false;
};

TEST_F(Vault, HoldsInMemoryWhatIsOnDisk)
{
    auto one = open().value();
    store::changes step = account("d1", "k1");
    auto& certificate = step.certificates.put.emplace_back();
    certificate.id = "c";
    certificate.names = {"a"};
    certificate.issuer = "i";
    certificate.chain_pem = "C";
    certificate.key_pem = "K";
    auto& order = step.orders.put.emplace_back();
    order.id = "o";
    order.issuer = "i";
    order.directory = "d1";
    order.names = {"a"};
    step.setbacks.put.push_back({.subject = "s", .failures = 2, .last_try = {}, .next_try = {}, .why = "w"});
    step.buckets.put.push_back({.key = "b", .tokens = 1.5, .updated = {}});
    ASSERT_TRUE(one.commit(step));
    auto disk = on_disk();
    EXPECT_EQ(one.contents().accounts, disk.accounts);
    EXPECT_EQ(one.contents().certificates, disk.certificates);
    EXPECT_EQ(one.contents().orders, disk.orders);
    EXPECT_EQ(one.contents().setbacks, disk.setbacks);
    EXPECT_EQ(one.contents().buckets, disk.buckets);
    EXPECT_EQ(disk.setbacks.at("s").failures, 2);
    EXPECT_EQ(open().value().contents().accounts, disk.accounts) << "and after a restart";
}

TEST_F(Vault, PutsInPlaceOfWhatHasTheSameKeyAndErasesFirst)
{
    auto one = open().value();
    ASSERT_TRUE(one.commit(account("d", "old")));
    auto step = account("d", "new");
    step.accounts.erase = {"d", "never there"};
    ASSERT_TRUE(one.commit(step));
    EXPECT_EQ(one.contents().accounts.at("d").key_pem, "new");
    EXPECT_EQ(on_disk().accounts, one.contents().accounts) << "as the disk does it";
    step = {};
    step.accounts.erase = {"d"};
    ASSERT_TRUE(one.commit(step));
    EXPECT_TRUE(one.contents().accounts.empty());
    EXPECT_TRUE(on_disk().accounts.empty());
}

TEST_F(Vault, ARefusedStepChangesNothingAndIsToldUntilOneSucceeds)
{
    auto one = open().value();
    ASSERT_TRUE(one.commit(account("d", "old")));
    EXPECT_EQ(one.trouble(), "");
    is_shut = true;
    auto refused = one.commit(account("d", "new"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "it is shut");
    EXPECT_EQ(one.contents().accounts.at("d").key_pem, "old");
    EXPECT_EQ(on_disk().accounts.at("d").key_pem, "old");
    EXPECT_EQ(one.trouble(), "lintel.db: it is shut");
    EXPECT_EQ(one.trouble().find("new"), std::string::npos) << "no key is told";
    is_shut = false;
    ASSERT_TRUE(one.commit(account("d", "new")));
    EXPECT_EQ(one.trouble(), "");
    EXPECT_EQ(one.contents().accounts.at("d").key_pem, "new");
}

TEST_F(Vault, DoesNotOpenWhatCannotBeRead)
{
    is_shut = true;
    auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().where, "lintel.db");
}

}  // namespace
}  // namespace lintel::acme
