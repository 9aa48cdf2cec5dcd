#include "cli/kafka/shell.h"

#include "base/properties.h"
#include "cli/globals.h"
#include "cli/kafka/error_text.h"
#include "cli/paths.h"
#include "storage/small_file.h"

#include <algorithm>
#include <array>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

constexpr std::string_view kTimeoutSetting = "default.api.timeout.ms";
constexpr std::int64_t kTimeoutMs = 60'000;

// Under which names the tools take settings of the client, the weaker ones first.
constexpr std::array kFileFlags{"consumer.config", "producer.config", "command-config"};
constexpr std::array kPropertyFlags{"consumer-property", "producer-property", "command-property"};

// Of a client that speaks plain text only, these say nothing.
bool is_without_effect(std::string_view name) {
    return name.starts_with("ssl.") || name.starts_with("sasl.") || name.ends_with("serializer") ||
           name == kTimeoutSetting || name == "bootstrap.servers" || name == "group.id" ||
           name == "max.block.ms";
}

// "key=value", or a key alone.
std::pair<std::string, std::string> split_property(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return {text, {}};
    return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

Attempt<void> check_bootstrap(const std::string& text) {
    for (std::string_view rest = text;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        const std::size_t colon = part.rfind(':');
        const bool has_port = colon != std::string_view::npos && colon > 0 &&
                              whole_number<std::uint16_t>(part.substr(colon + 1)).has_value();
        if (!has_port) return failed("Invalid url in bootstrap.servers: " + std::string(part));
        if (comma == std::string_view::npos) return {};
        rest = rest.substr(comma + 1);
    }
}

Shell::Shell(Environment& environment, const Given& given)
    : environment_(environment), given_(given) {}

Shell::~Shell() = default;

Task<Attempt<void>> Shell::configure(const Tool& tool) {
    for (const char* flag : kFileFlags) {
        const std::vector<std::string> none;
        Attempt<Properties> read = co_await read_properties(given_.text(flag), none);
        if (!read) co_return std::unexpected(read.error());
        for (auto& [name, value] : *read)
            properties_[name] = std::move(value);
    }
    for (const char* flag : kPropertyFlags) {
        Attempt<Properties> read = co_await read_properties(std::nullopt, given_.texts(flag));
        if (!read) co_return std::unexpected(read.error());
        for (auto& [name, value] : *read)
            properties_[name] = std::move(value);
    }
    if (const auto bootstrap = given_.text("bootstrap-server"))
        properties_["bootstrap.servers"] = *bootstrap;
    if (tool.settle != nullptr) tool.settle(given_, properties_);

    std::vector<std::string> known;
    for (const ClientSetting& setting : client_settings())
        known.push_back(setting.name);
    std::vector<KeyValue> settings;
    for (const auto& [name, value] : properties_) {
        if (std::ranges::find(known, name) != known.end()) {
            settings.emplace_back(name, value);
        } else if (!is_without_effect(name)) {
            co_await err("WARN The configuration '" + name + "' is not known and has no effect.");
        }
    }
    Expected<ClientSettings> read = read_client_settings(settings);
    if (!read) co_return failed(read.error().what + ": " + read.error().why);
    settings_ = std::move(*read);

    if (const auto bootstrap = setting("bootstrap.servers")) {
        Attempt<void> valid = check_bootstrap(*bootstrap);
        if (!valid) co_return valid;
        Expected<std::vector<runtime::Address>> addresses =
            parse_addresses(*bootstrap, "bootstrap.servers");
        if (!addresses) co_return failed("Invalid url in bootstrap.servers: " + *bootstrap);
        bootstrap_ = std::move(*addresses);
    }
    co_return Attempt<void>();
}

Task<Attempt<std::string>> Shell::read_file(std::string path) {
    const std::string absolute = absolute_path(path, environment_.invocation);
    const auto read = co_await storage::read_file(environment_.disk, absolute);
    if (!read) co_return failed(path + " (" + read.error().to_string() + ")");
    if (!*read) co_return failed(path + " (No such file or directory)");
    co_return std::string(as_text(**read));
}

Task<Attempt<Properties>> Shell::read_properties(std::optional<std::string> path,
                                                 const std::vector<std::string>& single) {
    Properties properties;
    if (path) {
        const Attempt<std::string> text = co_await read_file(*path);
        if (!text) co_return std::unexpected(text.error());
        Result<std::vector<Property>> parsed = parse_properties(*text);
        if (!parsed) co_return failed(*path + ": " + parsed.error().message);
        for (Property& property : *parsed)
            properties[property.key] = std::move(property.value);
    }
    for (const std::string& text : single) {
        auto [name, value] = split_property(text);
        properties[std::move(name)] = std::move(value);
    }
    co_return properties;
}

Task<void> Shell::close() {
    if (cluster_) co_await cluster_->close();
}

void Shell::interrupt() {
    if (cluster_ && !finishes_) cluster_->abort();
    environment_.in.close();
}

Task<void> Shell::out(std::string text) {
    if (nobody_reads_) co_return;
    const IoResult<void> written = co_await environment_.out.write(as_bytes(text));
    nobody_reads_ = !written.has_value();
}

Task<void> Shell::err(std::string line) {
    line += '\n';
    // Nobody listens: nothing to do about that.
    (void)co_await environment_.err.write(as_bytes(line));
}

std::optional<std::string> Shell::setting(const std::string& name) const {
    const auto found = properties_.find(name);
    if (found == properties_.end()) return std::nullopt;
    return found->second;
}

client::Cluster& Shell::cluster() {
    if (!cluster_) {
        client::ClusterOptions options = settings_.cluster;
        options.bootstrap = bootstrap_;
        cluster_ = std::make_unique<client::Cluster>(environment_.net, environment_.shards,
                                                     std::move(options));
    }
    return *cluster_;
}

MonoTime Shell::deadline() const {
    const auto given = setting(std::string(kTimeoutSetting));
    const auto ms = given ? whole_number<std::int32_t>(*given) : std::nullopt;
    return after_ms(ms && *ms > 0 ? *ms : kTimeoutMs);
}

MonoTime Shell::after_ms(std::int64_t ms) const {
    constexpr std::int64_t kCentury = std::int64_t{100} * 365 * 86'400'000;
    return ms > kCentury ? MonoTime::never() : now() + milliseconds(ms);
}

Failure Shell::failure(const Error& error, std::string_view call) const {
    if (environment_.stop.requested()) return {"interrupted"};
    if (client::is_network_error(error.code) || error.code == ErrorCode::broker_not_available)
        return {"Timed out waiting for a node assignment. Call: " + std::string(call)};
    return {error_text(error)};
}

}  // namespace cauce::cli::kafka
