#include "controller/state/features.h"

#include "controller/state/cluster_test.h"
#include "wire/messages/config_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using testing::Cluster;
using Update = wire::UpdateFeaturesRequest::FeatureUpdateKey;

constexpr std::int8_t kUpgrade = 1;
constexpr std::int8_t kSafe = 2;
constexpr std::int8_t kUnsafe = 3;

Update to(std::string_view feature, std::int16_t level, std::int8_t type = kUpgrade) {
    Update update;
    update.feature = feature;
    update.max_version_level = level;
    update.upgrade_type = type;
    return update;
}

class FeaturesTest : public ::testing::Test {
protected:
    void SetUp() override { cluster_.add_broker(1); }

    // "" or "ERROR_NAME: text".
    std::string update(std::vector<Update> updates, bool validate_only = false) {
        wire::UpdateFeaturesRequest request;
        request.feature_updates = std::move(updates);
        request.validate_only = validate_only;
        last_ = update_features(cluster_.context(), 1, request);
        cluster_.apply(last_.records);
        const auto& response = last_.reply.response;
        if (response.error_code == 0) return "";
        return std::string(error_name(error_code_from_wire(response.error_code))) + ": " +
               std::string(response.error_message.value_or("null"));
    }

    std::int16_t level(std::string_view feature) const {
        return cluster_.image().feature_level(feature);
    }
    std::string min_isr(std::string_view broker) const {
        const auto* config = cluster_.image().config(metadata::ResourceType::broker, broker);
        if (config == nullptr || !config->entries.contains("min.insync.replicas")) return "";
        return config->entries.at("min.insync.replicas");
    }
    void set_level(std::string_view feature, std::int16_t value) {
        wire::FeatureLevelRecord record;
        record.name = feature;
        record.feature_level = value;
        metadata::RecordList records;
        records.add(record);
        cluster_.apply(records);
    }
    void set_config(std::string_view broker, std::string_view name,
                    std::optional<std::string_view> value) {
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(metadata::ResourceType::broker);
        record.resource_name = broker;
        record.name = name;
        record.value = value;
        metadata::RecordList records;
        records.add(record);
        cluster_.apply(records);
    }

    Cluster cluster_;
    Outcome<wire::UpdateFeaturesResponse> last_;
};

TEST_F(FeaturesTest, LevelsGoUpAndTheResultsSaySo) {
    set_level("metadata.version", 30);
    EXPECT_EQ(update({to("metadata.version", 33)}), "");
    EXPECT_EQ(level("metadata.version"), 33);
    ASSERT_EQ(last_.reply.response.results.size(), 1u);
    EXPECT_EQ(last_.reply.response.results[0].feature, "metadata.version");
    EXPECT_EQ(last_.reply.response.results[0].error_code, 0);
    EXPECT_EQ(last_.reply.response.error_message, std::nullopt);
}

TEST_F(FeaturesTest, ValidateOnlyChangesNothing) {
    set_level("metadata.version", 30);
    EXPECT_EQ(update({to("metadata.version", 33)}, true), "");
    EXPECT_EQ(level("metadata.version"), 30);
    EXPECT_EQ(update({to("metadata.version", 34)}, true).substr(0, 22), "INVALID_UPDATE_VERSION");
}

struct Refusal {
    std::vector<Update> updates;
    const char* text;
};

TEST_F(FeaturesTest, RefusesWithKafkasTexts) {
    const std::string prefix =
        "INVALID_UPDATE_VERSION: The update failed for all features since the following feature "
        "had an error: ";
    const Refusal cases[] = {
        {{to("metadata.version", 34)},
         "Invalid update version 34 for feature metadata.version. Local controller 1 only supports "
         "versions 7-33"},
        {{to("metadata.version", 0, kSafe)},
         "Invalid update version 0 for feature metadata.version. Local controller 1 only supports "
         "versions 7-33"},
        {{to("metadata.version", 32)},
         "Invalid update version 32 for feature metadata.version. Can't downgrade the version of "
         "this feature without setting the upgrade type to either safe or unsafe downgrade."},
        {{to("metadata.version", 32, kSafe)},
         "Unsupported metadata.version downgrade from 33 to 32. Refusing to perform the requested "
         "downgrade because it might delete metadata information."},
        {{to("metadata.version", 32, kUnsafe)},
         "Unsupported metadata.version downgrade from 33 to 32. Unsafe metadata downgrade is not "
         "supported in this version."},
        {{to("no.such.feature", 1)},
         "Invalid update version 1 for feature no.such.feature. Local controller 1 does not "
         "support this feature."},
        {{to("transaction.version", 2)},
         "Invalid update version 2 for feature transaction.version. Local controller 1 does not "
         "support this feature."},
        {{to("eligible.leader.replicas.version", -1)},
         "Invalid update version -1 for feature eligible.leader.replicas.version. A feature "
         "version cannot be less than 0."},
        {{to("eligible.leader.replicas.version", 1, 0)},
         "Invalid update version 1 for feature eligible.leader.replicas.version. The controller "
         "does not support the given upgrade type."},
        {{to("kraft.version", 0, kSafe)},
         "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this "
         "feature."},
    };
    for (const Refusal& c : cases) {
        EXPECT_EQ(update(c.updates), prefix + c.text);
        EXPECT_TRUE(last_.records.empty()) << c.text;
        EXPECT_TRUE(last_.reply.response.results.empty()) << c.text;
    }
    EXPECT_EQ(update({to("kraft.version", 1)}), "") << "it is there already";
    EXPECT_TRUE(last_.records.empty());
}

