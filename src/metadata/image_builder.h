// ImageBuilder: replays metadata records into an Image. The only thing that changes one.
//
// Works on a private copy that shares everything with the image it started from; publish() freezes
// what it has and hands it out. Between BeginTransactionRecord and its end nothing of the
// transaction is published; an abort takes it back.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "metadata/image.h"

#include <memory>
#include <optional>
#include <string>

namespace cauce::wire {
struct BrokerRegistrationChangeRecord;
struct ClearElrRecord;
struct ConfigRecord;
struct FeatureLevelRecord;
struct PartitionChangeRecord;
struct PartitionRecord;
struct ProducerIdsRecord;
struct RegisterBrokerRecord;
struct RegisterControllerRecord;
struct RemoveTopicRecord;
struct TopicRecord;
}  // namespace cauce::wire

namespace cauce::metadata {

class ImageBuilder {
public:
    ImageBuilder() : ImageBuilder(Image{}) {}
    explicit ImageBuilder(const Image& start) { reset(start); }

    // Forgets everything since and goes on from `start`.
    void reset(const Image& start);

    // One record as it stands in the log: frame version, type, version, content. An error means
    // that the bytes are damaged or contradict what is known (a partition of no topic): the log is
    // not to be trusted. A type or version of a newer Kafka is no error, it is counted.
    Result<void> replay(BytesView value);
    // Where the records replayed so far stand in the log.
    void set_position(const LogPosition& position) { work_.position_ = position; }

    // With everything replayed so far, open transactions included.
    const Image& current() const { return work_; }
    bool in_transaction() const { return before_transaction_ != nullptr; }

    // A frozen copy of the newest state outside transactions.
    ImagePointer publish();

private:
    Result<void> apply(const wire::RegisterBrokerRecord&);
    Result<void> apply(const wire::BrokerRegistrationChangeRecord&);
    Result<void> apply(const wire::TopicRecord&);
    Result<void> apply(const wire::PartitionRecord&);
    Result<void> apply(const wire::PartitionChangeRecord&);
    Result<void> apply(const wire::RemoveTopicRecord&);
    Result<void> apply(const wire::ConfigRecord&);
    Result<void> apply(const wire::FeatureLevelRecord&);
    Result<void> apply(const wire::ProducerIdsRecord&);
    Result<void> apply(const wire::RegisterControllerRecord&);
    Result<void> apply(const wire::ClearElrRecord&);

    Image work_;
    // Nodes that carry this number are ours to change.
    std::uint64_t edit_ = 0;
    ImagePointer before_transaction_;
};

}  // namespace cauce::metadata
