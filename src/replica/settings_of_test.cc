#include "replica/settings_of.h"

#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/config_record.h"

#include <gtest/gtest.h>

#include <string_view>

namespace cauce::replica {
namespace {

class SettingsOfTest : public ::testing::Test {
protected:
    void set(std::string_view name, std::string_view value) {
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(metadata::ResourceType::topic);
        record.resource_name = "t";
        record.name = name;
        record.value = value;
        metadata::RecordList list;
        list.add(record);
        ASSERT_TRUE(builder_.replay(list[0]));
    }
    std::int64_t segment_bytes() const {
        const metadata::EffectiveConfig config(builder_.current(), file_, NodeId{1});
        return settings_of(config, "t")->log->segment_bytes;
    }

    metadata::ImageBuilder builder_;
    metadata::StaticConfig file_;
};

TEST_F(SettingsOfTest, InternalSegmentBytesOverridesSegmentBytes) {
    EXPECT_EQ(segment_bytes(), 1 << 30);
    file_["log.segment.bytes"] = "5000000";
    EXPECT_EQ(segment_bytes(), 5'000'000);
    set("segment.bytes", "2097152");
    EXPECT_EQ(segment_bytes(), 2'097'152);
    set("internal.segment.bytes", "100");
    EXPECT_EQ(segment_bytes(), 100);
    set("segment.bytes", "3145728");
    EXPECT_EQ(segment_bytes(), 100) << "whatever the other says";
    set("internal.segment.bytes", "2147483647");
    EXPECT_EQ(segment_bytes(), 2'147'483'647) << "also when it is larger";
    for (const std::string_view none : {"0", "-7"}) {
        set("internal.segment.bytes", none);
        EXPECT_EQ(segment_bytes(), 0) << none;
    }
}

TEST_F(SettingsOfTest, ProducersAreRememberedAsLongAsTheBrokerSays) {
    const auto expiration_ms = [this] {
        const metadata::EffectiveConfig config(builder_.current(), file_, NodeId{1});
        return settings_of(config, "t")->log->producer_id_expiration_ms;
    };
    EXPECT_EQ(expiration_ms(), 86'400'000);
    file_["producer.id.expiration.ms"] = "5000";
    EXPECT_EQ(expiration_ms(), 5000);
}

}  // namespace
}  // namespace cauce::replica
