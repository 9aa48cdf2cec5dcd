#include "cli/nearest.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(Nearest, FindsTheLikelyOne) {
    const std::vector<std::string> topics{"orders", "payments", "blog", "blog-archive"};
    EXPECT_EQ(nearest("ordres", topics), "orders");
    EXPECT_EQ(nearest("payment", topics), "payments");
    EXPECT_EQ(nearest("blgo", topics), "blog");
    EXPECT_EQ(nearest("pay", topics), "payments");  // the start of one
    EXPECT_EQ(nearest("linger", {"linger.ms", "acks"}), "linger.ms");
}

TEST(Nearest, SaysNothingRatherThanNonsense) {
    const std::vector<std::string> topics{"orders", "payments", "blog"};
    EXPECT_EQ(nearest("customers", topics), std::nullopt);
    EXPECT_EQ(nearest("", topics), std::nullopt);
    EXPECT_EQ(nearest("lo", {"log.dirs", "log.retention"}), std::nullopt);  // the start of two
    EXPECT_EQ(nearest("x", {}), std::nullopt);
}

}  // namespace
}  // namespace cauce::cli
