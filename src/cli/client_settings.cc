#include "cli/client_settings.h"

#include "cli/nearest.h"

#include <array>
#include <functional>

namespace cauce::cli {
namespace {

// How a value gets to its place.
using Place = std::function<Accept(ClientSettings&)>;

struct Row {
    ClientSetting setting;
    Place place;
};

Accept into_ms(Duration& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        std::int64_t ms = 0;
        if (auto accepted = into_duration(ms, 1)(text); !accepted) return accepted;
        target = milliseconds(ms);
        return {};
    };
}

Accept into_bool(bool& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        if (text != "true" && text != "false") return std::unexpected("true or false");
        target = text == "true";
        return {};
    };
}

const std::vector<Row>& rows() {
    static const std::vector<Row> kRows{
        {{"allow.auto.create.topics", "true",
          "whether `produce` may make a topic that does not exist"},
         [](ClientSettings& s) { return into_bool(s.produce_creates_topics); }},
        {{"client.id", "cauce", "the name brokers see in logs, quotas and groups"},
         [](ClientSettings& s) { return into(s.cluster.client_id); }},
        {{"metadata.max.age.ms", "300000",
          "after this time topics and leaders are looked up again"},
         [](ClientSettings& s) { return into_ms(s.cluster.metadata_age_max); }},
        {{"request.timeout.ms", "30000", "how long a broker may take to answer"},
         [](ClientSettings& s) { return into_ms(s.cluster.request_timeout); }},
        {{"retry.backoff.max.ms", "1000", "the longest pause between two attempts"},
         [](ClientSettings& s) { return into_ms(s.cluster.retry_backoff_max); }},
        {{"retry.backoff.ms", "100", "the pause after the first failed attempt"},
         [](ClientSettings& s) { return into_ms(s.cluster.retry_backoff); }},
        {{"security.protocol", "PLAINTEXT",
          "only PLAINTEXT: this client speaks no TLS or SASL yet"},
         [](ClientSettings&) -> Accept {
             return [](std::string_view text) -> std::expected<void, std::string> {
                 if (text != "PLAINTEXT") return std::unexpected("PLAINTEXT");
                 return {};
             };
         }},
        {{"socket.connection.setup.timeout.ms", "10000", "how long connecting may take"},
         [](ClientSettings& s) { return into_ms(s.cluster.connect_timeout); }},
    };
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
        const Row* found = nullptr;
        std::vector<std::string> names{"bootstrap.servers"};
        for (const Row& row : rows()) {
            names.push_back(row.setting.name);
            if (row.setting.name == key) found = &row;
        }
        if (!found) {
            const auto meant = nearest(key, names);
            return usage_problem("there is no client setting `" + key + "`", {},
                                 (meant ? "did you mean `" + *meant + "`?  " : "") +
                                     "cauce help settings  lists them");
        }
        if (const auto accepted = found->place(read)(value); !accepted)
            return usage_problem("`" + value + "` is no value for " + key,
                                 "expected " + accepted.error(), "cauce help settings  lists them");
    }
    return read;
}

}  // namespace cauce::cli
