#include "controller/state/features.h"

#include "controller/state/elr.h"
#include "metadata/features.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

#include <map>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using Request = wire::UpdateFeaturesRequest;
using Update = Request::FeatureUpdateKey;
using Levels = std::map<std::string, std::int16_t, std::less<>>;

enum class UpgradeType : std::int8_t { upgrade = 1, safe_downgrade = 2, unsafe_downgrade = 3 };

// Version 0 had a flag instead.
std::int8_t upgrade_type(const Update& update) {
    if (update.allow_downgrade) return static_cast<std::int8_t>(UpgradeType::safe_downgrade);
    return update.upgrade_type;
}

std::unexpected<Error> refuse(const Update& update, const std::string& why) {
    return fail(ErrorCode::invalid_update_version,
                "Invalid update version " + std::to_string(update.max_version_level) +
                    " for feature " + std::string(update.feature) + ". " + why);
}

// Why somebody cannot work at a level; empty when it can.
std::string unsupported(std::int16_t level, const std::string& who, std::int16_t min,
                        std::int16_t max) {
    if (level >= min && level <= max) return {};
    if (max == 0) return who + " does not support this feature.";
    return who + " only supports versions " +
           (min == max ? std::to_string(min) : std::to_string(min) + "-" + std::to_string(max));
}

std::string unsupported(std::int16_t level, const std::string& who, std::string_view name,
                        const std::vector<metadata::FeatureRange>& features) {
    for (const metadata::FeatureRange& range : features) {
        if (range.name == name) return unsupported(level, who, range.min, range.max);
    }
    return unsupported(level, who, 0, 0);
}

class FeatureUpdates {
public:
    FeatureUpdates(const Context& context, std::int16_t kraft_version)
        : context_(context), kraft_version_(kraft_version), proposed_(context.image.features()) {}

    // The levels as all updates together would leave them; what one depends on may come with it.
    void propose(const Update& update) {
        proposed_.insert_or_assign(std::string(update.feature), update.max_version_level);
    }

    Result<void> apply(const Update& update) {
        const std::int8_t type = upgrade_type(update);
        const std::int16_t level = update.max_version_level;
        if (type < 1 || type > 3)
            return refuse(update, "The controller does not support the given upgrade type.");
        if (level < 0) return refuse(update, "A feature version cannot be less than 0.");
        if (const std::string why = reason_not_supported(update.feature, level); !why.empty())
            return refuse(update, why);
        const bool is_kraft = update.feature == metadata::kKraftVersion;
        const std::int16_t current =
            is_kraft ? kraft_version_ : context_.image.feature_level(update.feature);
        const bool upgrade = type == static_cast<std::int8_t>(UpgradeType::upgrade);
        if (level < current && upgrade)
            return refuse(update,
                          "Can't downgrade the version of this feature without setting the upgrade "
                          "type to either safe or unsafe downgrade.");
        if (level > current && !upgrade)
            return refuse(update, "Can't downgrade to a newer version.");
        if (is_kraft) return check_kraft_version(update);
        if (update.feature == metadata::kMetadataVersion) {
            const bool unsafe = type == static_cast<std::int8_t>(UpgradeType::unsafe_downgrade);
            RETURN_IF_ERROR(check_metadata_version(current, level, unsafe));
        } else {
            RETURN_IF_ERROR(check_dependencies(update));
        }
        if (update.feature == metadata::kElrVersion && level > 0)
            add_elr_safety_records(context_, safety_);
        wire::FeatureLevelRecord record;
        record.name = update.feature;
        record.feature_level = level;
        levels_.add(record);
        return {};
    }

    // What makes a level safe comes before it.
    metadata::RecordList records() const {
        metadata::RecordList all;
        all.append(safety_);
        all.append(levels_);
        return all;
    }

private:
    std::string reason_not_supported(std::string_view name, std::int16_t level) const {
        const std::string here = "Local controller " + std::to_string(context_.node.value);
        const metadata::SupportedFeature* own = metadata::supported_feature(name);
        std::string why = own == nullptr ? unsupported(level, here, 0, 0)
                                         : unsupported(level, here, own->min, own->max);
        if (!why.empty()) return why;
        for (const auto& broker : context_.image.brokers()) {
            why = unsupported(level, "Broker " + std::to_string(broker->id.value), name,
                              broker->features);
            if (!why.empty()) return why;
        }
        if (!context_.versions().register_controller()) return {};
        for (const auto& [id, controller] : context_.image.controllers()) {
            if (id == context_.node.value) continue;
            why = unsupported(level, "Controller " + std::to_string(id), name, controller.features);
            if (!why.empty()) return why;
        }
        return {};
    }

    // The quorum would have to write the new level into its own control records.
    Result<void> check_kraft_version(const Update& update) const {
        if (update.max_version_level == kraft_version_) return {};
        if (update.max_version_level < kraft_version_)
            return refuse(update, "Can't downgrade the version of this feature.");
        return refuse(update,
                      "Cauce cannot raise the version of a quorum that was formatted with an older "
                      "one yet.");
    }

    static Result<void> check_metadata_version(std::int16_t current, std::int16_t level,
                                               bool unsafe) {
        // Level 0, with which other features are removed, is in nobody's range.
        if (level >= current || !metadata::metadata_changed(level, current)) return {};
        return fail(ErrorCode::invalid_update_version,
                    "Unsupported metadata.version downgrade from " + std::to_string(current) +
                        " to " + std::to_string(level) + ". " +
                        (unsafe ? "Unsafe metadata downgrade is not supported in this version."
                                : "Refusing to perform the requested downgrade because it might "
                                  "delete metadata information."));
    }

    Result<void> check_dependencies(const Update& update) const {
        if (update.feature != metadata::kElrVersion || update.max_version_level < 1) return {};
        const auto at = proposed_.find(metadata::kMetadataVersion);
        if (at != proposed_.end() && metadata::RecordVersions(at->second).elr()) return {};
        return refuse(update, std::string(update.feature) + " could not be set to " +
                                  std::to_string(update.max_version_level) +
                                  " because it depends on metadata.version level " +
                                  std::to_string(metadata::RecordVersions::kElr));
    }

    const Context& context_;
    const std::int16_t kraft_version_;
    Levels proposed_;
    metadata::RecordList safety_;
    metadata::RecordList levels_;
};

}  // namespace

Outcome<wire::UpdateFeaturesResponse> update_features(const Context& context,
                                                      std::int16_t kraft_version,
                                                      const wire::UpdateFeaturesRequest& request) {
    Outcome<wire::UpdateFeaturesResponse> outcome;
    auto& response = outcome.reply.response;
    response.error_message.reset();
    FeatureUpdates updates(context, kraft_version);
    for (const Update& update : request.feature_updates)
        updates.propose(update);
    for (const Update& update : request.feature_updates) {
        const Result<void> applied = updates.apply(update);
        if (applied) continue;
        outcome.reply.refused = applied.error().message;
        response.error_code = to_wire(applied.error().code);
        response.error_message = outcome.reply.texts.keep(
            "The update failed for all features since the following feature had an error: " +
            applied.error().message);
        return outcome;
    }
    // Shown to versions 0 and 1 only.
    for (const Update& update : request.feature_updates) {
        auto& result = response.results.emplace_back();
        result.feature = update.feature;
        result.error_message = error_name(ErrorCode::none);
    }
    if (!request.validate_only) outcome.records = updates.records();
    return outcome;
}

}  // namespace cauce::controller::state
