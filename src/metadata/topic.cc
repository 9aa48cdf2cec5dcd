#include "metadata/topic.h"

#include "base/check.h"

namespace cauce::metadata {

const Partition& Topic::partition(std::int32_t index) const {
    const Partition* partition = find(index);
    CHECK(partition != nullptr, name_, index, count_);
    return *partition;
}

bool Topic::operator==(const Topic& other) const {
    if (name_ != other.name_ || id_ != other.id_ || count_ != other.count_) return false;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        if (chunks_[i] != other.chunks_[i] &&
            chunks_[i]->partitions != other.chunks_[i]->partitions)
            return false;
    }
    return true;
}

bool is_internal_topic(std::string_view name) {
    return name == "__consumer_offsets" || name == "__transaction_state" ||
           name == "__share_group_state";
}

}  // namespace cauce::metadata
