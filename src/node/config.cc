#include "node/config.h"

#include "base/contains.h"
#include "base/properties.h"
#include "metadata/config_effects.h"
#include "metadata/config_keys.h"
#include "metadata/resource_configs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

namespace cauce::node {

namespace {

using metadata::ConfigScope;

struct Given {
    std::string value;
    std::string place;  // "server.properties:12", "KAFKA_NODE_ID", "--set"
};
using GivenKeys = std::map<std::string, Given, std::less<>>;

// Keys of the JVM's or ZooKeeper's world: named once as ignored, by themselves or by their
// beginning.
constexpr std::array kForeignPrefixes{
    std::string_view("zookeeper."),
    std::string_view("kafka.metrics."),
    std::string_view("metric.reporters"),
    std::string_view("metrics."),
    std::string_view("auto.include.jmx"),
    std::string_view("confluent."),
    std::string_view("broker.id.generation."),
    std::string_view("control.plane."),
    std::string_view("inter.broker.protocol."),
    std::string_view("log.message.format."),
};

// Variables that steer Kafka's own start scripts, and those of links and services called kafka.
constexpr std::array kScriptVariables{
    std::string_view("KAFKA_LOG4J"),       std::string_view("KAFKA_HEAP_OPTS"),
    std::string_view("KAFKA_OPTS"),        std::string_view("KAFKA_JMX_"),
    std::string_view("KAFKA_JVM_"),        std::string_view("KAFKA_GC_LOG_OPTS"),
    std::string_view("KAFKA_DEBUG"),       std::string_view("KAFKA_CLUSTER_ID"),
    std::string_view("KAFKA_VERSION"),     std::string_view("KAFKA_HOME"),
    std::string_view("KAFKA_TOOLS_LOG4J"), std::string_view("KAFKA_CLASSPATH"),
    std::string_view("KAFKA_SERVICE_"),    std::string_view("KAFKA_PORT"),
};

// Kafka's older name of a key, which means the same; empty when there is none.
std::string_view older_name(std::string_view key) {
    if (key == "node.id") return "broker.id";
    if (key == "log.dirs") return "log.dir";
    return {};
}

bool starts_with_any(std::string_view text, const auto& prefixes) {
    return std::ranges::any_of(prefixes,
                               [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// Reads what was given and collects everything that is wrong with it.
class Reading {
public:
    explicit Reading(const ConfigInput& input) : input_(input) {}

    Result<Config> run() {
        read();
        std::string text;
        for (const ConfigFinding& finding : findings_)
            if (finding.refuses) text += (text.empty() ? "" : "\n") + finding.to_string();
        if (!text.empty()) return fail(ErrorCode::invalid_config, std::move(text));
        for (const ConfigFinding& finding : findings_)
            config_.notes.push_back(finding.to_string());
        if (const std::string idle = idle_keys(); !idle.empty()) config_.notes.push_back(idle);
        return std::move(config_);
    }

    ConfigReport examine() {
        read();
        ConfigReport report;
        for (const auto& [key, given] : given_)
            report.given.push_back({key, given.value, given.place});
        for (const auto& [key, given] : idle_)
            note(given->place, key + " is kept and has no effect yet");
        // As one reads the file; what stands elsewhere comes last.
        std::multimap<std::size_t, ConfigFinding> by_line;
        for (ConfigFinding& finding : findings_) {
            const std::size_t line = line_of(finding.place);
            by_line.emplace(line, std::move(finding));
        }
        for (auto& [line, finding] : by_line)
            report.findings.push_back(std::move(finding));
        return report;
    }

private:
    void read() {
        gather();
        check_keys();
        refuse_what_has_no_effect();
        if (sound()) fill();
    }

    void refuse(std::string where, std::string text) {
        findings_.push_back({std::move(where), std::move(text), true});
    }
    void note(std::string where, std::string text) {
        findings_.push_back({std::move(where), std::move(text), false});
    }
    bool sound() const { return std::ranges::none_of(findings_, &ConfigFinding::refuses); }

    std::size_t line_of(std::string_view place) const {
        std::size_t line = std::string_view::npos;
        if (!place.starts_with(input_.file_name + ":")) return line;
        const std::string_view digits = place.substr(input_.file_name.size() + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), line);
        return line;
    }

    // One line for all of them: a log is read by people.
    std::string idle_keys() const {
        std::string text;
        for (const auto& [key, given] : idle_)
            text += (text.empty() ? "" : ", ") + key + " (" + given->place + ")";
        if (!text.empty()) text = "without effect yet, and kept: " + text;
        return text;
    }

    void gather() {
        auto properties = parse_properties(input_.file_text);
        if (!properties) {
            refuse(input_.file_name, properties.error().message);
            return;
        }
        for (Property& property : *properties) {
            std::string here = input_.file_name + ":" + std::to_string(property.line);
            if (const auto earlier = given_.find(property.key); earlier != given_.end())
                note(earlier->second.place,
                     property.key + " stands again at " + here + ", which counts");
            given_[property.key] = {std::move(property.value), std::move(here)};
        }
        for (const auto& [variable, value] : input_.variables) {
            if (const auto key = key_of_variable(variable)) given_[*key] = {value, variable};
        }
        for (const auto& [key, value] : input_.overrides)
            given_[key] = {value, "--set " + key};
        for (const auto& [key, value] : input_.defaults) {
            if (!is_given(key) && !is_given(older_name(key)))
                given_[key] = {value, "the default of " + key};
        }
    }

    void check_keys() {
        for (const auto& [key, given] : given_) {
            if (given.value.starts_with("${") && given.value.find(':') != std::string::npos) {
                refuse(given.place, key + " takes its value from a configuration provider (" +
                                        given.value +
                                        "), which Cauce does not have; write the value itself");
                continue;
            }
            const metadata::ConfigKey* known = metadata::find_config_key(ConfigScope::broker, key);
            if (known == nullptr) {
                unknown(key, given);
            } else if (const auto checked = metadata::check_config_value(*known, given.value);
                       !checked) {
                refuse(given.place, checked.error().message);
            } else {
                config_.settings.file[key] = given.value;
                const bool changes = known->default_value != std::string_view(given.value);
                if (changes && metadata::config_effect(ConfigScope::broker, key) ==
                                   metadata::ConfigEffect::none)
                    idle_.emplace_back(key, &given);
            }
        }
    }

    void unknown(const std::string& key, const Given& given) {
        if (key.starts_with("listener.name.")) {
            refuse(given.place,
                   key + " secures a listener; Cauce serves PLAINTEXT only and would ignore it");
            return;
        }
        if (starts_with_any(key, kForeignPrefixes)) {
            note(given.place, key + " has no meaning here and is ignored");
            return;
        }
        const std::string_view nearest = metadata::nearest_config_key(ConfigScope::broker, key);
        if (!nearest.empty()) {
            refuse(given.place,
                   "there is no key " + key + "; did you mean " + std::string(nearest) + "?");
        } else if (input_.strict) {
            refuse(given.place, "there is no key " + key + " (--strict)");
        } else {
            note(given.place, "there is no key " + key + "; it is ignored");
        }
    }

    // A key whose missing effect would weaken security or lose data refuses the start (D18).
    void refuse_what_has_no_effect() {
        for (const auto& [key, given] : given_) {
            const std::string_view why = metadata::why_refused(key);
            const bool set =
                !given.value.empty() && given.value != "false" && given.value != "none";
            if (why.empty() || !set || key.starts_with("listener.name.")) continue;
            refuse(given.place, key + "=" + given.value + ": " + std::string(why) +
                                    ". Remove the line to start without it");
        }
    }

    std::string text(std::string_view key) const {
        const auto found = config_.settings.file.find(key);
        if (found != config_.settings.file.end()) return found->second;
        const metadata::ConfigKey* known = metadata::find_config_key(ConfigScope::broker, key);
        return known != nullptr && known->default_value ? std::string(*known->default_value)
                                                        : std::string();
    }
    bool is_given(std::string_view key) const {
        return given_.contains(key) && !given_.find(key)->second.value.empty();
    }
    std::int64_t number(std::string_view key) const { return metadata::config_integer(text(key)); }
    std::int32_t small(std::string_view key) const {
        return static_cast<std::int32_t>(number(key));
    }
    milliseconds span(std::string_view key) const { return milliseconds(number(key)); }
    bool flag(std::string_view key) const { return metadata::config_bool(text(key)); }
    std::string place(std::string_view key) const {
        const auto found = given_.find(key);
        return found == given_.end() ? input_.file_name : found->second.place;
    }

    void fill() {
        server::Settings& settings = config_.settings;
        fill_identity();
        fill_listeners();
        fill_directories();
        fill_http();
        settings.socket_request_max_bytes = small("socket.request.max.bytes");
        // -1 is Kafka's word for the system's own. Many that read much cost less when little of it
        // is under way to each; what arrives is left to the system unless the file says otherwise.
        settings.socket_buffers.send = std::max(small("socket.send.buffer.bytes"), 0);
        if (is_given("socket.receive.buffer.bytes"))
            settings.socket_buffers.receive = std::max(small("socket.receive.buffer.bytes"), 0);
        fill_limits();
        settings.connections_max_idle = span("connections.max.idle.ms");
        settings.auto_create_topics = flag("auto.create.topics.enable");
        settings.num_partitions = small("num.partitions");
        settings.default_replication_factor =
            static_cast<std::int16_t>(number("default.replication.factor"));
        settings.fetch_max_bytes = small("fetch.max.bytes");
        settings.described_partitions_max = small("max.request.partition.size.limit");
        settings.fetch_session_slots = small("max.incremental.fetch.session.cache.slots");
        settings.offsets_topic_partitions = small("offsets.topic.num.partitions");
        settings.offsets_topic_replication_factor =
            static_cast<std::int16_t>(number("offsets.topic.replication.factor"));
        settings.offsets_topic_segment_bytes = text("offsets.topic.segment.bytes");
        settings.request_timeout_ms = small("request.timeout.ms");

        coordinator::group::GroupConfig& groups = config_.groups;
        groups.initial_rebalance_delay = span("group.initial.rebalance.delay.ms");
        groups.session_timeout_min = span("group.min.session.timeout.ms");
        groups.session_timeout_max = span("group.max.session.timeout.ms");
        groups.size_max = small("group.max.size");
        groups.offset_metadata_size_max = small("offset.metadata.max.bytes");
        groups.offsets_retention = milliseconds(number("offsets.retention.minutes") * 60'000);
        groups.offsets_retention_check_interval = span("offsets.retention.check.interval.ms");
        groups.commit_timeout = span("offsets.commit.timeout.ms");
        groups.offsets_topic_partitions = settings.offsets_topic_partitions;
        groups.batch_bytes_max =
            static_cast<std::size_t>(std::max<std::int64_t>(0, number("message.max.bytes")));
        if (groups.session_timeout_min > groups.session_timeout_max) {
            note(place("group.min.session.timeout.ms"),
                 "group.min.session.timeout.ms=" + text("group.min.session.timeout.ms") +
                     " is above group.max.session.timeout.ms=" +
                     text("group.max.session.timeout.ms") + ", so nobody can join a group");
        }

        config_.broker_session_timeout = span("broker.session.timeout.ms");
        config_.heartbeat_interval = span("broker.heartbeat.interval.ms");
        config_.retention_check_interval = span("log.retention.check.interval.ms");
        config_.first_retention_check =
            std::min(span("log.initial.task.delay.ms"), config_.retention_check_interval);
        config_.log_cleaner = flag("log.cleaner.enable");
        config_.flush_check_interval = span("log.flush.scheduler.interval.ms");
        config_.high_watermark_checkpoint_interval =
            span("replica.high.watermark.checkpoint.interval.ms");
        config_.recovery_checkpoint_interval = span("log.flush.offset.checkpoint.interval.ms");
        config_.producer_expiration_check_interval =
            span("producer.id.expiration.check.interval.ms");
        config_.shards = static_cast<unsigned>(number("cauce.shards"));
        config_.ignore_security = input_.ignore_security;
        if (is_given("broker.rack")) config_.rack = text("broker.rack");
        check_replication();
    }

    void fill_limits() {
        server::Settings& settings = config_.settings;
        const std::int64_t queued = number("queued.max.request.bytes");
        if (queued > 0 && queued < settings.socket_request_max_bytes) {
            refuse(place("queued.max.request.bytes"),
                   "queued.max.request.bytes=" + std::to_string(queued) +
                       " is less than one request may have; " +
                       "write at least socket.request.max.bytes (" +
                       std::to_string(settings.socket_request_max_bytes) + "), or lower that");
        }
        settings.request_bytes = std::max<std::int64_t>(queued, 0);
        server::ConnectionLimits& limits = settings.connection_limits;
        limits.total = small("max.connections");
        limits.per_address = small("max.connections.per.ip");
        for (const std::string& entry :
             metadata::config_list(text("max.connections.per.ip.overrides"))) {
            const auto limit = metadata::parse_address_limit(entry);
            if (!limit) {
                refuse(place("max.connections.per.ip.overrides"),
                       "`" + entry +
                           "` is no ADDRESS:NUMBER; names are not looked up, write for "
                           "example 192.0.2.7:200");
                continue;
            }
            limits.per_address_overrides.insert_or_assign(limit->first, limit->second);
        }
    }

    void fill_identity() {
        auto roles = metadata::config_list(text("process.roles"));
        std::ranges::sort(roles);
        if (roles != std::vector<std::string>{"broker", "controller"}) {
            refuse(place("process.roles"),
                   "process.roles=" + text("process.roles") +
                       ": this version runs broker and controller in one process; write "
                       "process.roles=broker,controller");
        }
        if (!is_given("node.id") && !is_given("broker.id")) {
            refuse(input_.file_name,
                   "node.id is missing; every node needs a number of its own, for "
                   "example node.id=1");
            return;
        }
        config_.settings.node_id = NodeId{small(is_given("node.id") ? "node.id" : "broker.id")};
        if (is_given("controller.quorum.voters")) check_voters();
    }

    // A static list of voters must be this node alone: more than one needs replication of the
    // metadata log.
    void check_voters() {
        const auto voters = metadata::config_list(text("controller.quorum.voters"));
        const std::string own = std::to_string(config_.settings.node_id.value) + "@";
        if (voters.size() == 1 && voters.front().starts_with(own)) return;
        refuse(place("controller.quorum.voters"),
               "controller.quorum.voters=" + text("controller.quorum.voters") +
                   ": this version runs a quorum of one, which must be node " +
                   std::to_string(config_.settings.node_id.value));
    }

    struct ListenerText {
        std::string name;
        runtime::Address address;
    };

    // "NAME://host:port,...".
    std::vector<ListenerText> parse_listeners(std::string_view key) {
        std::vector<ListenerText> out;
        for (const std::string& entry : metadata::config_list(text(key))) {
            const std::size_t scheme = entry.find("://");
            const std::size_t colon = entry.rfind(':');
            ListenerText listener;
            bool good = scheme != std::string::npos && scheme > 0 && colon > scheme;
            if (good) {
                listener.name = entry.substr(0, scheme);
                std::ranges::transform(listener.name, listener.name.begin(), [](char c) {
                    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                });
                listener.address.host = entry.substr(scheme + 3, colon - scheme - 3);
                if (listener.address.host.starts_with('[') && listener.address.host.ends_with(']'))
                    listener.address.host =
                        listener.address.host.substr(1, listener.address.host.size() - 2);
                const char* end = entry.data() + entry.size();
                const auto [stop, error] =
                    std::from_chars(entry.data() + colon + 1, end, listener.address.port);
                good = error == std::errc() && stop == end;
            }
            if (!good) {
                refuse(place(key), std::string(key) + ": \"" + entry +
                                       "\" is no listener; write NAME://host:port, for example "
                                       "PLAINTEXT://127.0.0.1:9092");
                continue;
            }
            out.push_back(std::move(listener));
        }
        return out;
    }

    std::string protocol_of(const std::string& name) {
        for (const std::string& entry :
             metadata::config_list(text("listener.security.protocol.map"))) {
            const std::size_t colon = entry.find(':');
            if (colon != std::string::npos && entry.substr(0, colon) == name)
                return entry.substr(colon + 1);
        }
        // Kafka lets controller listeners default to PLAINTEXT when the map was not given.
        if (!is_given("listener.security.protocol.map") && is_controller_listener(name))
            return "PLAINTEXT";
        return "";
    }

    bool is_controller_listener(const std::string& name) const {
        return contains(metadata::config_list(text("controller.listener.names")), name);
    }

    void fill_listeners() {
        const auto listeners = parse_listeners("listeners");
        auto advertised =
            is_given("advertised.listeners") ? parse_listeners("advertised.listeners") : listeners;
        for (const ListenerText& listener : listeners) {
            const std::string protocol = protocol_of(listener.name);
            if (protocol != "PLAINTEXT") {
                refuse(place("listeners"),
                       "listener " + listener.name + " speaks " +
                           (protocol.empty()
                                ? "a protocol listener.security.protocol.map does not name"
                                : protocol) +
                           "; Cauce serves PLAINTEXT only so far");
                continue;
            }
            if (is_controller_listener(listener.name)) {
                config_.controller_endpoints.push_back(
                    {listener.name,
                     listener.address.host.empty() ? "localhost" : listener.address.host,
                     listener.address.port, 0});
                continue;
            }
            server::Listener out;
            out.name = listener.name;
            out.bind = listener.address;
            const auto shown = std::ranges::find(advertised, listener.name, &ListenerText::name);
            if (shown == advertised.end()) {
                refuse(place("advertised.listeners"),
                       "advertised.listeners has no address for listener " + listener.name);
                continue;
            }
            out.advertised = shown->address;
            if (out.advertised.host.empty()) out.advertised.host = "localhost";
            if (out.advertised.host == "0.0.0.0" || out.advertised.host == "::") {
                refuse(place("advertised.listeners"),
                       "advertised.listeners cannot use the nonroutable address " +
                           out.advertised.host + "; write the address clients reach this node by");
                continue;
            }
            config_.endpoints.push_back({out.name, out.advertised.host, out.advertised.port, 0});
            config_.settings.listeners.push_back(std::move(out));
        }
        if (sound() && config_.settings.listeners.empty())
            refuse(place("listeners"),
                   "listeners names no broker listener; add one, for example "
                   "PLAINTEXT://127.0.0.1:9092");
        if (config_.controller_endpoints.empty())
            config_.controller_endpoints.push_back({"CONTROLLER", "localhost", 9093, 0});
    }

    // "host:port"; without a host every address of the machine.
    void fill_http() {
        constexpr std::string_view kKey = "cauce.http.listener";
        const std::string given = text(kKey);
        if (given.empty()) return;
        HttpListener listener;
        listener.chosen = is_given(kKey);
        const std::size_t colon = given.rfind(':');
        bool good = colon != std::string::npos && given.find('/') == std::string::npos;
        if (good) {
            listener.address.host = given.substr(0, colon);
            std::string& host = listener.address.host;
            if (host.starts_with('[') && host.ends_with(']'))
                host = host.substr(1, host.size() - 2);
            const char* end = given.data() + given.size();
            const auto parsed =
                std::from_chars(given.data() + colon + 1, end, listener.address.port);
            good = parsed.ec == std::errc() && parsed.ptr == end;
        }
        if (!good) {
            refuse(place(kKey), "cauce.http.listener=" + given +
                                    " is no address; write host:port, for example 127.0.0.1:8080, "
                                    "or nothing to serve neither metrics nor health");
            return;
        }
        config_.http = std::move(listener);
    }

    void fill_directories() {
        const std::string_view key = is_given("log.dirs") ? "log.dirs" : "log.dir";
        for (const std::string& directory : metadata::config_list(text(key))) {
            if (contains(config_.log_directories, directory)) {
                refuse(place(key), std::string(key) + " names " + directory + " twice");
                return;
            }
            config_.log_directories.push_back(directory);
        }
        if (config_.log_directories.empty()) {
            refuse(place(key), std::string(key) + " names no directory");
            return;
        }
        config_.metadata_directory = text("metadata.log.dir");
        if (config_.metadata_directory.empty())
            config_.metadata_directory = config_.log_directories.front();
    }

    // One node can hold one copy. Kafka accepts larger factors and fails later, when the topic is
    // needed; Kafka's own quick start sets them to 1. Whoever left them at their defaults means "as
    // many as there are".
    void check_replication() {
        if (!is_given("offsets.topic.replication.factor"))
            config_.settings.offsets_topic_replication_factor = 1;
    }

    const ConfigInput& input_;
    GivenKeys given_;
    Config config_;
    std::vector<ConfigFinding> findings_;
    // Known keys that change nothing; they stand in given_.
    std::vector<std::pair<std::string, const Given*>> idle_;
};

}  // namespace

std::optional<std::string> key_of_variable(std::string_view variable) {
    constexpr std::string_view kPrefix = "KAFKA_";
    if (!variable.starts_with(kPrefix) || starts_with_any(variable, kScriptVariables))
        return std::nullopt;
    std::string key;
    for (std::size_t i = kPrefix.size(); i < variable.size();) {
        std::size_t underscores = 0;
        while (i + underscores < variable.size() && variable[i + underscores] == '_')
            ++underscores;
        if (underscores == 0) {
            const char c = variable[i++];
            key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            continue;
        }
        key.append(underscores / 3, '-');
        if (underscores % 3 == 2) key += '_';
        if (underscores % 3 == 1) key += '.';
        i += underscores;
    }
    return key;
}

std::vector<std::string> Config::all_directories() const {
    std::vector<std::string> all = log_directories;
    if (!contains(all, metadata_directory)) all.push_back(metadata_directory);
    return all;
}

Result<Config> read_config(const ConfigInput& input) {
    return Reading(input).run();
}

ConfigReport examine_config(const ConfigInput& input) {
    return Reading(input).examine();
}

}  // namespace cauce::node
