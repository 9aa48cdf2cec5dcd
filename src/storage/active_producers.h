// The producers of a log that may still send, and which batch of each has to stay so that the log
// alone tells where they are: compaction takes the records out of it, but not the batch. A value:
// ProducerState at one moment. [pure]
#pragma once

#include "base/ids.h"
#include "storage/batch_head.h"
#include "storage/producer_state.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cauce::storage {

class ActiveProducers {
public:
    ActiveProducers() = default;
    explicit ActiveProducers(const ProducerState& state) {
        producers_.reserve(state.producers().size());
        for (const ProducerState::Producer& producer : state.producers())
            producers_.push_back({producer.id, producer.last_offset(), producer.epoch});
    }

    // Whether it holds the newest sequence of its producer; or, of one that has sent nothing in its
    // present epoch, the marker that tells this epoch.
    bool needs(const BatchHead& batch) const {
        if (batch.producer_id.value < 0) return false;
        const auto at = std::ranges::lower_bound(producers_, batch.producer_id, {}, &Last::id);
        if (at == producers_.end() || at->id != batch.producer_id) return false;
        if (at->offset.value >= 0) return batch.last_offset == at->offset;
        return batch.control && batch.producer_epoch == at->epoch;
    }

private:
    struct Last {
        ProducerId id;
        Offset offset;  // of its newest data batch; -1: none
        std::int16_t epoch;
    };

    std::vector<Last> producers_;  // by id
};

}  // namespace cauce::storage
