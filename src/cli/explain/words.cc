#include "cli/explain/words.h"

#include "cli/explain/errors.h"
#include "live/metric_table.h"
#include "metadata/config_keys.h"

namespace cauce::cli {

std::vector<std::string> explained_words() {
    using enum metadata::ConfigScope;
    std::vector<std::string> words;
    for (const ErrorText& text : error_texts())
        words.emplace_back(error_name(text.code));
    for (const auto scope : {broker, topic, group, client_metrics})
        for (const metadata::ConfigKey& key : metadata::config_keys(scope))
            words.emplace_back(key.name);
    for (const live::Metric& metric : live::metrics())
        words.emplace_back(metric.name);
    return words;
}

}  // namespace cauce::cli
