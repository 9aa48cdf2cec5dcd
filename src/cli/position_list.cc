#include "cli/position_list.h"

#include "cli/shell_word.h"

#include <utility>

namespace cauce::cli {
namespace {

constexpr std::string_view kNone = "none";
constexpr std::string_view kExpected =
    "positions such as orders:0=42 or orders:0=42,1=17 or orders:2=none";

}  // namespace

std::expected<Positions, std::string> parse_positions(std::string_view text) {
    const std::unexpected<std::string> wrong{std::string(kExpected)};
    // A topic's name holds no colon.
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return wrong;
    const std::string topic(text.substr(0, colon));
    text.remove_prefix(colon + 1);
    Positions positions;
    for (;;) {
        const std::size_t comma = text.find(',');
        const std::string_view part = text.substr(0, comma);
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) return wrong;
        const auto partition = whole_number<std::int32_t>(part.substr(0, equals));
        const std::string_view where = part.substr(equals + 1);
        const auto offset = whole_number<std::int64_t>(where);
        if (!partition || *partition < 0) return wrong;
        if (where != kNone && (!offset || *offset < 0)) return wrong;
        positions[{topic, *partition}] = where == kNone ? std::nullopt : offset;
        if (comma == std::string_view::npos) return positions;
        text = text.substr(comma + 1);
    }
}

Accept into(Positions& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        auto positions = parse_positions(text);
        if (!positions) return std::unexpected(std::move(positions).error());
        for (auto& [partition, offset] : *positions)
            target[partition] = offset;
        return {};
    };
}

std::string position_options(const Positions& positions) {
    std::string options;
    std::string word;
    const std::string* topic = nullptr;
    const auto end_word = [&] {
        if (word.empty()) return;
        options += (options.empty() ? "--position " : " --position ") + shell_word(word);
    };
    for (const auto& [tp, offset] : positions) {
        if (topic == nullptr || *topic != tp.topic) {
            end_word();
            topic = &tp.topic;
            word = tp.topic + ":";
        } else {
            word += ',';
        }
        word += std::to_string(tp.partition) + "=";
        word += offset ? std::to_string(*offset) : std::string(kNone);
    }
    end_word();
    return options;
}

}  // namespace cauce::cli
