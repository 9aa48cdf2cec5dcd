#include "cli/report.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cauce::cli {
namespace {

constexpr std::array<std::pair<std::string_view, OutputFormat>, 6> kFormats{{
    {"table", OutputFormat::table},
    {"wide", OutputFormat::wide},
    {"json", OutputFormat::json},
    {"yaml", OutputFormat::yaml},
    {"name", OutputFormat::name},
    {"tsv", OutputFormat::tsv},
}};

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::size_t kGap = 2;

// --- the tree behind JSON and YAML

Value::Fields row_fields(const Table& table, const std::vector<Value>& row) {
    Value::Fields fields;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        fields.emplace_back(table.columns[i].field, row[i]);
    return fields;
}

Value to_value(const Table& table) {
    Value::List list;
    for (const auto& row : table.rows)
        list.emplace_back(row_fields(table, row));
    return list;
}

Value to_value(const Details& details) {
    Value::Fields fields;
    for (const auto& property : details.properties)
        fields.emplace_back(property.column.field, property.value);
    for (const auto& part : details.parts)
        fields.emplace_back(part.field, to_value(part.table));
    return fields;
}

Value to_value(const std::vector<Details>& things) {
    Value::List list;
    for (const auto& details : things)
        list.push_back(to_value(details));
    return list;
}

// --- tables

bool shown(Show show, bool wide) {
    return show == Show::always || (show == Show::wide && wide);
}

void append_padded(std::string& out, std::string_view text, std::size_t width, bool right) {
    const std::size_t taken = display_width(text);
    const std::size_t padding = width > taken ? width - taken : 0;
    if (right) out.append(padding, ' ');
    out += text;
    if (!right) out.append(padding, ' ');
}

void end_line(std::string& out) {
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    out += '\n';
}

// Numbers stand at the right of their column, so that their digits line up.
bool is_number_column(const Table& table, std::size_t column) {
    return !table.rows.empty() && std::ranges::all_of(table.rows, [&](const auto& row) {
        return row[column].is_number() || row[column].is_null();
    });
}

void append_table(std::string& out, const Table& table, bool wide, bool color) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (shown(table.columns[i].show, wide)) columns.push_back(i);

    std::vector<std::vector<std::string>> cells;
    std::vector<std::size_t> widths(table.columns.size());
    for (const std::size_t i : columns)
        widths[i] = display_width(table.columns[i].title);
    for (const auto& row : table.rows) {
        auto& texts = cells.emplace_back(table.columns.size());
        for (const std::size_t i : columns) {
            texts[i] = cell_text(row[i]);
            widths[i] = std::max(widths[i], display_width(texts[i]));
        }
    }

    if (color) out += kBold;
    for (const std::size_t i : columns) {
        if (i != columns.front()) out.append(kGap, ' ');
        append_padded(out, table.columns[i].title, widths[i], is_number_column(table, i));
    }
    if (color) out += kPlain;
    end_line(out);
    for (const auto& texts : cells) {
        for (const std::size_t i : columns) {
            if (i != columns.front()) out.append(kGap, ' ');
            append_padded(out, texts[i], widths[i], is_number_column(table, i));
        }
        end_line(out);
    }
}

void append_details(std::string& out, const Details& details, bool wide, bool color) {
    std::size_t width = 0;
    for (const auto& property : details.properties)
        if (shown(property.column.show, wide))
            width = std::max(width, display_width(property.column.title));
    for (const auto& property : details.properties) {
        if (!shown(property.column.show, wide)) continue;
        if (color) out += kBold;
        append_padded(out, property.column.title, width, false);
        if (color) out += kPlain;
        out.append(kGap, ' ');
        out += cell_text(property.value);
        end_line(out);
    }
    for (const auto& part : details.parts) {
        if (!shown(part.show, wide) || part.table.rows.empty()) continue;
        out += '\n';
        if (!part.title.empty()) out += part.title + ":\n";
        append_table(out, part.table, wide, color);
    }
}

// --- tab-separated values

