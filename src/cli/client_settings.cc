#include "cli/client_settings.h"

#include "cli/nearest.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace cauce::cli {
namespace {

using Accepted = std::expected<void, std::string>;
// How a value gets to its place.
using Place = std::function<Accept(ClientSettings&)>;

struct Row {
    ClientSetting setting;
    Place place;
};

Accept into_ms(Duration& target) {
    return [&target](std::string_view text) -> Accepted {
        std::int64_t ms = 0;
        if (Accepted accepted = into_duration(ms, 1)(text); !accepted) return accepted;
        target = milliseconds(ms);
        return {};
    };
}

Accept into_bool(bool& target) {
    return [&target](std::string_view text) -> Accepted {
        if (text != "true" && text != "false") return std::unexpected("true or false");
        target = text == "true";
        return {};
    };
}

// A positive number of bytes, at most `most`.
template <typename Target>
Accept into_bytes(Target& target, std::int64_t most = std::numeric_limits<std::int32_t>::max()) {
    return [&target, most](std::string_view text) -> Accepted {
        const auto value = whole_number<std::int64_t>(text);
        if (!value || *value < 1 || *value > most)
            return std::unexpected("bytes, from 1 to " + std::to_string(most));
        target = static_cast<Target>(*value);
        return {};
    };
}

Accept into_acks(client::Acks& target) {
    return [&target](std::string_view text) -> Accepted {
        if (text == "all" || text == "-1") {
            target = client::Acks::all;
        } else if (text == "1") {
            target = client::Acks::leader;
        } else if (text == "0") {
            target = client::Acks::none;
        } else {
            return std::unexpected("all, 1 or 0");
        }
        return {};
    };
}

Accept into_codec(wire::Codec& target) {
    return [&target](std::string_view text) -> Accepted {
        const auto codec = wire::codec_from_name(text);
        if (!codec) return std::unexpected("none, gzip, snappy, lz4 or zstd");
        target = *codec;
        return {};
    };
}

Accept into_isolation(client::Isolation& target) {
    return [&target](std::string_view text) -> Accepted {
        if (text != "read_uncommitted" && text != "read_committed")
            return std::unexpected("read_uncommitted or read_committed");
        target = text == "read_committed" ? client::Isolation::read_committed
                                          : client::Isolation::read_uncommitted;
        return {};
    };
}

Accept into_reset(ClientSettings& settings) {
    return [&settings](std::string_view text) -> Accepted {
        if (text == "earliest") {
            settings.fetch.reset = client::OffsetReset::earliest;
        } else if (text == "latest") {
            settings.fetch.reset = client::OffsetReset::latest;
        } else if (text == "none") {
            settings.fetch.reset = client::OffsetReset::none;
        } else {
            return std::unexpected("earliest, latest or none");
        }
        settings.offset_reset_given = true;
        return {};
    };
}

Accept into_strategies(std::vector<client::Strategy>& target) {
    return [&target](std::string_view text) -> Accepted {
        std::vector<client::Strategy> strategies;
        for (std::string_view rest = text;;) {
            const std::size_t comma = rest.find(',');
            const auto strategy = client::strategy_from_name(rest.substr(0, comma));
            if (!strategy)
                return std::unexpected(
                    "range, roundrobin or cooperative-sticky, or several with "
                    "commas");
            strategies.push_back(*strategy);
            if (comma == std::string_view::npos) break;
            rest = rest.substr(comma + 1);
        }
        target = std::move(strategies);
        return {};
    };
}

Accept only_plaintext() {
    return [](std::string_view text) -> Accepted {
        if (text != "PLAINTEXT") return std::unexpected("PLAINTEXT");
        return {};
    };
}

std::vector<Row> make_rows() {
    using S = ClientSettings;
    return {
        {{"acks", "all", "who must have a record before it counts as sent: all, 1 or 0"},
         [](S& s) { return into_acks(s.producer.acks); }},
        {{"allow.auto.create.topics", "true", "whether `produce` may make a topic"},
         [](S& s) { return into_bool(s.produce_creates_topics); }},
        {{"auto.commit.interval.ms", "5000", "how often a group's positions are committed"},
         [](S& s) { return into_ms(s.group.auto_commit_interval); }},
        {{"auto.offset.reset", "latest",
          "where to read without a position: earliest, latest, none"},
         [](S& s) { return into_reset(s); }},
        {{"batch.size", "16384", "bytes of records collected for a partition"},
         [](S& s) { return into_bytes(s.producer.batch_size_bytes); }},
        {{"buffer.memory", "33554432", "bytes of records that may wait to be sent"},
         [](S& s) {
             return into_bytes(s.producer.buffer_bytes_max,
                               std::numeric_limits<std::int64_t>::max());
         }},
        {{"client.id", "cauce", "the name brokers see in logs, quotas and groups"},
         [](S& s) { return into(s.cluster.client_id); }},
        {{"compression.type", "none", "none, gzip, snappy, lz4 or zstd"},
         [](S& s) { return into_codec(s.producer.codec); }},
        {{"delivery.timeout.ms", "120000", "after this time a record counts as lost"},
         [](S& s) -> Accept {
             return [&s](std::string_view text) {
                 s.delivery_timeout_given = true;
                 return into_ms(s.producer.delivery_timeout)(text);
             };
         }},
        {{"enable.auto.commit", "true", "whether a group's positions are committed"},
         [](S& s) { return into_bool(s.group.auto_commit); }},
        {{"enable.idempotence", "true", "whether the broker drops what is sent twice"},
         [](S& s) { return into_bool(s.producer.idempotent); }},
        {{"fetch.max.bytes", "52428800", "bytes in one answer to a fetch"},
         [](S& s) { return into_bytes(s.fetch.bytes_max); }},
        {{"fetch.max.wait.ms", "500", "how long a broker waits for records before it answers"},
         [](S& s) { return into_ms(s.fetch.wait_max); }},
        {{"fetch.min.bytes", "1", "how many bytes it waits for"},
         [](S& s) { return into_bytes(s.fetch.min_bytes); }},
        {{"group.instance.id", "", "makes the member of a group static"},
         [](S& s) { return into(s.group.instance_id); }},
        {{"heartbeat.interval.ms", "3000", "how often a group hears from its member"},
         [](S& s) { return into_ms(s.group.heartbeat_interval); }},
        {{"isolation.level", "read_uncommitted", "read_committed hides open transactions"},
         [](S& s) { return into_isolation(s.fetch.isolation); }},
        {{"linger.ms", "5", "how long a batch waits for more records"},
         [](S& s) { return into_ms(s.producer.linger); }},
        {{"max.partition.fetch.bytes", "1048576", "bytes of one partition in an answer"},
         [](S& s) { return into_bytes(s.fetch.partition_bytes_max); }},
        {{"max.poll.interval.ms", "300000", "how long a group waits for its members to join again"},
         [](S& s) { return into_ms(s.group.rebalance_timeout); }},
        {{"max.request.size", "1048576", "bytes in one request"},
         [](S& s) { return into_bytes(s.producer.request_size_bytes_max); }},
        {{"metadata.max.age.ms", "300000",
          "after this time topics and leaders are looked up again"},
         [](S& s) { return into_ms(s.cluster.metadata_age_max); }},
        {{"partition.assignment.strategy", "range,cooperative-sticky",
          "how a group shares partitions out"},
         [](S& s) { return into_strategies(s.group.strategies); }},
        {{"request.timeout.ms", "30000", "how long a broker may take to answer"},
         [](S& s) { return into_ms(s.cluster.request_timeout); }},
        {{"retry.backoff.max.ms", "1000", "the longest pause between two attempts"},
         [](S& s) { return into_ms(s.cluster.retry_backoff_max); }},
        {{"retry.backoff.ms", "100", "the pause after the first failed attempt"},
         [](S& s) { return into_ms(s.cluster.retry_backoff); }},
        {{"security.protocol", "PLAINTEXT",
          "only PLAINTEXT: this client speaks no TLS or SASL yet"},
         [](S&) { return only_plaintext(); }},
        {{"session.timeout.ms", "45000", "after this silence a group gives its member up"},
         [](S& s) { return into_ms(s.group.session_timeout); }},
        {{"socket.connection.setup.timeout.ms", "10000", "how long connecting may take"},
         [](S& s) { return into_ms(s.cluster.connect_timeout); }},
    };
}

const std::vector<Row>& rows() {
    static const std::vector<Row> kRows = make_rows();
    return kRows;
}

}  // namespace

std::vector<ClientSetting> client_settings() {
    std::vector<ClientSetting> settings;
    for (const Row& row : rows())
        settings.push_back(row.setting);
    return settings;
}

Expected<ClientSettings> read_client_settings(const std::vector<KeyValue>& settings) {
    ClientSettings read;
    for (const auto& [key, value] : settings) {
        const auto found =
            std::ranges::find_if(rows(), [&](const Row& row) { return row.setting.name == key; });
        if (found == rows().end()) {
            std::vector<std::string> names{"bootstrap.servers"};
            for (const Row& row : rows())
                names.push_back(row.setting.name);
            const auto meant = nearest(key, names);
            return usage_problem("there is no client setting `" + key + "`", {},
                                 (meant ? "did you mean `" + *meant + "`?  " : "") +
                                     std::string("cauce help settings  lists them"));
        }
        if (const Accepted accepted = found->place(read)(value); !accepted)
            return usage_problem("`" + value + "` is no value for " + key,
                                 "expected " + accepted.error(), "cauce help settings  lists them");
    }
    return read;
}

}  // namespace cauce::cli
