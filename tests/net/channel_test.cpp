#include "net/channel.hpp"

#include "net/child.hpp"
#include "net/error.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <csignal>

namespace lintel::net {
namespace {

using test::outcome_of;

ino_t inode_of(int descriptor)
{
    struct stat what{};
    ::fstat(descriptor, &what);
    return what.st_ino;
}

class Channel : public testing::Test {
protected:
    Channel() : Channel(channel::make_pair()) {}
    worker loop;
    channel one, other;

private:
    explicit Channel(std::pair<unique_fd, unique_fd> ends)
        : one(loop, std::move(ends.first)), other(loop, std::move(ends.second))
    {
    }
};

TEST_F(Channel, CarriesWholeMessagesInOrder)
{
    ASSERT_TRUE(one.send("first"));
    ASSERT_TRUE(one.send(std::string(channel::limit_bytes, 'x')));
    ASSERT_TRUE(other.send("back"));
    EXPECT_EQ(outcome_of(loop, other.receive()).value().text, "first");
    EXPECT_EQ(outcome_of(loop, other.receive()).value().text.size(), channel::limit_bytes);
    EXPECT_EQ(outcome_of(loop, one.receive()).value().text, "back");
}

TEST_F(Channel, CarriesDescriptors)
{
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd reader(ends[0]), writer(ends[1]);
    ASSERT_TRUE(one.send("take these", ends));
    auto come = outcome_of(loop, other.receive()).value();
    ASSERT_EQ(come.descriptors.size(), 2U);
    EXPECT_EQ(inode_of(come.descriptors[0].get()), inode_of(reader.get()));
    ASSERT_EQ(::write(come.descriptors[1].get(), "x", 1), 1);
    char got = 0;
    ASSERT_EQ(::read(reader.get(), &got, 1), 1);
    EXPECT_EQ(got, 'x');
    EXPECT_TRUE(::fcntl(come.descriptors[0].get(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(Channel, CarriesAsManyDescriptorsAsItsLimit)
{
    unique_fd one_file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::vector<int> many(channel::limit_descriptors, one_file.get());
    ASSERT_TRUE(one.send("many", many));
    EXPECT_EQ(outcome_of(loop, other.receive()).value().descriptors.size(), channel::limit_descriptors);
}

TEST_F(Channel, RefusesMoreThanItsLimits)
{
    unique_fd one_file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::vector<int> too_many(channel::limit_descriptors + 1, one_file.get());
    EXPECT_FALSE(one.send("too many", too_many));
    EXPECT_FALSE(one.send(std::string(channel::limit_bytes + 1, 'x'))) << "it would arrive cut";
}

TEST_F(Channel, SaysWhenTheOtherSideIsGone)
{
    auto [end, closed] = channel::make_pair();
    channel lonely(loop, std::move(end));
    closed.reset();
    EXPECT_EQ(outcome_of(loop, lonely.receive()).error(), errc::end_of_stream);
    EXPECT_FALSE(lonely.send("hello?"));
}

/// What a child runs: this program again, with one of the tests below as its only one.
std::vector<std::string> only(const char* test)
{
    return {"net_test", std::string("--gtest_filter=ChildRole.DISABLED_") + test, "--gtest_also_run_disabled_tests",
            "--gtest_brief=1"};
}

TEST(ChildRole, DISABLED_Succeeds) {}
TEST(ChildRole, DISABLED_Fails) { ::_exit(7); }
TEST(ChildRole, DISABLED_SaysHelloAndWaits)
{
    ASSERT_EQ(::send(child_channel, "hello", 5, 0), 5);
    ::fcntl(child_channel, F_SETFL, 0);
    char byte = 0;
    (void)::recv(child_channel, &byte, 1, 0);
}

TEST(Child, EndsWithItsExitStatus)
{
    worker loop;
    child good(loop, only("Succeeds"));
    auto ending = outcome_of(loop, good.wait());
    EXPECT_TRUE(ending.clean);
    EXPECT_EQ(ending.text, "exit status 0");
    child bad(loop, only("Fails"));
    ending = outcome_of(loop, bad.wait());
    EXPECT_FALSE(ending.clean);
    EXPECT_EQ(ending.text, "exit status 7");
}

TEST(Child, HasAChannelToItsParentAndAGroupOfItsOwn)
{
    worker loop;
    child talks(loop, only("SaysHelloAndWaits"));
    EXPECT_EQ(outcome_of(loop, talks.line().receive()).value().text, "hello");
    EXPECT_EQ(::getpgid(talks.pid()), talks.pid());
    ASSERT_TRUE(talks.line().send("go"));
    EXPECT_TRUE(outcome_of(loop, talks.wait()).clean);
    EXPECT_EQ(outcome_of(loop, talks.line().receive()).error(), errc::end_of_stream);
}

TEST(Child, EndsByASignal)
{
    worker loop;
    child waits(loop, only("SaysHelloAndWaits"));
    (void)outcome_of(loop, waits.line().receive());
    waits.send_signal(SIGKILL);
    auto ending = outcome_of(loop, waits.wait());
    EXPECT_FALSE(ending.clean);
    EXPECT_EQ(ending.text, "signal 9 (Killed)");
    waits.send_signal(SIGKILL);  // the number may be another process by now: nothing is sent
}

}  // namespace
}  // namespace lintel::net
