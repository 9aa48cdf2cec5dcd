#include "sim/checkers/start_checker.h"

#include <algorithm>

namespace cauce::sim {

void StartChecker::acknowledged(RecordNumber first, std::int32_t count, Offset base) {
    if (base < end_)
        wrong("records were acknowledged at offset " + std::to_string(base.value) +
              ", and the log had come to " + std::to_string(end_.value));
    for (std::int32_t i = 0; i < count; ++i)
        records_[base + i] = first + i;
    end_ = std::max(end_, base + count);
}

void StartChecker::start(Offset told) {
    const std::string what = "it begins at " + std::to_string(told.value);
    if (told < promised_start())
        wrong(what + ", and everything below " + std::to_string(promised_.value) + " was removed");
    if (!retention_ && told > asked_)
        wrong(what + ", and nobody asked for more than " + std::to_string(asked_.value));
}

void StartChecker::begin_to_read(Offset from) {
    next_ = from;
}

void StartChecker::seen(Offset offset, RecordNumber number) {
    const std::string what =
        "record " + std::to_string(number) + " is at offset " + std::to_string(offset.value);
    if (offset < promised_start()) wrong(what + " and was removed");
    if (offset != next_) wrong(what + ", and " + std::to_string(next_.value) + " was next");
    next_ = offset + 1;
    const auto [known, fresh] = records_.emplace(offset, number);
    if (!fresh && known->second != number)
        wrong(what + ", where record " + std::to_string(known->second) + " was before");
}

void StartChecker::has_read_all() {
    if (next_ < end_)
        wrong("it ends at " + std::to_string(next_.value) + ", and records up to " +
              std::to_string(end_.value) + " were acknowledged");
}

}  // namespace cauce::sim
