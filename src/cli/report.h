// Report: the result of a command as columns and rows, from which every output format is written.
// A command fills one and never formats anything itself.
//
// Field names are part of the command line's contract: Kafka's words, in snake_case, never renamed.
#pragma once

#include "cli/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

enum class OutputFormat : std::uint8_t { table, wide, json, yaml, name, tsv };

// The words of -o; empty when `text` is none of them.
std::optional<OutputFormat> output_format(std::string_view text);
inline constexpr std::string_view kOutputFormats = "table, wide, json, yaml, name or tsv";

// Where a column is seen. JSON and YAML show them all.
enum class Show : std::uint8_t { always, wide, data };

struct Column {
    std::string field;  // in JSON, YAML and TSV
    std::string title;  // in tables
    Show show = Show::always;
};

// Rows of one kind. The first column names the row: it is what `-o name` prints.
struct Table {
    std::vector<Column> columns;
    std::vector<std::vector<Value>> rows;

    // One value a column.
    void add(std::vector<Value> row);
};

// One thing: its properties, each on a line, and tables of its parts. The first property names it.
struct Details {
    struct Property {
        Column column;
        Value value;
    };
    struct Part {
        std::string field;
        std::string title;  // above the table; may be empty
        Table table;
        Show show = Show::always;
    };
    std::vector<Property> properties;
    std::vector<Part> parts;

    void add(Column column, Value value);
};

// What a report is about: many rows, many things, or a single thing.
using Report = std::variant<Table, std::vector<Details>, Details>;

struct RenderOptions {
    OutputFormat format = OutputFormat::table;
    bool color = false;
};

std::string render(const Report& report, RenderOptions options);

// A field of tab-separated values: tabs, line ends and backslashes escaped, as in PostgreSQL's text
// format.
void append_tsv_text(std::string& out, std::string_view text);

}  // namespace cauce::cli
