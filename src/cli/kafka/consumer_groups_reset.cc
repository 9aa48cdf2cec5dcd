// kafka-consumer-groups: --reset-offsets and --delete-offsets.
#include "cli/arguments.h"
#include "cli/kafka/columns.h"
#include "cli/kafka/consumer_groups.h"
#include "cli/kafka/error_text.h"
#include "cli/place.h"

#include <algorithm>
#include <array>
#include <set>

namespace cauce::cli::kafka {

using runtime::Task;

namespace {

using Offsets = std::map<TopicPartition, std::int64_t>;
using OffsetsByGroup = std::map<std::string, Offsets>;

// Where the logs of these partitions start or end, or were at a time.
Task<Attempt<Offsets>> ask(Shell& shell, const Offsets& partitions, std::int64_t timestamp) {
    Offsets asked = partitions;
    for (auto& [tp, offset] : asked)
        offset = timestamp;
    const auto found =
        co_await client::list_offsets(shell.cluster(), std::move(asked), group_deadline(shell));
    if (!found) co_return std::unexpected(shell.failure(found.error(), "listOffsets"));
    Offsets offsets;
    std::string unknown;
    for (const auto& [tp, offset] : *found) {
        if (offset.error.code == ErrorCode::unknown_topic_or_partition) {
            unknown += (unknown.empty() ? "" : ",") + tp.to_string();
        } else if (offset.error.code != ErrorCode::none) {
            co_return std::unexpected(shell.failure(offset.error, "listOffsets"));
        }
        offsets[tp] = offset.offset;
    }
    if (!unknown.empty()) co_return failed("The partitions \"" + unknown + "\" do not exist");
    co_return offsets;
}

// Where the logs were at a time, or end when they are not as young as that.
Task<Attempt<Offsets>> ask_by_time(Shell& shell, const Offsets& partitions,
                                   std::int64_t timestamp) {
    Attempt<Offsets> offsets = co_await ask(shell, partitions, timestamp);
    if (!offsets) co_return offsets;
    Offsets later;
    for (const auto& [tp, offset] : *offsets) {
        if (offset >= 0) continue;
        co_await shell.out("\nWarn: Partition " + std::to_string(tp.partition) + " from topic " +
                           tp.topic + " is empty. Falling back to latest known offset.\n");
        later[tp] = 0;
    }
    const Attempt<Offsets> ends = co_await ask(shell, later, client::kLatestOffset);
    if (!ends) co_return std::unexpected(ends.error());
    for (const auto& [tp, offset] : *ends)
        (*offsets)[tp] = offset;
    co_return offsets;
}

// What is outside of a log goes to its nearer end.
Task<Attempt<Offsets>> within_logs(Shell& shell, Offsets wanted) {
    const Attempt<Offsets> starts = co_await ask(shell, wanted, client::kEarliestOffset);
    if (!starts) co_return std::unexpected(starts.error());
    const Attempt<Offsets> ends = co_await ask(shell, wanted, client::kLatestOffset);
    if (!ends) co_return std::unexpected(ends.error());
    for (auto& [tp, offset] : wanted) {
        const std::int64_t start = starts->at(tp);
        const std::int64_t end = ends->at(tp);
        const bool above = offset > end;
        if (!above && offset >= start) continue;
        const std::int64_t nearest = above ? end : start;
        const std::string_view where = above ? "higher than latest" : "lower than earliest";
        co_await shell.err("WARN New offset (" + std::to_string(offset) + ") is " +
                           std::string(where) + " offset for topic partition " + tp.to_string() +
                           ". Value will be set to " + std::to_string(nearest));
        offset = nearest;
    }
    co_return wanted;
}

// --- times

// Kafka wants both a date and a time of day.
Attempt<std::int64_t> read_datetime(const std::string& text) {
    if (!text.contains('T'))
        return failed(
            "java.text.ParseException: Error parsing timestamp. It does not contain a "
            "'T' according to ISO8601 format");
    const std::optional<WallTime> time = parse_time(text);
    if (!time) return failed("java.text.ParseException: Unparseable date: \"" + text + "\"");
    return time->ms;
}

// ISO 8601 as java.time.Duration reads it: "P1DT2H30M", "PT1.5S", "-PT1H", "PT-1H".
std::optional<std::int64_t> read_duration_ms(std::string_view text) {
    constexpr std::int64_t kMost = std::int64_t{1} << 52;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (!text.starts_with('P') && !text.starts_with('p')) return std::nullopt;
    text.remove_prefix(1);
    struct Unit {
        char letter;
        std::int64_t ms;
    };
    constexpr std::array kUnits =
        std::to_array<Unit>({{'D', 86'400'000}, {'H', 3'600'000}, {'M', 60'000}, {'S', 1000}});
    std::int64_t total = 0;
    std::size_t next_unit = 0;  // they come in their order, each once
    bool in_time = false;
    bool any = false;
    while (!text.empty()) {
        if (text.front() == 'T' || text.front() == 't') {
            if (in_time) return std::nullopt;
            in_time = true;
            any = false;
            text.remove_prefix(1);
            continue;
        }
        const std::size_t end = text.find_first_not_of("+-.0123456789");
        if (end == 0 || end == std::string_view::npos) return std::nullopt;
        std::string_view number = text.substr(0, end);
        const char letter = text[end] >= 'a' ? static_cast<char>(text[end] - 32) : text[end];
        text.remove_prefix(end + 1);
        const auto unit = std::ranges::find(kUnits, letter, &Unit::letter);
        if (unit == kUnits.end()) return std::nullopt;
        const auto place = static_cast<std::size_t>(unit - kUnits.begin());
        if (place < next_unit || in_time != (place > 0)) return std::nullopt;
        next_unit = place + 1;
        const bool back = number.starts_with('-');
        if (back || number.starts_with('+')) number.remove_prefix(1);
        std::int64_t fraction_ms = 0;
        if (const std::size_t dot = number.find('.'); dot != std::string_view::npos) {
            if (letter != 'S') return std::nullopt;
            std::string digits(number.substr(dot + 1));
            if (digits.size() > 9) return std::nullopt;
            digits.resize(3, '0');
            const auto thousandths = whole_number<std::uint16_t>(digits);
            if (!thousandths) return std::nullopt;
            fraction_ms = *thousandths;
            number = number.substr(0, dot);
        }
        const auto whole = whole_number<std::int64_t>(number);
        if (!whole || *whole < 0 || *whole > kMost / unit->ms) return std::nullopt;
        const std::int64_t ms = *whole * unit->ms + fraction_ms;
        total += back ? -ms : ms;
        any = true;
    }
    if (!any || total > kMost || total < -kMost) return std::nullopt;
    return negative ? -total : total;
}

Attempt<std::int64_t> read_ago(const Shell& shell, const std::string& text) {
    const std::optional<std::int64_t> ms = read_duration_ms(text);
    if (!ms) return failed("Text cannot be parsed to a Duration");
    return shell.environment().shards.clock().wall().ms - *ms;
}

// --- plans in files

// Lines of "topic,partition,offset", or with the group before them.
Attempt<OffsetsByGroup> read_plan(const std::string& text, const std::vector<std::string>& groups) {
    OffsetsByGroup plan;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        std::vector<std::string> fields;
        for (std::string_view left = line;;) {
            const std::size_t comma = left.find(',');
            std::string_view field = left.substr(0, comma);
            if (field.size() >= 2 && field.starts_with('"') && field.ends_with('"'))
                field = field.substr(1, field.size() - 2);
            fields.emplace_back(field);
            if (comma == std::string_view::npos) break;
            left = left.substr(comma + 1);
        }
        if (fields.size() == 3 && groups.size() == 1) fields.insert(fields.begin(), groups[0]);
        const bool whole = fields.size() == 4;
        const auto partition = whole ? whole_number<std::int32_t>(fields[2]) : std::nullopt;
        const auto offset = whole ? whole_number<std::int64_t>(fields[3]) : std::nullopt;
        if (!partition || !offset)
            return failed("`" + std::string(line) + "` is no line of a reset plan");
        plan[fields[0]][{fields[1], *partition}] = *offset;
    }
    return plan;
}

// --- reset

Task<Attempt<Offsets>> partitions_to_reset(Shell& shell, const std::string& group) {
    const Given& given = shell.given();
    Offsets partitions;
    if (given.has("all-topics")) {
        const auto committed = co_await committed_offsets(shell, group);
        if (!committed) co_return std::unexpected(committed.error());
        for (const auto& [tp, offset] : *committed)
            partitions[tp] = 0;
    } else if (given.has("topic")) {
        const auto chosen = co_await chosen_partitions(shell);
        if (!chosen) co_return std::unexpected(chosen.error());
        for (const TopicPartition& tp : *chosen)
            partitions[tp] = 0;
    } else if (!given.has("from-file")) {
        co_return misused("One of the reset scopes should be defined: --all-topics, --topic.");
    }
    co_return partitions;
}

// By the plan of --from-file.
Task<Attempt<Offsets>> planned(Shell& shell, const std::string& group) {
    const Attempt<std::string> text = co_await shell.read_file(*shell.given().text("from-file"));
    if (!text) co_return std::unexpected(text.error());
    const Attempt<OffsetsByGroup> plan = read_plan(*text, shell.given().texts("group"));
    if (!plan) co_return std::unexpected(plan.error());
    const auto found = plan->find(group);
    if (found == plan->end()) {
        co_await complain(shell, "No reset plan for group " + group + " found");
        co_return Offsets();
    }
    co_return co_await within_logs(shell, found->second);
}

// From where the group is: shifted, or as it is (the end of the log where it has no position).
Task<Attempt<Offsets>> relative(Shell& shell, const std::string& group, Offsets partitions) {
    const auto committed = co_await committed_offsets(shell, group);
    if (!committed) co_return std::unexpected(committed.error());
    const std::optional<std::int64_t> shift = shell.given().number("shift-by");
    Offsets without;
    for (auto& [tp, offset] : partitions) {
        const auto found = committed->find(tp);
        if (found != committed->end()) {
            offset = found->second.offset + shift.value_or(0);
        } else if (shift) {
            co_return misused("Cannot shift offset for partition " + tp.to_string() +
                              " since there is no current committed offset");
        } else {
            without[tp] = 0;
        }
    }
    if (shift) co_return co_await within_logs(shell, std::move(partitions));
    const Attempt<Offsets> ends = co_await ask(shell, without, client::kLatestOffset);
    if (!ends) co_return ends;
    for (const auto& [tp, end] : *ends)
        partitions[tp] = end;
    co_return partitions;
}

Task<Attempt<Offsets>> new_offsets(Shell& shell, const std::string& group, Offsets partitions) {
    const Given& given = shell.given();
    if (const auto offset = given.number("to-offset")) {
        for (auto& [tp, wanted] : partitions)
            wanted = *offset;
        co_return co_await within_logs(shell, std::move(partitions));
    }
    if (given.has("to-earliest"))
        co_return co_await ask(shell, partitions, client::kEarliestOffset);
    if (given.has("to-latest")) co_return co_await ask(shell, partitions, client::kLatestOffset);
    if (const auto text = given.text("to-datetime")) {
        const Attempt<std::int64_t> time = read_datetime(*text);
        if (!time) co_return std::unexpected(time.error());
        co_return co_await ask_by_time(shell, partitions, *time);
    }
    if (const auto text = given.text("by-duration")) {
        const Attempt<std::int64_t> time = read_ago(shell, *text);
        if (!time) co_return std::unexpected(time.error());
        co_return co_await ask_by_time(shell, partitions, *time);
    }
    if (given.has("from-file")) co_return co_await planned(shell, group);
    if (given.has("shift-by") || given.has("to-current"))
        co_return co_await relative(shell, group, std::move(partitions));
    co_return misused(
        "Option '[reset-offsets]' requires one of the following scenarios: "
        "[[to-offset], [to-datetime], [by-duration], [to-earliest], [to-latest], "
        "[to-current], [shift-by], [from-file]]");
}

// Nobody may be in a group whose positions move. Nothing when somebody is, which has been told.
Task<Attempt<std::optional<Offsets>>> reset_group(Shell& shell, std::string group) {
    const auto description =
        co_await client::describe_group(shell.cluster(), group, group_deadline(shell));
    if (!description && description.error().code != ErrorCode::group_id_not_found)
        co_return std::unexpected(shell.failure(description.error(), "describeGroups"));
    if (description && description->state != "Empty" && description->state != "Dead") {
        co_await complain(shell, "Assignments can only be reset if the group '" + group +
                                     "' is inactive, but the current state is " +
                                     description->state + ".");
        co_return std::nullopt;
    }
    Attempt<Offsets> partitions = co_await partitions_to_reset(shell, group);
    if (!partitions) co_return std::unexpected(partitions.error());
    Attempt<Offsets> offsets = co_await new_offsets(shell, group, std::move(*partitions));
    if (!offsets) co_return std::unexpected(offsets.error());
    if (shell.given().has("execute") && !offsets->empty()) {
        const auto committed = co_await client::commit_offsets(shell.cluster(), group, *offsets,
                                                               group_deadline(shell));
        if (!committed)
            co_return std::unexpected(
                shell.failure(committed.error(), "alterConsumerGroupOffsets"));
        for (const auto& [tp, error] : *committed)
            if (error.code != ErrorCode::none)
                co_return std::unexpected(shell.failure(error, "alterConsumerGroupOffsets"));
    }
    co_return std::optional<Offsets>(std::move(*offsets));
}

std::string plan_text(const OffsetsByGroup& plan, bool with_group) {
    std::string text;
    for (const auto& [group, offsets] : plan)
        for (const auto& [tp, offset] : offsets)
            text += (with_group ? group + "," : "") + tp.topic + "," +
                    std::to_string(tp.partition) + "," + std::to_string(offset) + "\n";
    return text + "\n";
}

std::string plan_table(const OffsetsByGroup& plan) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [group, offsets] : plan)
        for (const auto& [tp, offset] : offsets)
            rows.push_back({group, tp.topic, std::to_string(tp.partition), std::to_string(offset)});
    std::vector<std::size_t> widths{15, 15, 10, 0};
    widen(widths, 0, rows);
    widen(widths, 1, rows);
    std::string text;
    if (!plan.empty()) text += "\n" + row({"GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"}, widths);
    for (const auto& cells : rows)
        text += "\n" + row(cells, widths);
    return text + "\n";
}

}  // namespace

bool is_undecided(const Given& given) {
    return !given.has("dry-run") && !given.has("execute");
}

Task<Attempt<void>> reset_offsets(Shell& shell) {
    const Given& given = shell.given();
    if (is_undecided(given)) co_await shell.err(std::string(kUndecided));
    const Attempt<std::vector<std::string>> groups = co_await chosen_groups(shell);
    if (!groups) co_return std::unexpected(groups.error());
    OffsetsByGroup plan;
    for (const std::string& group : *groups) {
        Attempt<std::optional<Offsets>> offsets = co_await reset_group(shell, group);
        if (!offsets) co_return std::unexpected(offsets.error());
        plan[group] = std::move(*offsets).value_or(Offsets());
    }
    std::string text =
        given.has("export") ? plan_text(plan, given.texts("group").size() != 1) : plan_table(plan);
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

Task<Attempt<void>> delete_offsets(Shell& shell) {
    const std::string group = *shell.given().text("group");
    std::set<TopicPartition> partitions;
    std::map<TopicPartition, Error> results;  // with partition -1: of a topic that is not there
    for (const std::string& word : shell.given().texts("topic")) {
        const Attempt<TopicWord> read = read_topic_word(word);
        if (!read) co_return std::unexpected(read.error());
        const auto of_word = co_await partitions_of(shell, *read);
        if (!of_word) {
            results[{read->topic, -1}] = of_word.error();
            continue;
        }
        partitions.insert(of_word->begin(), of_word->end());
    }
    std::vector<TopicPartition> asked(partitions.begin(), partitions.end());
    const auto deleted = co_await client::delete_offsets(shell.cluster(), group, std::move(asked),
                                                         group_deadline(shell));
    Error whole{ErrorCode::none, {}};
    if (deleted) {
        for (const auto& [tp, error] : *deleted) {
            results[tp] = error;
            if (error.code != ErrorCode::none) whole = error;
        }
    } else {
        whole = deleted.error();
        for (const TopicPartition& tp : partitions)
            results[tp] = whole;
    }
    switch (whole.code) {
        case ErrorCode::none:
            co_await shell.out("Request succeeded for deleting offsets from group " + group +
                               ".\n");
            break;
        case ErrorCode::invalid_group_id:
        case ErrorCode::group_id_not_found:
        case ErrorCode::group_authorization_failed:
        case ErrorCode::non_empty_group:
            co_await complain(shell, error_text(whole));
            break;
        case ErrorCode::group_subscribed_to_topic:
        case ErrorCode::topic_authorization_failed:
        case ErrorCode::unknown_topic_or_partition:
            co_await complain(shell,
                              "Encountered some partition-level error, see the follow-up details.");
            break;
        default:
            co_await complain(
                shell, "Encountered some unknown error: " + std::string(error_name(whole.code)));
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& [tp, error] : results)
        rows.push_back(
            {tp.topic, tp.partition >= 0 ? std::to_string(tp.partition) : "-",
             error.code == ErrorCode::none ? "Successful" : "Error: " + exception_text(error)});
    std::vector<std::size_t> widths{15, 10, 15};
    widen(widths, 0, rows);
    std::string text = "\n" + row({"TOPIC", "PARTITION", "STATUS"}, widths);
    for (const auto& cells : rows)
        text += "\n" + row(cells, widths);
    text += "\n";
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

}  // namespace cauce::cli::kafka
