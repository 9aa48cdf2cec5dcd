#include "server/connection_quota.h"

#include "client/testing/loop.h"

#include <gtest/gtest.h>

namespace cauce::server {
namespace {

TEST(ConnectionQuota, CountsByAddress) {
    client::testing::Loop loop;
    const ConnectionLimits limits{
        .total = 100, .per_address = 2, .per_address_overrides = {{"10.0.0.1", 3}, {"::1", 0}}};
    ConnectionQuota quota(loop, limits);
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_FALSE(quota.enter("10.0.0.2"));
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(quota.enter("10.0.0.1"));
    EXPECT_FALSE(quota.enter("10.0.0.1"));
    EXPECT_FALSE(quota.enter("::1"));
    EXPECT_EQ(quota.size(), 5);
    quota.leave("10.0.0.2");
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_FALSE(quota.enter("10.0.0.2"));
}

TEST(ConnectionQuota, IsFullUntilSomebodyLeaves) {
    client::testing::Loop loop;
    const ConnectionLimits limits{.total = 1, .per_address = 5, .per_address_overrides = {}};
    ConnectionQuota quota(loop, limits);
    EXPECT_FALSE(quota.full());
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_TRUE(quota.full());

    bool let_in = false;
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn([](ConnectionQuota& q, bool& in) -> runtime::Task<void> {
        while (q.full())
            co_await q.freed().wait();
        in = true;
    }(quota, let_in));
    loop.run_for(seconds(1));
    EXPECT_FALSE(let_in);
    loop.run(quota.leave_on(loop, "10.0.0.2"));
    loop.run_for(seconds(1));
    EXPECT_TRUE(let_in);
    EXPECT_EQ(quota.size(), 0);
}

TEST(ConnectionQuota, LimitsChangeWhileItCounts) {
    client::testing::Loop loop;
    ConnectionQuota quota(loop, {.total = 1, .per_address = 1, .per_address_overrides = {}});
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_TRUE(quota.full());
    bool let_in = false;
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn([](ConnectionQuota& q, bool& in) -> runtime::Task<void> {
        while (q.full())
            co_await q.freed().wait();
        in = true;
    }(quota, let_in));
    quota.set_limits({.total = 3, .per_address = 2, .per_address_overrides = {{"10.0.0.3", 0}}});
    loop.run_for(seconds(1));
    EXPECT_TRUE(let_in) << "whoever waits hears of more room";
    EXPECT_TRUE(quota.enter("10.0.0.2"));
    EXPECT_FALSE(quota.enter("10.0.0.2"));
    EXPECT_FALSE(quota.enter("10.0.0.3"));
    quota.set_limits({.total = 1, .per_address = 1, .per_address_overrides = {}});
    EXPECT_EQ(quota.size(), 2) << "nobody is thrown out";
    quota.leave("10.0.0.2");
    EXPECT_TRUE(quota.full());
    quota.leave("10.0.0.2");
    EXPECT_FALSE(quota.full());
}

}  // namespace
}  // namespace cauce::server
