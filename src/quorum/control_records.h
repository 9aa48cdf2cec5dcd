// The records of the metadata log that speak about the quorum itself: made the same way in batches
// and in snapshots.
#pragma once

#include "base/check.h"
#include "quorum/quorum.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/messages/voters_record.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace cauce::quorum {

// A control record in version 0: its key names the type, its value is the message itself.
template <typename Message>
void add_control_record(wire::BatchBuilder& batch, std::int64_t timestamp, wire::ControlType type,
                        const Message& message) {
    wire::Writer key;
    key.int16(0);
    key.int16(static_cast<std::int16_t>(type));
    wire::Writer value;
    message.encode(value, 0);
    CHECK(value.ok(), value.error());
    batch.append(timestamp, wire::Bytes(key.written()), wire::Bytes(value.written()));
}

// KRaftVersion and KRaftVoters, which come together (KIP-853); no voters, only the version: the log
// of a controller that has not joined yet.
void add_voters(wire::BatchBuilder& batch, std::int64_t timestamp, std::int16_t kraft_version,
                const std::vector<Voter>& voters);

std::vector<Voter> voters_of(const wire::VotersRecord& record);

// The ids of the voters in a LeaderChange record's value: in a quorum at kraft.version 0 the log
// tells them nowhere else. Nothing when it is damaged; empty for a version that is not known.
std::optional<std::vector<NodeId>> voters_of_leader_change(BytesView value);

}  // namespace cauce::quorum
