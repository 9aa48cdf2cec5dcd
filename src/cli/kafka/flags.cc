#include "cli/kafka/flags.h"

#include "cli/arguments.h"

#include <algorithm>
#include <array>

namespace cauce::cli::kafka {
namespace {

constexpr std::size_t kUsageWidth = 80;
constexpr std::size_t kColumnGap = 2;

const Flag* find(const std::vector<Flag>& flags, std::string_view name) {
    const auto found = std::ranges::find_if(flags, [name](const Flag& flag) {
        return flag.name == name || (name.size() == 1 && flag.letter == name.front());
    });
    return found == flags.end() ? nullptr : &*found;
}

// "--topic", and also "-topic": joptsimple takes a whole name behind one dash.
bool is_flag_like(std::string_view word) {
    return word.size() > 1 && word.front() == '-' && word != "--";
}

std::string bracketed(std::string_view name) {
    return "[" + std::string(name) + "]";
}

bool is_number(Takes takes) {
    return takes == Takes::integer || takes == Takes::whole;
}

std::optional<std::int64_t> read_number(Takes takes, std::string_view text) {
    if (takes == Takes::whole) return whole_number<std::int64_t>(text);
    const auto value = whole_number<std::int32_t>(text);
    return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

// "--topic <String: topic>"
std::string left_column(const Flag& flag) {
    std::string text = "--" + std::string(flag.name);
    if (flag.takes == Takes::nothing) return text;
    std::string value = flag.takes == Takes::integer ? "Integer"
                        : flag.takes == Takes::whole ? "Long"
                                                     : "String";
    if (!flag.value.empty()) value += ": " + std::string(flag.value);
    return text + (flag.takes == Takes::text_or_nothing ? " [" + value + "]" : " <" + value + ">");
}

std::string right_column(const Flag& flag) {
    std::string text(flag.help);
    if (!flag.fallback.empty()) text += " (default: " + std::string(flag.fallback) + ")";
    return text;
}

// Lines of at most `width`, all but the first indented by two. A word that is wider is cut.
std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
        const bool bare = line.find_first_not_of(' ') == std::string::npos;
        if (!bare && line.size() + 1 + word.size() > width) {
            lines.push_back(std::move(line));
            line = "  ";
        } else if (!bare) {
            line += ' ';
        }
        line += word;
        for (; line.size() > width; line = "  " + line.substr(width))
            lines.push_back(line.substr(0, width));
    }
    lines.push_back(std::move(line));
    return lines;
}

}  // namespace

std::optional<std::string> Given::text(std::string_view name) const {
    const auto found = values_.find(name);
    if (found != values_.end() && !found->second.empty()) return found->second.back();
    const Flag* flag = find(*flags_, name);
    if (flag == nullptr || flag->fallback.empty()) return std::nullopt;
    return std::string(flag->fallback);
}

const std::vector<std::string>& Given::texts(std::string_view name) const {
    static const std::vector<std::string> kNone;
    const auto found = values_.find(name);
    return found == values_.end() ? kNone : found->second;
}

std::optional<std::int64_t> Given::number(std::string_view name) const {
    const Flag* flag = find(*flags_, name);
    const std::optional<std::string> value = text(name);
    if (flag == nullptr || !value) return std::nullopt;
    return read_number(flag->takes, *value);
}

std::optional<std::string> Given::bad_value() const {
    for (const auto& [name, values] : values_) {
        const Flag* flag = find(*flags_, name);
        if (values.size() > 1 && !flag->repeatable)
            return "Found multiple arguments for option " + name + ", but you asked for only one";
        for (const std::string& value : values)
            if (is_number(flag->takes) && !read_number(flag->takes, value))
                return "Cannot parse argument '" + value + "' of option " + name;
    }
    return std::nullopt;
}

std::expected<Given, std::string> parse(const std::vector<Flag>& flags,
                                        const std::vector<std::string>& words) {
    Given given;
    given.flags_ = &flags;
    given.words_ = words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--") {
            given.others_.insert(given.others_.end(), words.begin() + static_cast<int>(i) + 1,
                                 words.end());
            break;
        }
        if (!is_flag_like(word)) {
            given.others_.push_back(word);
            continue;
        }
        const bool is_long = word.starts_with("--");
        std::string_view name = std::string_view(word).substr(is_long ? 2 : 1);
        std::string_view value;
        if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
            value = name.substr(equals + 1);
            name = name.substr(0, equals);
        }
        const Flag* flag = find(flags, name);
        // Behind one dash an unknown word is a cluster of short names, of which there are none.
        if (flag == nullptr)
            return std::unexpected(std::string(is_long ? name : name.substr(0, 1)) +
                                   " is not a recognized option");
        std::vector<std::string>& values = given.values_[std::string(flag->name)];
        switch (flag->takes) {
            case Takes::nothing:
                break;
            case Takes::text_or_nothing:
                if (!value.empty()) {
                    values.emplace_back(value);
                } else if (i + 1 < words.size() && !is_flag_like(words[i + 1])) {
                    values.push_back(words[++i]);
                }
                break;
            default:
                if (!value.empty()) {
                    values.emplace_back(value);
                } else if (i + 1 < words.size()) {
                    values.push_back(words[++i]);
                } else {
                    return std::unexpected("Option " + std::string(name) + " requires an argument");
                }
        }
    }
    // Help goes with everything.
    if (given.has("help") || given.has("version")) return given;
    for (const Flag& flag : flags) {
        if (flag.only_with.empty() || !given.has(flag.name)) continue;
        bool allowed = false;
        for (std::string_view rest = flag.only_with; !rest.empty();) {
            const std::size_t comma = rest.find(',');
            allowed = allowed || given.has(rest.substr(0, comma));
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
        if (!allowed)
            return std::unexpected("Option(s) " + bracketed(flag.name) +
                                   " are unavailable given other options on the command line");
    }
    return given;
}

std::string usage(const std::vector<Flag>& flags) {
    std::vector<const Flag*> sorted;
    for (const Flag& flag : flags)
        sorted.push_back(&flag);
    std::ranges::sort(sorted, {}, &Flag::name);

    std::size_t left_width = 0;
    for (const Flag* flag : sorted)
        left_width = std::max(left_width, left_column(*flag).size());
    left_width = std::min(left_width, (kUsageWidth - kColumnGap) / 2);
    const std::size_t right_width = kUsageWidth - kColumnGap - left_width;

    std::string out;
    const auto add_row = [&](std::string_view left, std::string_view right) {
        out += left;
        if (!right.empty()) out.append(left_width + kColumnGap - left.size(), ' ').append(right);
        out += '\n';
    };
    add_row("Option", "Description");
    add_row("------", "-----------");
    for (const Flag* flag : sorted) {
        const std::vector<std::string> left = wrap(left_column(*flag), left_width);
        const std::vector<std::string> right = wrap(right_column(*flag), right_width);
        for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i)
            add_row(i < left.size() ? left[i] : "", i < right.size() ? right[i] : "");
    }
    return out;
}

std::optional<std::string> missing(const Given& given,
                                   std::initializer_list<const char*> required) {
    for (const char* name : required)
        if (!given.has(name)) return "Missing required argument \"" + bracketed(name) + "\"";
    return std::nullopt;
}

std::optional<std::string> clash(const Given& given, const char* used,
                                 std::initializer_list<const char*> excluded) {
    if (!given.has(used)) return std::nullopt;
    for (const char* name : excluded)
        if (given.has(name))
            return "Option \"" + bracketed(used) + "\" can't be used with option \"" +
                   bracketed(name) + "\"";
    return std::nullopt;
}

}  // namespace cauce::cli::kafka
