#include "cli/globals.h"

#include <algorithm>

namespace cauce::cli {
namespace {

constexpr std::string_view kDefaultBootstrap = "127.0.0.1:9092";
constexpr std::uint16_t kDefaultPort = 9092;
constexpr std::string_view kBootstrapVariable = "CAUCE_BOOTSTRAP";
constexpr std::string_view kBootstrapSetting = "bootstrap.servers";

bool is_set(const Invocation& invocation, std::string_view variable) {
    const auto found = invocation.variables.find(std::string(variable));
    return found != invocation.variables.end() && !found->second.empty();
}

std::optional<runtime::Address> parse_address(std::string_view text) {
    runtime::Address address;
    address.port = kDefaultPort;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        address.host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
        if (!rest.empty()) port = rest;
    } else {
        const std::size_t colon = text.find(':');
        address.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon);
    }
    if (address.host.empty()) return std::nullopt;
    if (!port.empty()) {
        const auto number = whole_number<std::uint16_t>(port.substr(1));
        if (!number || *number == 0) return std::nullopt;
        address.port = *number;
    }
    return address;
}

}  // namespace

void GlobalWords::declare(Arguments& arguments) {
    arguments.option("-b,--bootstrap", "HOST:PORT",
                     "a broker to start from, or several with commas (CAUCE_BOOTSTRAP, else "
                     "127.0.0.1:9092)",
                     into(bootstrap));
    arguments.option("--profile", "NAME",
                     "settings kept by `cauce profile` (CAUCE_PROFILE, else the current one)",
                     into(profile));
    arguments.option("-o,--output", "FORMAT", "table, wide, json, yaml, name or tsv", into(format));
    arguments.flag("-q,--quiet", quiet, "no talk on standard error, only errors");
    arguments.flag("-v,--verbose", verbose, "more talk on standard error");
    arguments.flag("--no-color", no_color, "no colours (also by NO_COLOR)");
    arguments.option("--timeout", "TIME", "how long to wait, such as 500ms or 30s (else 10s)",
                     into_duration(timeout_ms, 1000));
    arguments.repeatable("-X,--set-client", "KEY=VALUE",
                         "a client setting; `cauce help settings` lists them", into(settings));
    arguments.flag("-h,--help", help, "this text");
}

Expected<std::vector<runtime::Address>> parse_addresses(std::string_view text,
                                                        std::string_view origin) {
    std::vector<runtime::Address> addresses;
    std::string_view rest = text;
    for (;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        if (const auto address = parse_address(part)) {
            addresses.push_back(*address);
        } else {
            return usage_problem("`" + std::string(part) + "` is no address",
                                 std::string(origin) + " expects HOST:PORT",
                                 "write it as  127.0.0.1:9092  or  broker-1:9092,broker-2:9092");
        }
        if (comma == std::string_view::npos) return addresses;
        rest = rest.substr(comma + 1);
    }
}

Expected<Globals> settle(const GlobalWords& words, const Invocation& invocation,
                         const std::vector<SettingsLayer>& layers) {
    Globals globals;
    globals.quiet = words.quiet;
    globals.verbose = words.verbose && !words.quiet;
    globals.timeout_ms = words.timeout_ms;
    globals.help = words.help;
    globals.color =
        invocation.out_is_terminal && !words.no_color && !is_set(invocation, "NO_COLOR");
    if (words.format) {
        const auto format = output_format(*words.format);
        if (!format)
            return usage_problem("`" + *words.format + "` is no output format",
                                 "-o takes " + std::string(kOutputFormats),
                                 "leave -o away for a table");
        globals.format = *format;
        globals.format_given = true;
    }
    std::string bootstrap(kDefaultBootstrap);
    std::string origin = "the default";
    for (const SettingsLayer& layer : layers) {
        if (!layer.values.bootstrap.empty()) {
            bootstrap = layer.values.bootstrap;
            origin = layer.origin;
        }
        if (!layer.values.output.empty() && !globals.format_given)
            globals.format = output_format(layer.values.output).value_or(globals.format);
        globals.settings.insert(globals.settings.end(), layer.values.settings.begin(),
                                layer.values.settings.end());
    }
    if (is_set(invocation, kBootstrapVariable)) {
        bootstrap = invocation.variables.at(std::string(kBootstrapVariable));
        origin = kBootstrapVariable;
    }
    for (const auto& [key, value] : words.settings) {
        if (key == kBootstrapSetting) {
            bootstrap = value;
            origin = "-X " + key;
            globals.bootstrap_given = true;
        } else {
            globals.settings.emplace_back(key, value);
        }
    }
    if (words.bootstrap) {
        bootstrap = *words.bootstrap;
        origin = "--bootstrap";
        globals.bootstrap_given = true;
    }
    auto addresses = parse_addresses(bootstrap, origin);
    if (!addresses) return std::unexpected(addresses.error());
    globals.bootstrap = std::move(*addresses);
    globals.bootstrap_origin = std::move(origin);
    return globals;
}

}  // namespace cauce::cli
