// What the coordinator needs of a partition of `__consumer_offsets` that this node leads. The
// replica layer implements it; tests have one in memory. One shard: that of the partition.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "runtime/task.h"

namespace cauce::coordinator {

class OffsetsLog {
public:
    virtual ~OffsetsLog() = default;

    // Appends one record batch (v2, uncompressed; base offset and leader epoch are still to be
    // filled in, everything else stands) as acks=all does, and ends when the high watermark has
    // passed it. The result is the batch's base offset.
    //
    // There is no time limit in here: an append ends committed, refused, or with the leadership
    // lost (not_leader_or_follower); the coordinator's own clock decides how long clients wait.
    // An error means that the batch is not committed under this leadership. Errors in use:
    // not_leader_or_follower, not_enough_replicas, kafka_storage_error, message_too_large.
    //
    // The coordinator has at most one append under way.
    virtual runtime::Task<Result<Offset>> append(Buffer batch) = 0;

    // Takes what read_all() reads. `batches` holds one or more whole record batches back to back,
    // in order of offsets, valid during the call. False ends the reading.
    class BatchSink {
    public:
        virtual bool on_batches(BytesView batches) = 0;

    protected:
        ~BatchSink() = default;
    };

    // Streams the log from its start offset to its end as it was when the leadership began, waiting
    // until the high watermark has reached that end. It gives way to other work between chunks.
    virtual runtime::Task<Result<void>> read_all(BatchSink& sink) = 0;
};

}  // namespace cauce::coordinator
