#include "server/controller_call.h"

#include "metadata/image.h"

#include <algorithm>

namespace cauce::server {

Task<void> await_image(ShardServices& shard, Offset offset, MonoTime deadline) {
    while (shard.image->position().offset < offset) {
        if (!co_await shard.image_changed.wait_until(shard.shards.timers(), deadline)) co_return;
    }
}

MonoTime default_deadline(const ShardServices& shard) {
    return deadline_in(shard, shard.settings.request_timeout_ms);
}

MonoTime deadline_in(const ShardServices& shard, std::int32_t timeout_ms) {
    return shard.shards.clock().now() + milliseconds(std::max(timeout_ms, 0));
}

}  // namespace cauce::server
