#include "live/metric_table.h"

namespace cauce::live {
namespace {

bool is_sample(const Metric& metric, std::string_view suffix) {
    switch (metric.type) {
        case MetricType::counter:
        case MetricType::gauge:
            return suffix.empty();
        case MetricType::summary:
            return suffix.empty() || suffix == "_sum" || suffix == "_count";
        case MetricType::histogram:
            return suffix.empty() || suffix == "_sum" || suffix == "_count" || suffix == "_bucket";
    }
    return false;
}

}  // namespace

const Metric* find_metric(std::string_view word) {
    const std::string_view name = word.substr(0, word.find('{'));
    for (const Metric& metric : metrics())
        if (name.starts_with(metric.name) && is_sample(metric, name.substr(metric.name.size())))
            return &metric;
    return nullptr;
}

}  // namespace cauce::live
