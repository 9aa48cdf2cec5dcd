// Incremental fetch sessions (KIP-227): the server remembers which partitions a client reads and
// from where, so that a fetch names only what changed, and an answer only what has news. Sessions
// belong to one shard; a client whose next connection lands elsewhere is told
// FETCH_SESSION_ID_NOT_FOUND and starts a new one.
#pragma once

#include "base/error_code.h"
#include "base/ids.h"
#include "base/time.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace cauce::server {

// What a client wants of one partition.
struct FetchPosition {
    std::int64_t fetch_offset = 0;
    std::int32_t max_bytes = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t last_fetched_epoch = -1;
};

// One partition of a fetch, and what the last answer said of it.
struct FetchItem {
    TopicPartition partition;  // the name is empty when the id is not known here
    TopicId topic_id;
    FetchPosition position;

    std::int64_t told_high_watermark = -1;
    std::int64_t told_log_start_offset = -1;
    ErrorCode told_error = ErrorCode::none;
};

class FetchSession {
public:
    using Items = std::list<FetchItem>;

    FetchSession(std::int32_t id, bool uses_topic_ids) : id_(id), uses_topic_ids_(uses_topic_ids) {}

    std::int32_t id() const { return id_; }
    // The epoch the next request of this session must carry.
    std::int32_t expected_epoch() const { return expected_epoch_; }
    void advance_epoch() {
        expected_epoch_ = expected_epoch_ == INT32_MAX ? 1 : expected_epoch_ + 1;
    }
    bool uses_topic_ids() const { return uses_topic_ids_; }

    // In the order in which the next answer visits them.
    Items& items() { return items_; }
    std::size_t size() const { return index_.size(); }

    void put(FetchItem item);
    void forget(const TopicPartition& partition, TopicId topic_id);
    // To the end of the line: what was answered with data lets the others go first next time.
    void rotate(Items::iterator item) { items_.splice(items_.end(), items_, item); }

    MonoTime last_used;
    bool busy = false;  // a fetch of this session is under way

private:
    struct Key {
        TopicPartition partition;  // without name when the session uses ids
        TopicId topic_id;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const {
            return std::hash<TopicPartition>()(key.partition) ^ std::hash<Uuid>()(key.topic_id);
        }
    };
    Key key(const TopicPartition& partition, TopicId topic_id) const;

    std::int32_t id_;
    std::int32_t expected_epoch_ = 1;
    bool uses_topic_ids_;
    Items items_;
    std::unordered_map<Key, Items::iterator, KeyHash> index_;
};

class FetchSessions {
public:
    // min.incremental.fetch.session.eviction.ms: a session used more recently is not given up for a
    // new one.
    static constexpr Duration kEvictableAfter = std::chrono::minutes(2);

    explicit FetchSessions(std::size_t slots) : slots_(slots) {}

    // A new session, or null when all slots are in use: the client then goes on without one. `id`
    // is random, not 0.
    std::shared_ptr<FetchSession> create(std::int32_t id, bool uses_topic_ids, MonoTime now);
    std::shared_ptr<FetchSession> find(std::int32_t id);
    void remove(std::int32_t id);
    std::size_t size() const { return sessions_.size(); }

private:
    std::size_t slots_;
    std::unordered_map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
};

}  // namespace cauce::server
