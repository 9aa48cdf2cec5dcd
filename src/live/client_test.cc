#include "live/client.h"

#include <gtest/gtest.h>

namespace cauce::live {
namespace {

TEST(Client, SpeaksForOneGroupOrForNoneInParticular) {
    Client client;
    EXPECT_EQ(client.group, "");
    client.speaks_for("billing");
    client.speaks_for("billing");
    EXPECT_EQ(client.group, "billing");
    EXPECT_FALSE(client.unclear_group);
    client.speaks_for("audit");
    EXPECT_EQ(client.group, "");
    EXPECT_TRUE(client.unclear_group);
    client.speaks_for("billing");
    EXPECT_EQ(client.group, "");
}

TEST(Client, NoGroupIsNotAnother) {
    Client client;
    client.speaks_for("");
    EXPECT_FALSE(client.unclear_group);
    client.speaks_for("billing");
    EXPECT_EQ(client.group, "billing");
}

TEST(Client, LongNamesAreNotKept) {
    const std::string longest(Client::kNameMax, 'n');
    EXPECT_EQ(Client::kept(longest), longest);
    EXPECT_EQ(Client::kept(longest + "n"), "");
    Client client;
    client.speaks_for(longest + "n");
    EXPECT_EQ(client.group, "");
    EXPECT_TRUE(client.unclear_group);
}

}  // namespace
}  // namespace cauce::live
