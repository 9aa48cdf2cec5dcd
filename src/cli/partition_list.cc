#include "cli/partition_list.h"

#include "cli/arguments.h"

namespace cauce::cli {
namespace {

constexpr std::int32_t kPartitionsMax = 1'000'000;

}  // namespace

std::expected<std::set<std::int32_t>, std::string> parse_partitions(std::string_view text) {
    const std::unexpected<std::string> wrong("partitions such as 0 or 0,2 or 4-6");
    std::set<std::int32_t> partitions;
    for (;;) {
        const std::size_t comma = text.find(',');
        const std::string_view part = text.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto first = whole_number<std::int32_t>(part.substr(0, dash));
        const auto last = dash == std::string_view::npos
                              ? first
                              : whole_number<std::int32_t>(part.substr(dash + 1));
        if (!first || !last || *first < 0 || *last < *first || *last >= kPartitionsMax)
            return wrong;
        for (std::int32_t partition = *first; partition <= *last; ++partition)
            partitions.insert(partition);
        if (comma == std::string_view::npos) return partitions;
        text = text.substr(comma + 1);
    }
}

}  // namespace cauce::cli
