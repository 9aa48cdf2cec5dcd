// Flags of Kafka's own tools, by the rules of joptsimple, the library that reads them there: a tool
// has one table, from which parsing, complaints and its usage text come.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli::kafka {

enum class Takes : std::uint8_t {
    nothing,
    text,
    text_or_nothing,  // a word that is no flag, if one follows
    integer,          // of 32 bits
    whole,            // a number of 64 bits
};

struct Flag {
    std::string_view name;  // without its dashes
    Takes takes = Takes::nothing;
    std::string_view value = {};  // what the value is, for the usage: "topic"
    std::string_view help = {};
    std::string_view fallback = {};  // the value when it is not given
    bool repeatable = false;
    // Names with commas: it may be given only beside one of these.
    std::string_view only_with = {};
    char letter = 0;  // "-c"
};

// --help and --version, which every tool has.
inline constexpr Flag kHelpFlag{.name = "help", .help = "Prints this."};
inline constexpr Flag kVersionFlag{.name = "version", .help = "Prints the version."};

// What every tool has that asks a cluster. Kafka's tools differ in what they call the values.
constexpr Flag bootstrap_server_flag(std::string_view value = "server to connect to") {
    return {.name = "bootstrap-server",
            .takes = Takes::text,
            .value = value,
            .help = "REQUIRED: a broker, or several with commas."};
}
constexpr Flag command_config_flag(std::string_view value = "command config property file") {
    return {.name = "command-config",
            .takes = Takes::text,
            .value = value,
            .help = "A file with settings of the client."};
}

// The flags that were given. Texts are those of the command line; `flags` must outlive it.
class Given {
public:
    bool has(std::string_view name) const { return values_.contains(name); }
    bool has_any() const { return !values_.empty(); }

    // The value, else the table's fallback, else nothing.
    std::optional<std::string> text(std::string_view name) const;
    const std::vector<std::string>& texts(std::string_view name) const;
    // The same of a flag that takes a number.
    std::optional<std::int64_t> number(std::string_view name) const;

    // As they were written.
    const std::vector<std::string>& words() const { return words_; }
    // Words that belong to no flag.
    const std::vector<std::string>& others() const { return others_; }

    // What is wrong with single values: found by Kafka's tools only when they look at them.
    std::optional<std::string> bad_value() const;

private:
    friend std::expected<Given, std::string> parse(const std::vector<Flag>& flags,
                                                   const std::vector<std::string>& words);

    const std::vector<Flag>* flags_ = nullptr;
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
    std::vector<std::string> words_;
    std::vector<std::string> others_;
};

// The error is joptsimple's: "topics is not a recognized option".
std::expected<Given, std::string> parse(const std::vector<Flag>& flags,
                                        const std::vector<std::string>& words);

// The table for people: names and values to the left, what they do to the right.
std::string usage(const std::vector<Flag>& flags);

// Complaints about flags that do not go together; the first of them, or nothing.
std::optional<std::string> missing(const Given& given, std::initializer_list<const char*> required);
std::optional<std::string> clash(const Given& given, const char* used,
                                 std::initializer_list<const char*> excluded);

}  // namespace cauce::cli::kafka
