#include "base/file.hpp"

#include "base/unique_fd.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

namespace lintel::file {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const std::string& path)
{
    struct stat what{};
    EXPECT_EQ(::stat(path.c_str(), &what), 0);
    return what.st_mode & 07777;
}

TEST(File, IsReplacedWholeWithItsMode)
{
    test::temporary_folder folder;
    auto path = folder / "state.json";
    for (const auto& content : {std::string("old"), std::string(3 << 20, 'x'), std::string(), std::string("a\0b", 3)}) {
        for (auto how : {durability::synced, durability::renamed}) {
            ASSERT_TRUE(write_atomically(path, content, 0640, how));
            EXPECT_EQ(read(path).value(), content);
            EXPECT_EQ(mode_of(path), 0640U);
        }
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing temporary stays behind";
}

TEST(File, StaysAsItWasWhereTheNewOneCantBeWritten)
{
    test::temporary_folder folder;
    auto path = folder / "is-a-folder";
    ASSERT_TRUE(make_folder(path + "/inside", 0700));
    EXPECT_FALSE(write_atomically(path, "x", 0600));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
    EXPECT_FALSE(write_atomically("/nowhere/at/all", "x", 0600));
}

TEST(File, ThatIsNotThereIsAnError)
{
    EXPECT_EQ(read("/nowhere/at/all").error(), boost::system::errc::no_such_file_or_directory);
    EXPECT_FALSE(read("/"));
}

TEST(Folder, IsMadeWithItsParentsAndMode)
{
    test::temporary_folder folder;
    auto path = folder / "a/b";
    ASSERT_TRUE(make_folder(path, 0750));
    EXPECT_EQ(mode_of(path), 0750U);
    ASSERT_TRUE(make_folder(path, 0700));
    EXPECT_EQ(mode_of(path), 0700U) << "also where it exists already";
    ASSERT_TRUE(write_atomically(folder / "plain", "", 0600));
    EXPECT_FALSE(make_folder(folder / "plain/x", 0700));
}

TEST(UniqueFd, ClosesWhatItOwns)
{
    auto open = [] { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); };
    int number = open();
    {
        unique_fd owner(number);
        unique_fd other(std::move(owner));
        EXPECT_FALSE(owner);
        EXPECT_EQ(other.get(), number);
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    unique_fd first(open());
    number = first.release();
    EXPECT_NE(::fcntl(number, F_GETFD), -1);
    ::close(number);
}

}  // namespace
}  // namespace lintel::file
