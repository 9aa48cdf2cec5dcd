// Tables as Kafka's tools print them: cells to the left of columns of a width.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli::kafka {

// Java's "%-15s".
inline std::string padded(std::string_view text, std::size_t width) {
    std::string cell(text);
    if (cell.size() < width) cell.resize(width, ' ');
    return cell;
}

// One line without its end: cells with a blank between them.
inline std::string row(const std::vector<std::string>& cells,
                       const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line += ' ';
        line += padded(cells[i], i < widths.size() ? widths[i] : 0);
    }
    return line;
}

// Columns get as wide as their cells, and at least as wide as they are.
inline void widen(std::vector<std::size_t>& widths, std::size_t column,
                  const std::vector<std::vector<std::string>>& rows) {
    for (const auto& cells : rows)
        widths[column] = std::max(widths[column], cells[column].size());
}

}  // namespace cauce::cli::kafka
