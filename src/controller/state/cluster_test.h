// For the tests of this folder: a cluster in memory whose records take effect at once.
#pragma once

#include "controller/state/activation.h"
#include "controller/state/brokers.h"
#include "controller/state/context.h"
#include "metadata/image_builder.h"
#include "wire/messages/broker_heartbeat_request.h"
#include "wire/messages/broker_heartbeat_response.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::controller::state::testing {

class Counting final : public Chance {
public:
    std::uint64_t below(std::uint64_t bound) override { return drawn_++ % bound; }
    Uuid uuid() override { return {0xabcd, ++ids_}; }

private:
    std::uint64_t drawn_ = 0;
    std::uint64_t ids_ = 0;
};

class Cluster {
public:
    Cluster() {
        const auto records = activation_records(context(), true, false, {});
        EXPECT_TRUE(records);
        apply(*records);
    }

    Context context() const { return {builder.current(), file, NodeId{1}}; }
    const metadata::Image& image() const { return builder.current(); }

    void apply(const metadata::RecordList& records) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            const auto replayed = builder.replay(records[i]);
            ASSERT_TRUE(replayed) << replayed.error().message;
        }
        next_offset = next_offset + static_cast<std::int64_t>(records.size());
        builder.set_position({next_offset - 1, LeaderEpoch{1}, WallTime{}});
    }

    static wire::BrokerRegistrationRequest registration(std::int32_t id, std::uint64_t incarnation,
                                                        std::string_view rack = {}) {
        wire::BrokerRegistrationRequest request;
        request.broker_id = id;
        request.cluster_id = "cluster";
        request.incarnation_id = {7, incarnation};
        request.rack.reset();
        if (!rack.empty()) request.rack = rack;
        request.log_dirs = {{1000, static_cast<std::uint64_t>(id)}};
        for (const metadata::FeatureRange& range : offered_features(metadata::Image())) {
            auto& feature = request.features.emplace_back();
            // Names live as long as the table they come from.
            feature.name = metadata::supported_feature(range.name)->name;
            feature.min_supported_version = range.min;
            feature.max_supported_version = range.max;
        }
        return request;
    }

    Outcome<wire::BrokerRegistrationResponse> try_register(
        const wire::BrokerRegistrationRequest& request) {
        const RegistrationFacts facts{"cluster", next_offset, now};
        auto outcome = register_broker(context(), sessions, facts, request);
        if (outcome.reply.response.error_code == 0) {
            apply(outcome.records);
            sessions.registered(NodeId{request.broker_id}, outcome.reply.response.broker_epoch,
                                now);
        }
        return outcome;
    }

    struct Beat {
        bool want_fence = false;
        bool want_shut_down = false;
        std::optional<std::int64_t> offset = std::nullopt;
    };
    wire::BrokerHeartbeatResponse beat(std::int32_t id, Beat what) {
        wire::BrokerHeartbeatRequest request;
        request.broker_id = id;
        request.broker_epoch = image().broker(NodeId{id})->epoch;
        request.current_metadata_offset = what.offset.value_or(image().position().offset.value);
        request.want_fence = what.want_fence;
        request.want_shut_down = what.want_shut_down;
        auto outcome = heartbeat(context(), sessions, request);
        EXPECT_EQ(outcome.reply.response.error_code, 0);
        sessions.heard_from(NodeId{id}, request.current_metadata_offset, now);
        apply(outcome.records);
        if (what.want_shut_down && !outcome.reply.response.should_shut_down &&
            !outcome.records.empty())
            sessions.controlled_shutdown_at(NodeId{id}, image().position().offset);
        return outcome.reply.response;
    }

    // Registered and unfenced.
    void add_broker(std::int32_t id, std::string_view rack = {}) {
        const auto outcome = try_register(registration(id, static_cast<std::uint64_t>(id), rack));
        ASSERT_EQ(outcome.reply.response.error_code, 0) << outcome.reply.refused;
        ASSERT_FALSE(beat(id, {}).is_fenced);
    }

    metadata::ImageBuilder builder;
    metadata::StaticConfig file;
    BrokerSessions sessions{seconds(9)};
    Counting chance;
    Offset next_offset;
    MonoTime now{seconds(100)};
};

inline std::vector<int> ids(const metadata::ReplicaList& list) {
    std::vector<int> out;
    for (NodeId id : list)
        out.push_back(id.value);
    return out;
}

}  // namespace cauce::controller::state::testing
