// What a client is told when records could not be committed.
#pragma once

#include "base/error_code.h"

namespace cauce::coordinator::group {

// Clients of the coordinator know neither replication nor log errors: they wait and ask again
// (COORDINATOR_NOT_AVAILABLE), look for the coordinator anew (NOT_COORDINATOR), or give up.
constexpr ErrorCode error_for_client(ErrorCode append_error) {
    switch (append_error) {
        case ErrorCode::unknown_topic_or_partition:
        case ErrorCode::not_enough_replicas:
        case ErrorCode::not_enough_replicas_after_append:
        case ErrorCode::request_timed_out:
            return ErrorCode::coordinator_not_available;
        case ErrorCode::not_leader_or_follower:
        case ErrorCode::kafka_storage_error:
            return ErrorCode::not_coordinator;
        case ErrorCode::message_too_large:
        case ErrorCode::record_list_too_large:
        case ErrorCode::invalid_fetch_size:
            return ErrorCode::unknown_server_error;
        default:
            return append_error;
    }
}

}  // namespace cauce::coordinator::group
