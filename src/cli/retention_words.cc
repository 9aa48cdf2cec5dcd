#include "cli/retention_words.h"

#include "cli/time_text.h"
#include "storage/space_stage.h"

namespace cauce::cli {
namespace {

using Verdict = client::RetentionOutlook::Verdict;
using storage::size_text;

// Our clock and the broker's, at most; one that differs more has other troubles.
constexpr std::int64_t kClocksDiffer = 60'000;

std::string bytes_text(std::int64_t bytes) {
    return bytes < 0 ? std::to_string(bytes) : size_text(static_cast<std::uint64_t>(bytes));
}

std::string by_time(const RetentionRules& rules) {
    return "retention.ms (" + span_text(rules.retention_ms) + ")";
}

std::string by_size(const RetentionRules& rules) {
    return "retention.bytes (" + bytes_text(rules.retention_bytes) + ")";
}

// What the age of a segment is counted from.
std::string newest(const client::RetentionOutlook& outlook) {
    return outlook.max_timestamp < 0 ? "its file, which holds no times"
                                     : "its newest record, of " + time_text(outlook.max_timestamp);
}

// It stays for now, and time or size will take it.
RetentionWords waiting(const client::RetentionOutlook& outlook, const RetentionRules& rules,
                       WallTime now) {
    const bool by_age = outlook.due_ms >= 0;
    const bool by_bytes = outlook.bytes_left >= 0;
    RetentionWords words;
    if (!by_age) {
        if (!by_bytes)  // appended to, so that its size counts on both sides
            return {"never", by_size(rules) + " begins to count once there is another segment"};
        return {"after " + bytes_text(outlook.bytes_left) + " more", by_size(rules)};
    }
    words.when = time_text(outlook.due_ms);
    words.why = by_time(rules) + " after " + newest(outlook);
    if (outlook.max_timestamp > now.ms)
        words.why += ", which lies in the future: the clock of its producer, or ours, was wrong";
    else if (outlook.is_last)
        words.why += "; later when more is written";
    if (by_bytes) words.why += "; or after " + bytes_text(outlook.bytes_left) + " more";
    return words;
}

}  // namespace

RetentionWords explain_retention(const client::RetentionOutlook& outlook,
                                 const RetentionRules& rules, WallTime now) {
    constexpr const char* kSoon = "at the next check";
    switch (outlook.verdict) {
        case Verdict::start_offset:
            return {kSoon, "its records were deleted: the log starts behind it"};
        case Verdict::size:
            return {kSoon, "without it there is still as much as " + by_size(rules)};
        case Verdict::time:
            return {kSoon, by_time(rules) + " have passed since " + newest(outlook)};
        case Verdict::keep:
            break;
    }
    if (!rules.deletes) return {"never", "cleanup.policy does not hold `delete`"};
    if (rules.retention_ms < 0 && rules.retention_bytes < 0)
        return {"never", "retention.ms and retention.bytes are -1"};
    // It would be too old, or too much, if all of it could be read already.
    const bool overdue = outlook.due_ms >= 0 && outlook.due_ms <= now.ms - kClocksDiffer;
    if (overdue || outlook.bytes_left == 0)
        return {"once it is committed", "consumers cannot read to its end yet"};
    return waiting(outlook, rules, now);
}

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::keep:
            return "keep";
        case Verdict::start_offset:
            return "start_offset";
        case Verdict::size:
            return "size";
        case Verdict::time:
            return "time";
    }
    return "";
}

}  // namespace cauce::cli