void append_tsv_cell(std::string& out, const Value& value) {
    if (value.is_null()) return;
    std::string text;
    if (const auto* plain = std::get_if<std::string>(&value.kind())) {
        text = *plain;
    } else if (const auto* truth = std::get_if<bool>(&value.kind())) {
        text = *truth ? "true" : "false";
    } else if (std::holds_alternative<Value::Fields>(value.kind())) {
        append_json(text, value);
    } else if (const auto* list = std::get_if<Value::List>(&value.kind())) {
        if (list->empty()) return;
        text = cell_text(value);
    } else {
        text = cell_text(value);
    }
    append_tsv_text(out, text);
}

void append_tsv(std::string& out, const Table& table) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) out += '\t';
        out += table.columns[i].field;
    }
    out += '\n';
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) out += '\t';
            append_tsv_cell(out, row[i]);
        }
        out += '\n';
    }
}

// Things with parts become one table of the parts of their first kind, each row led by the name of
// its thing; things without become one table of their properties.
Table flattened(const std::vector<Details>& things) {
    Table table;
    for (const auto& details : things) {
        if (!details.parts.empty()) {
            const Table& part = details.parts.front().table;
            if (table.columns.empty()) {
                table.columns.push_back(details.properties.front().column);
                table.columns.insert(table.columns.end(), part.columns.begin(), part.columns.end());
            }
            for (const auto& row : part.rows) {
                std::vector<Value> values{details.properties.front().value};
                values.insert(values.end(), row.begin(), row.end());
                table.add(std::move(values));
            }
            continue;
        }
        std::vector<Value> values;
        for (const auto& property : details.properties) {
            if (table.rows.empty()) table.columns.push_back(property.column);
            values.push_back(property.value);
        }
        table.add(std::move(values));
    }
    return table;
}

// --- one function a format

std::string names(const Report& report) {
    std::string out;
    const auto add = [&out](const Value& value) { out += cell_text(value) + "\n"; };
    if (const auto* table = std::get_if<Table>(&report))
        for (const auto& row : table->rows)
            add(row.front());
    if (const auto* things = std::get_if<std::vector<Details>>(&report))
        for (const auto& details : *things)
            add(details.properties.front().value);
    if (const auto* details = std::get_if<Details>(&report)) add(details->properties.front().value);
    return out;
}

std::string tsv(const Report& report) {
    std::string out;
    if (const auto* table = std::get_if<Table>(&report)) append_tsv(out, *table);
    if (const auto* things = std::get_if<std::vector<Details>>(&report))
        append_tsv(out, flattened(*things));
    if (const auto* details = std::get_if<Details>(&report)) append_tsv(out, flattened({*details}));
    return out;
}

std::string tables(const Report& report, bool wide, bool color) {
    std::string out;
    if (const auto* table = std::get_if<Table>(&report)) append_table(out, *table, wide, color);
    if (const auto* things = std::get_if<std::vector<Details>>(&report)) {
        for (const auto& details : *things) {
            if (!out.empty()) out += '\n';
            append_details(out, details, wide, color);
        }
    }
    if (const auto* details = std::get_if<Details>(&report))
        append_details(out, *details, wide, color);
    return out;
}

}  // namespace

std::optional<OutputFormat> output_format(std::string_view text) {
    for (const auto& [word, format] : kFormats)
        if (word == text) return format;
    return std::nullopt;
}

void Table::add(std::vector<Value> row) {
    CHECK(row.size() == columns.size(), row.size(), columns.size());
    rows.push_back(std::move(row));
}

void Details::add(Column column, Value value) {
    properties.push_back({std::move(column), std::move(value)});
}

std::string render(const Report& report, RenderOptions options) {
    switch (options.format) {
        case OutputFormat::table:
            return tables(report, false, options.color);
        case OutputFormat::wide:
            return tables(report, true, options.color);
        case OutputFormat::name:
            return names(report);
        case OutputFormat::tsv:
            return tsv(report);
        case OutputFormat::json:
        case OutputFormat::yaml:
            break;
    }
    const Value tree = std::visit([](const auto& kind) { return to_value(kind); }, report);
    std::string out;
    if (options.format == OutputFormat::yaml) {
        append_yaml(out, tree);
    } else {
        append_pretty_json(out, tree);
        out += '\n';
    }
    return out;
}

void append_tsv_text(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace cauce::cli
