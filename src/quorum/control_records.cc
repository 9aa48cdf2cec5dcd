#include "quorum/control_records.h"

#include "wire/messages/kraft_version_record.h"

namespace cauce::quorum {

namespace {

wire::VotersRecord to_record(const std::vector<Voter>& voters) {
    wire::VotersRecord record;
    for (const Voter& voter : voters) {
        auto& out = record.voters.emplace_back();
        out.voter_id = voter.id.value;
        out.voter_directory_id = voter.directory_id;
        for (const VoterEndpoint& endpoint : voter.endpoints)
            out.endpoints.push_back({endpoint.listener, endpoint.host, endpoint.port});
        out.kraft_version_feature.min_supported_version = voter.kraft_version_min;
        out.kraft_version_feature.max_supported_version = voter.kraft_version_max;
    }
    return record;
}

}  // namespace

void add_voters(wire::BatchBuilder& batch, std::int64_t timestamp, std::int16_t kraft_version,
                const std::vector<Voter>& voters) {
    wire::KRaftVersionRecord version;
    version.kraft_version = kraft_version;
    add_control_record(batch, timestamp, wire::ControlType::kraft_version, version);
    if (voters.empty()) return;
    add_control_record(batch, timestamp, wire::ControlType::kraft_voters, to_record(voters));
}

std::vector<Voter> voters_of(const wire::VotersRecord& record) {
    std::vector<Voter> voters;
    for (const auto& voter : record.voters) {
        Voter& out = voters.emplace_back();
        out.id = NodeId{voter.voter_id};
        out.directory_id = voter.voter_directory_id;
        for (const auto& endpoint : voter.endpoints)
            out.endpoints.push_back(
                {std::string(endpoint.name), std::string(endpoint.host), endpoint.port});
        out.kraft_version_min = voter.kraft_version_feature.min_supported_version;
        out.kraft_version_max = voter.kraft_version_feature.max_supported_version;
    }
    return voters;
}

std::optional<std::vector<NodeId>> voters_of_leader_change(BytesView value) {
    // The message begins with its own version.
    wire::Reader version_reader(value);
    const std::int16_t version = version_reader.int16();
    if (!version_reader.ok()) return std::nullopt;
    std::vector<NodeId> voters;
    if (version < 0 || version > wire::LeaderChangeMessage::kMaxVersion) return voters;
    wire::Reader reader(value);
    wire::LeaderChangeMessage message;
    message.decode(reader, version);
    if (!reader.ok()) return std::nullopt;
    for (const auto& voter : message.voters)
        voters.push_back(NodeId{voter.voter_id});
    return voters;
}

}  // namespace cauce::quorum
