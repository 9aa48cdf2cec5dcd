// ImageBuilder: replays metadata records into an Image. The only thing that changes one.
//
// Works on a private copy that shares everything with the image it started from; publish() freezes
// what it has and hands it out. Between BeginTransactionRecord and its end nothing of the
// transaction is published; an abort takes it back.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "metadata/image.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::wire {
struct BrokerRegistrationChangeRecord;
struct ClearElrRecord;
struct ClientQuotaRecord;
struct ConfigRecord;
struct FeatureLevelRecord;
struct PartitionChangeRecord;
struct PartitionRecord;
struct ProducerIdsRecord;
struct RegisterBrokerRecord;
struct RegisterControllerRecord;
struct RemoveTopicRecord;
struct TopicRecord;
struct UnregisterBrokerRecord;
}  // namespace cauce::wire

namespace cauce::metadata {

class ImageBuilder {
public:
    ImageBuilder() = default;
    explicit ImageBuilder(const Image& start) { reset(start); }

    // Forgets everything since and goes on from `start`.
    void reset(const Image& start);

    // One record as it stands in the log: frame version, type, version, content. An error
    // (unknown_server_error) means that the bytes are damaged or contradict what is known (a
    // partition of no topic): the log is not to be trusted, and neither is this builder any more.
    // A type or version of a newer Kafka is no error; it is counted.
    Result<void> replay(BytesView value);
    // Where the records replayed so far stand in the log.
    void set_position(const LogPosition& position) { work_.position_ = position; }

    // With everything replayed so far, open transactions included.
    const Image& current() const { return work_; }
    bool in_transaction() const { return before_transaction_ != nullptr; }

    // A frozen copy of the newest state outside transactions.
    ImagePointer publish();

private:
    Result<void> replay_record(std::uint32_t type, std::int16_t version, BytesView value,
                               BytesView body);
    template <typename Record, typename Apply>
    Result<void> decode(std::int16_t version, BytesView body, Apply apply);

    Result<void> register_broker(const wire::RegisterBrokerRecord&);
    Result<void> unregister_broker(const wire::UnregisterBrokerRecord&);
    Result<void> change_broker(const wire::BrokerRegistrationChangeRecord&);
    Result<void> register_controller(const wire::RegisterControllerRecord&);
    Result<void> add_topic(const wire::TopicRecord&);
    Result<void> remove_topic(const wire::RemoveTopicRecord&);
    Result<void> add_partition(const wire::PartitionRecord&);
    Result<void> change_partition(const wire::PartitionChangeRecord&);
    Result<void> clear_elr(const wire::ClearElrRecord&);
    Result<void> set_config(const wire::ConfigRecord&);
    Result<void> set_feature(const wire::FeatureLevelRecord&);
    Result<void> set_quota(const wire::ClientQuotaRecord&, BytesView value);
    Result<void> begin_transaction();
    Result<void> end_transaction();
    Result<void> abort_transaction();
    void carry(std::int16_t type, std::string identity, BytesView value);

    ImagePointer freeze();
    Topic* topic_to_edit(TopicId id);
    // The partition must exist.
    Partition& partition_to_edit(Topic& topic, std::int32_t index);
    Topic::Chunk& chunk_to_edit(Topic& topic, std::size_t chunk);

    Image work_;
    // Nodes that carry this number are ours to change.
    std::uint64_t edit_ = 1;
    ImagePointer before_transaction_;
};

}  // namespace cauce::metadata
