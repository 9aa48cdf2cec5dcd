// The file `quorum-state`: the newest epoch this controller took part in and whom it voted for or
// follows. JSON as Kafka writes it (data_version 1); version 0, of quorums at kraft.version 0, is
// read too and not written.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::quorum {

inline constexpr std::string_view kQuorumStateFile = "quorum-state";

struct QuorumState {
    NodeId leader_id;
    LeaderEpoch leader_epoch{0};
    NodeId voted_id;
    Uuid voted_directory_id;
    // Version 0 only: the voters, which then stand nowhere else on the disk.
    std::vector<NodeId> current_voters;

    bool operator==(const QuorumState&) const = default;
    std::string to_text() const;
    // Nothing when it is damaged.
    static std::optional<QuorumState> parse(std::string_view text);
};

// A default one when there is no file. EBADMSG when it is damaged. `folder` is that of the metadata
// log.
runtime::Task<IoResult<QuorumState>> read_quorum_state(runtime::Disk& disk, std::string folder);

}  // namespace cauce::quorum
