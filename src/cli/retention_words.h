// What retention makes of a partition, in words: when its oldest segment goes, and why.
#pragma once

#include "base/time.h"
#include "client/admin.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace cauce::cli {

// Of the topic.
struct RetentionRules {
    bool deletes = true;                // cleanup.policy holds "delete"
    std::int64_t retention_ms = -1;     // -1: records of any age stay
    std::int64_t retention_bytes = -1;  // -1: any size will do
};

struct RetentionWords {
    std::string when;  // "2026-11-21T10:00:00Z", "at the next check", "after 12 MiB more", "never"
    std::string why;
};

RetentionWords explain_retention(const client::RetentionOutlook& outlook,
                                 const RetentionRules& rules, WallTime now);

// "keep", "start_offset", "size", "time": for programs.
std::string_view verdict_name(client::RetentionOutlook::Verdict verdict);

}  // namespace cauce::cli
