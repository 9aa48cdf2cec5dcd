// kafka-delete-records
#include "cli/arguments.h"
#include "cli/json_text.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "client/admin.h"

#include <map>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

using Members = std::vector<std::pair<std::string, std::string_view>>;

std::optional<std::string_view> member(const Members& members, std::string_view name) {
    for (const auto& [key, value] : members)
        if (key == name) return value;
    return std::nullopt;
}

struct Wanted {
    std::map<TopicPartition, std::int64_t> offsets;
    std::string twice;  // "t-0,t-1"
};

// {"partitions":[{"topic":"foo","partition":1,"offset":1}],"version":1}
Attempt<Wanted> read_offsets(const std::string& text) {
    if (!is_json(text)) return failed("The input string is not a valid JSON");
    const auto members = json_members(text);
    if (!members) return failed("The input string is not a valid JSON");
    if (const auto version = member(*members, "version")) {
        const auto number = whole_number<std::int32_t>(*version);
        if (!number || *number != 1)
            return failed("Not supported version field value " + std::string(*version));
    }
    const auto partitions = member(*members, "partitions");
    if (!partitions) return failed("Missing partitions field");
    const auto elements = json_elements(*partitions);
    if (!elements) return failed("The partitions field is no array: " + std::string(*partitions));
    Wanted wanted;
    for (const std::string_view element : *elements) {
        const Members fields = json_members(element).value_or(Members());
        for (const char* name : {"topic", "partition", "offset"})
            if (!member(fields, name))
                return failed("No such field exists: `" + std::string(name) + "`");
        const auto topic = json_string(*member(fields, "topic"));
        const auto partition = whole_number<std::int32_t>(*member(fields, "partition"));
        const auto offset = whole_number<std::int64_t>(*member(fields, "offset"));
        if (!topic) return failed("Expected a string value for the field topic");
        if (!partition || !offset)
            return failed("Expected whole numbers for the fields partition and offset");
        const TopicPartition tp{*topic, *partition};
        if (!wanted.offsets.try_emplace(tp, *offset).second)
            wanted.twice += (wanted.twice.empty() ? "" : ",") + tp.to_string();
    }
    return wanted;
}

Task<Attempt<void>> run(Shell& shell) {
    const std::string path = *shell.given().text("offset-json-file");
    const Attempt<std::string> text = co_await shell.read_file(path);
    if (!text) co_return failed("Unable to read file " + path);
    Attempt<Wanted> wanted = read_offsets(*text);
    if (!wanted) co_return std::unexpected(wanted.error());
    if (!wanted->twice.empty())
        co_return failed("Offset json file contains duplicate topic partitions: " + wanted->twice);
    co_await shell.out("Executing records delete operation\n");
    const auto deleted = co_await client::delete_records(
        shell.cluster(), std::move(wanted->offsets), shell.deadline());
    if (!deleted) co_return std::unexpected(shell.failure(deleted.error(), "deleteRecords"));
    std::string lines = "Records delete operation completed:\n";
    for (const auto& [tp, result] : *deleted) {
        lines += "partition: " + tp.to_string() + "\t";
        lines += result.error.code == ErrorCode::none
                     ? "low_watermark: " + std::to_string(result.low_watermark)
                     : "error: " + exception_text(result.error);
        lines += "\n";
    }
    co_await shell.out(std::move(lines));
    co_return Attempt<void>();
}

}  // namespace

Tool delete_records_tool() {
    return {.name = "kafka-delete-records",
            .purpose =
                "This tool helps to delete records of the given partitions down to the "
                "specified offset.",
            .flags = {bootstrap_server_flag("server(s) to use for bootstrapping"),
                      command_config_flag("command config property file path"),
                      {"offset-json-file", Takes::text, "Offset json file path",
                       "REQUIRED: a file such as {\"partitions\": [{\"topic\": \"foo\", "
                       "\"partition\": 1, \"offset\": 1}], \"version\": 1}; what is older than "
                       "the offset goes."}},
            .check = [](const Given& given) -> Attempt<void> {
                if (const auto wrong = missing(given, {"bootstrap-server", "offset-json-file"}))
                    return misused(*wrong);
                return {};
            },
            .run = run};
}

}  // namespace cauce::cli::kafka
