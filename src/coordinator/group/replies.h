// What the coordinator answers. Replies own everything they hold: they cross shards by value and
// outlive the state they were made from. coordinator/responses.h turns them into wire messages.
#pragma once

#include "base/bytes.h"
#include "base/error_code.h"
#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::coordinator::group {

struct JoinGroupReply {
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        Buffer metadata;
        bool operator==(const Member&) const = default;
    };

    ErrorCode error = ErrorCode::none;
    std::int32_t generation = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    // For the leader only; empty for everyone else.
    std::vector<Member> members;
    bool operator==(const JoinGroupReply&) const = default;
};

struct SyncGroupReply {
    ErrorCode error = ErrorCode::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Buffer assignment;
    bool operator==(const SyncGroupReply&) const = default;
};

struct HeartbeatReply {
    ErrorCode error = ErrorCode::none;
    bool operator==(const HeartbeatReply&) const = default;
};

struct LeaveGroupReply {
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        ErrorCode error = ErrorCode::none;
        bool operator==(const Member&) const = default;
    };

    // Concerns the request as a whole; `members` is empty then.
    ErrorCode error = ErrorCode::none;
    std::vector<Member> members;
    bool operator==(const LeaveGroupReply&) const = default;
};

struct OffsetCommitReply {
    struct Partition {
        std::int32_t partition = 0;
        ErrorCode error = ErrorCode::none;
        bool operator==(const Partition&) const = default;
    };
    struct Topic {
        std::string name;
        TopicId topic_id;
        std::vector<Partition> partitions;
        bool operator==(const Topic&) const = default;
    };

    // There is no error of the whole: one stands in every partition.
    std::vector<Topic> topics;
    bool operator==(const OffsetCommitReply&) const = default;
};

// The answer for one group; OffsetFetch asks for several from version 8 on.
struct OffsetFetchReply {
    struct Partition {
        std::int32_t partition = 0;
        // -1 when nothing is committed.
        Offset committed{-1};
        LeaderEpoch leader_epoch;
        std::string metadata;
        ErrorCode error = ErrorCode::none;
        bool operator==(const Partition&) const = default;
    };
    struct Topic {
        std::string name;
        // As asked; zero when all topics were asked for, then it is the caller who knows ids.
        TopicId topic_id;
        std::vector<Partition> partitions;
        bool operator==(const Topic&) const = default;
    };

    std::string group_id;
    ErrorCode error = ErrorCode::none;
    std::vector<Topic> topics;
    bool operator==(const OffsetFetchReply&) const = default;
};

// The answer for one group; DeleteGroups names any number.
struct DeleteGroupReply {
    std::string group_id;
    ErrorCode error = ErrorCode::none;
    // Nothing where Apache Kafka says nothing: the error is enough for groups that have members or
    // do not exist.
    std::optional<std::string> error_message;
    bool operator==(const DeleteGroupReply&) const = default;
};

struct OffsetDeleteReply {
    struct Partition {
        std::int32_t partition = 0;
        ErrorCode error = ErrorCode::none;
        bool operator==(const Partition&) const = default;
    };
    struct Topic {
        std::string name;
        std::vector<Partition> partitions;
        bool operator==(const Topic&) const = default;
    };

    // Concerns the request as a whole; `topics` is empty then.
    ErrorCode error = ErrorCode::none;
    std::vector<Topic> topics;
    bool operator==(const OffsetDeleteReply&) const = default;
};

struct DescribedGroup {
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        Buffer metadata;
        Buffer assignment;
        bool operator==(const Member&) const = default;
    };

    ErrorCode error = ErrorCode::none;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string state;
    std::string protocol_type;
    std::string protocol_data;
    std::vector<Member> members;
    bool operator==(const DescribedGroup&) const = default;
};

struct ListGroupsReply {
    struct Group {
        std::string group_id;
        std::string protocol_type;
        std::string state;
        std::string type;
        bool operator==(const Group&) const = default;
    };

    ErrorCode error = ErrorCode::none;
    // Ordered by group id.
    std::vector<Group> groups;
    bool operator==(const ListGroupsReply&) const = default;
};

}  // namespace cauce::coordinator::group
