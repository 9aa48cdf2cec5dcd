// `cauce explain`
#include "cli/command.h"
#include "cli/config_words.h"
#include "cli/explain/errors.h"
#include "cli/explain/words.h"
#include "cli/nearest.h"
#include "cli/verbs.h"
#include "live/metric_table.h"
#include "metadata/config_keys.h"

#include <algorithm>

namespace cauce::cli {
namespace {

using metadata::ConfigKey;
using metadata::ConfigScope;

const char* type_text(metadata::ConfigType type) {
    using metadata::ConfigType;
    switch (type) {
        case ConfigType::boolean:
            return "true or false";
        case ConfigType::string:
            return "text";
        case ConfigType::int32:
        case ConfigType::int16:
        case ConfigType::int64:
            return "whole number";
        case ConfigType::float64:
            return "number";
        case ConfigType::list:
            return "list, with commas";
        case ConfigType::class_name:
            return "name of a Java class";
        case ConfigType::password:
            return "password";
    }
    return "";
}

// As error names are written: "not-enough replicas" is NOT_ENOUGH_REPLICAS.
std::string as_error_name(std::string_view word) {
    std::string name(word);
    for (char& c : name) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == '-' || c == ' ' || c == '.') c = '_';
    }
    // Only two names have the word that ends the names of all their Java classes.
    constexpr std::string_view kException = "_EXCEPTION";
    if (name.ends_with(kException) && name != "INVALID_TOPIC_EXCEPTION" &&
        name != "NETWORK_EXCEPTION")
        name.resize(name.size() - kException.size());
    return name;
}

// "NotEnoughReplicasException" -> "Not-Enough-Replicas-Exception"; other words stay.
std::string split_class_name(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const bool upper = word[i] >= 'A' && word[i] <= 'Z';
        const bool after_lower = i > 0 && word[i - 1] >= 'a' && word[i - 1] <= 'z';
        if (upper && after_lower) out += '-';
        out += word[i];
    }
    return out;
}

const ErrorText* find_error(std::string_view word) {
    const auto number = whole_number<std::int16_t>(word);
    const std::string plain = as_error_name(word);
    const std::string from_class = as_error_name(split_class_name(word));
    for (const ErrorText& text : error_texts()) {
        const std::string_view name = error_name(text.code);
        if (number ? to_wire(text.code) == *number : name == plain || name == from_class)
            return &text;
    }
    return nullptr;
}

Details details_of(const ErrorText& text) {
    Details details;
    details.add({"name", "error"}, error_name(text.code));
    details.add({"kind", "kind", Show::data}, "error");
    details.add({"code", "code"}, to_wire(text.code));
    details.add({"is_retriable", "clients try again"}, is_retriable(text.code));
    details.add({"what", "says"}, text.what);
    details.add({"why", "because"}, text.why);
    details.add({"next", "so"}, text.next);
    return details;
}

Details details_of(ConfigScope scope, const ConfigKey& key) {
    Details details;
    details.add({"name", "key"}, key.name);
    details.add({"kind", "kind", Show::data}, "config");
    details.add({"scope", "of"}, scope_name(scope));
    details.add({"text", "means"}, key.text);
    details.add({"type", "type"}, type_text(key.type));
    details.add({"default", "default"}, key.default_value ? Value(*key.default_value) : Value());
    details.add({"valid", "takes"}, key.valid.empty() ? Value() : Value(key.valid));
    return details;
}

Details details_of(const live::Metric& metric) {
    Details details;
    details.add({"name", "metric"}, metric.name);
    details.add({"kind", "kind", Show::data}, "metric");
    details.add({"text", "means"}, metric.text);
    details.add({"type", "type"}, live::name_of(metric.type));
    details.add({"unit", "unit"}, metric.unit);
    details.add({"labels", "labels"}, Value::list_of(metric.labels));
    details.add({"worry", "worry"}, metric.worry);
    return details;
}

class Explain final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("WORD", words_,
                              "an error's name or number, a configuration key, or a metric's name");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<Details> all;
        for (const std::string& word : words_) {
            const auto before = all.size();
            if (const ErrorText* text = find_error(word)) all.push_back(details_of(*text));
            for (const ConfigScope scope : kScopes) {
                if (const ConfigKey* key = metadata::find_config_key(scope, word))
                    all.push_back(details_of(scope, *key));
            }
            if (const live::Metric* metric = live::find_metric(word))
                all.push_back(details_of(*metric));
            if (all.size() == before) co_return std::unexpected(unknown(word));
        }
        co_return co_await session.print(all);
    }

private:
    static Problem unknown(const std::string& word) {
        const std::vector<std::string> words = explained_words();
        auto meant = nearest(word, words);
        if (!meant) meant = nearest(as_error_name(word), words);
        return {exit_not_found, "nothing is called `" + word + "`",
                "it is neither an error of Kafka's protocol nor a configuration key nor a metric",
                meant ? "did you mean `" + *meant + "`?"
                      : "write it as it stands in the log, in server.properties or at /metrics"};
    }

    std::vector<std::string> words_;
};

}  // namespace

Verb explain_verb() {
    return {.name = "explain",
            .summary = "what an error, a configuration key or a metric means, and what to do",
            .text =
                "Every error code of Kafka 4.4 is known by its name, its number and the name of "
                "its Java exception; every configuration key by its name, of which `cauce config "
                "explain` tells more; every metric by the name that /metrics gives it, with its "
                "unit and when to look after it. No cluster is asked.",
            .examples = {{"cauce explain NOT_ENOUGH_REPLICAS", "what it says, why, and what to do"},
                         {"cauce explain 19 -o json", "the same by its number, for programs"},
                         {"cauce explain min.insync.replicas", "a key, of brokers and of topics"},
                         {"cauce explain kafka_consumergroup_lag", "a metric, and when to worry"}},
            .make = [] { return std::make_unique<Explain>(); }};
}

}  // namespace cauce::cli
