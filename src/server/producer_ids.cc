#include "server/producer_ids.h"

#include "metadata/image.h"
#include "server/controller_call.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"

namespace cauce::server {

namespace {

struct Block {
    ErrorCode error = ErrorCode::none;
    std::int64_t start = 0;
    std::int32_t size = 0;
};

// On the controller's shard.
Task<Block> allocate(ShardServices& shard, MonoTime deadline) {
    wire::AllocateProducerIdsRequest request;
    request.broker_id = shard.settings.node_id.value;
    const metadata::Broker* self = shard.image->broker(shard.settings.node_id);
    request.broker_epoch = self == nullptr ? -1 : self->epoch;
    const auto reply = co_await shard.controller.allocate_producer_ids(request, deadline);
    co_return Block{error_code_from_wire(reply.response.error_code),
                    reply.response.producer_id_start, reply.response.producer_id_len};
}

struct Visit {
    ShardServices* shard;
    MonoTime deadline;
    Task<Block> operator()() { return allocate(*shard, deadline); }
};

}  // namespace

Task<Result<ProducerId>> ProducerIds::next(ShardServices& shard) {
    while (next_ == end_) {
        if (asking_) {
            co_await answered_.wait();
            continue;
        }
        asking_ = true;
        const MonoTime deadline = default_deadline(shard);
        Visit visit{shard.peers[ShardServices::kControllerShard], deadline};
        const Block block =
            co_await shard.shards.on(ShardServices::kControllerShard, std::move(visit));
        asking_ = false;
        answered_.notify_all();
        // The client is to ask again, as it does for Kafka when no block is at hand.
        if (block.error != ErrorCode::none) co_return fail(ErrorCode::coordinator_load_in_progress);
        next_ = block.start;
        end_ = block.start + block.size;
    }
    co_return ProducerId{next_++};
}

}  // namespace cauce::server
