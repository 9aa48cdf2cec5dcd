// A led partition of `__consumer_offsets` as the coordinator sees it. Lives from the partition's
// leadership to its end.
#pragma once

#include "coordinator/offsets_log.h"
#include "replica/partition.h"

#include <memory>

namespace cauce::coordinator {

class ReplicaOffsetsLog final : public OffsetsLog {
public:
    // The partition leads.
    explicit ReplicaOffsetsLog(std::shared_ptr<replica::Partition> partition)
        : partition_(std::move(partition)), end_at_start_(partition_->log_end()) {}

    runtime::Task<Result<Offset>> append(Buffer batch) override;
    runtime::Task<Result<void>> read_all(BatchSink& sink) override;

private:
    const std::shared_ptr<replica::Partition> partition_;
    const Offset end_at_start_;
};

}  // namespace cauce::coordinator
