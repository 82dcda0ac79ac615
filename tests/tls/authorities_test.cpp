#include "tls/authorities.hpp"

#include "tests/support/tiny_server.hpp"
#include "tls/local_ca.hpp"

#include <gtest/gtest.h>

namespace lintel::tls {
namespace {

class Authorities : public testing::Test {
protected:
    test::temporary_folder folder;
    local_ca ca = local_ca::open(folder.path()).value();
};

TEST_F(Authorities, AreAllCertificatesOfTheTextAndNothingElse)
{
    auto leaf = ca.issue("a.example");
    auto read = read_authorities("# ours\n" + ca.certificate_pem() + leaf.key_pem + leaf.chain_pem);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, ca.certificate_pem() + leaf.chain_pem);
}

TEST_F(Authorities, AreAProblemWhereThereIsNoneOrABrokenOne)
{
    for (const auto& text : {std::string(), std::string("nonsense"), ca.issue("a.example").key_pem}) {
        auto read = read_authorities(text);
        ASSERT_FALSE(read);
        EXPECT_TRUE(read.error().what.contains("no certificate")) << read.error().what;
    }
    auto cut = ca.certificate_pem() + ca.certificate_pem().substr(0, 300);
    auto read = read_authorities(cut);
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().what.contains("broken")) << read.error().what;
}

}  // namespace
}  // namespace lintel::tls
