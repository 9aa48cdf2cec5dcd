#include "controller/state/activation.h"

#include "controller/state/elr.h"
#include "metadata/features.h"
#include "metadata/image_builder.h"
#include "wire/messages/abort_transaction_record.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/end_transaction_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/register_controller_record.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace cauce::controller::state {

using metadata::RecordList;

Result<void> check_image(const metadata::Image& image) {
    const auto unsupported = [](std::string text) {
        return fail(ErrorCode::unsupported_version, std::move(text));
    };
    if (!image.unknown_records().empty()) {
        std::string names;
        for (const auto& [name, count] : image.unknown_records())
            names += (names.empty() ? "" : ", ") + name + " (" + std::to_string(count) + ")";
        return unsupported("The metadata log holds records this version does not know: " + names +
                           ". It was written by a newer version; start that one.");
    }
    const std::int16_t level = image.feature_level(metadata::kMetadataVersion);
    if (metadata::metadata_version_name(level).empty())
        return unsupported("The metadata log is at metadata.version " + std::to_string(level) +
                           "; this version works at 7 (3.3-IV3) to 33 (4.4-IV2).");
    for (const auto& [name, finalized] : image.features()) {
        const metadata::SupportedFeature* feature = metadata::supported_feature(name);
        const std::int16_t known = feature == nullptr ? std::int16_t{0} : feature->kept;
        if (finalized > known)
            return unsupported("The metadata log has " + name + " at level " +
                               std::to_string(finalized) + "; this version knows it up to level " +
                               std::to_string(known) +
                               ". It was written by a newer version; start that one.");
    }
    return {};
}

std::vector<metadata::FeatureRange> offered_features(const metadata::Image& image) {
    std::vector<metadata::FeatureRange> offered;
    for (const auto& feature : metadata::supported_features()) {
        const std::int16_t finalized = image.feature_level(feature.name);
        const std::int16_t max = std::max(feature.max, std::min(finalized, feature.kept));
        if (max > 0) offered.push_back({std::string(feature.name), feature.min, max});
    }
    return offered;
}

Result<RecordList> activation_records(const Context& context, bool log_is_empty,
                                      bool in_transaction, const RecordList& bootstrap) {
    RecordList records;
    if (!log_is_empty) {
        RETURN_IF_ERROR(check_image(context.image));
        if (in_transaction) {
            wire::AbortTransactionRecord abort;
            abort.reason = "Controller failover";
            records.add(abort);
        }
        return records;
    }
    RecordList first;
    first.append(bootstrap);
    if (first.empty()) {
        // Never formatted with levels of its own.
        for (const auto& [name, level] : metadata::bootstrap_features()) {
            wire::FeatureLevelRecord record;
            record.name = name;
            record.feature_level = level;
            first.add(record);
        }
    }
    metadata::ImageBuilder preview;
    for (std::size_t i = 0; i < first.size(); ++i)
        RETURN_IF_ERROR(preview.replay(first[i]));
    RETURN_IF_ERROR(check_image(preview.current()));
    const metadata::RecordVersions versions(
        preview.current().feature_level(metadata::kMetadataVersion));
    if (preview.current().feature_level(metadata::kElrVersion) > 0)
        add_elr_safety_records(context, first);
    if (versions.transactions()) {
        wire::BeginTransactionRecord begin;
        begin.name = "Bootstrap records";
        records.add(begin);
    }
    records.append(first);
    if (versions.transactions()) records.add(wire::EndTransactionRecord{});
    return records;
}

RecordList register_controller(const Context& context, const ControllerFacts& facts) {
    RecordList records;
    if (!context.versions().register_controller()) return records;
    const std::vector<metadata::FeatureRange> features = offered_features(context.image);
    const metadata::Controller* known = context.image.controller(facts.id);
    if (known != nullptr && known->incarnation == facts.incarnation &&
        known->endpoints == facts.endpoints && known->features == features)
        return records;
    wire::RegisterControllerRecord record;
    record.controller_id = facts.id.value;
    record.incarnation_id = facts.incarnation;
    for (const metadata::Endpoint& e : facts.endpoints) {
        auto& to = record.end_points.emplace_back();
        to.name = e.listener;
        to.host = e.host;
        to.port = e.port;
        to.security_protocol = e.security_protocol;
    }
    for (const metadata::FeatureRange& f : features) {
        auto& to = record.features.emplace_back();
        to.name = f.name;
        to.min_supported_version = f.min;
        to.max_supported_version = f.max;
    }
    records.add(record);
    return records;
}

}  // namespace cauce::controller::state