TEST_F(FeaturesTest, OneThatCannotBeMadeHoldsUpTheOthers) {
    set_level("metadata.version", 30);
    EXPECT_EQ(update({to("metadata.version", 33), to("group.version", 1)}),
              "INVALID_UPDATE_VERSION: The update failed for all features since the following "
              "feature had an error: Invalid update version 1 for feature group.version. Local "
              "controller 1 does not support this feature.");
    EXPECT_EQ(level("metadata.version"), 30);
}

TEST_F(FeaturesTest, EveryNodeMustBeAbleToWorkAtTheLevel) {
    set_level("metadata.version", 30);
    auto old = Cluster::registration(2, 9);
    for (auto& feature : old.features) {
        if (feature.name == "metadata.version") feature.max_supported_version = 31;
    }
    ASSERT_EQ(cluster_.try_register(old).reply.response.error_code, 0);
    EXPECT_EQ(update({to("metadata.version", 32)}),
              "INVALID_UPDATE_VERSION: The update failed for all features since the following "
              "feature had an error: Invalid update version 32 for feature metadata.version. "
              "Broker 2 only supports versions 7-31");
    EXPECT_EQ(update({to("metadata.version", 31)}), "");
    EXPECT_EQ(update({to("metadata.version", 30, kSafe)}), "") << "nothing would be lost";
    EXPECT_EQ(level("metadata.version"), 30);
}

TEST_F(FeaturesTest, VersionZeroAllowedDowngradesByAFlag) {
    Update update_v0 = to("eligible.leader.replicas.version", 0);
    EXPECT_EQ(update({update_v0}).substr(0, 22), "INVALID_UPDATE_VERSION");
    update_v0.allow_downgrade = true;
    EXPECT_EQ(update({update_v0}), "");
    EXPECT_EQ(level("eligible.leader.replicas.version"), 0);
}

TEST_F(FeaturesTest, EligibleLeadersNeedOneMinIsrForAll) {
    cluster_.file["min.insync.replicas"] = "2";
    EXPECT_EQ(update({to("eligible.leader.replicas.version", 0, kSafe)}), "");
    set_config("", "min.insync.replicas", std::nullopt);
    set_config("1", "min.insync.replicas", "3");
    EXPECT_EQ(update({to("eligible.leader.replicas.version", 1)}), "");
    EXPECT_EQ(min_isr(""), "2") << "of the controller's file";
    EXPECT_EQ(min_isr("1"), "") << "no broker has one of its own";
    EXPECT_EQ(level("eligible.leader.replicas.version"), 1);
}

TEST_F(FeaturesTest, ALevelMayComeTogetherWithWhatItDependsOn) {
    EXPECT_EQ(update({to("eligible.leader.replicas.version", 0, kSafe)}), "");
    set_level("metadata.version", 22);
    EXPECT_EQ(update({to("eligible.leader.replicas.version", 1)}),
              "INVALID_UPDATE_VERSION: The update failed for all features since the following "
              "feature had an error: Invalid update version 1 for feature "
              "eligible.leader.replicas.version. eligible.leader.replicas.version could not be set "
              "to 1 because it depends on metadata.version level 23");
    EXPECT_EQ(update({to("eligible.leader.replicas.version", 1), to("metadata.version", 23)}), "");
    EXPECT_EQ(level("eligible.leader.replicas.version"), 1);
    EXPECT_EQ(level("metadata.version"), 23);
}

}  // namespace
}  // namespace cauce::controller::state
