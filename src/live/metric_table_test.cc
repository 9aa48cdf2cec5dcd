#include "live/metric_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cauce::live {
namespace {

TEST(MetricTable, EveryMetricIsToldOnceAndCompletely) {
    std::set<std::string_view> names;
    for (const Metric& metric : metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_TRUE(metric.name.starts_with("kafka_") || metric.name.starts_with("cauce_"));
        EXPECT_EQ(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
                  std::string_view::npos)
            << metric.name;
        EXPECT_EQ(metric.name.ends_with("_total"), metric.type == MetricType::counter)
            << metric.name;
        EXPECT_FALSE(metric.unit.empty()) << metric.name;
        for (const std::string_view sentence : {metric.text, metric.worry}) {
            EXPECT_GT(sentence.size(), 10u) << metric.name;
            EXPECT_TRUE(sentence.ends_with('.')) << metric.name << ": " << sentence;
        }
        const std::set<std::string_view> labels(metric.labels.begin(), metric.labels.end());
        EXPECT_EQ(labels.size(), metric.labels.size()) << metric.name;
    }
    EXPECT_GT(names.size(), 50u);
}

// A sentence that sends to another metric names one that there is.
TEST(MetricTable, OtherMetricsAreNamedAsTheyAre) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";
    int named = 0;
    for (const Metric& metric : metrics()) {
        for (const std::string_view prefix : {"kafka_", "cauce_"}) {
            auto from = metric.worry.find(prefix);
            for (; from != std::string_view::npos; from = metric.worry.find(prefix, from + 1)) {
                const auto end = metric.worry.find_first_not_of(kLetters, from);
                const std::string_view name = metric.worry.substr(from, end - from);
                EXPECT_NE(std::ranges::find(metrics(), name, &Metric::name), metrics().end())
                    << name;
                EXPECT_NE(name, metric.name);
                ++named;
            }
        }
    }
    EXPECT_GT(named, 10);
}

TEST(MetricTable, FoundByItsNameAndByThoseOfItsSamples) {
    for (const Metric& one : metrics())
        EXPECT_EQ(find_metric(one.name), &one) << one.name;
    const Metric* summary = &metric("kafka_network_requestmetrics_totaltimems");
    const Metric* histogram = &metric("cauce_request_duration_seconds");
    EXPECT_EQ(find_metric("kafka_network_requestmetrics_totaltimems_sum"), summary);
    EXPECT_EQ(find_metric("kafka_network_requestmetrics_totaltimems_count"), summary);
    EXPECT_EQ(find_metric("kafka_network_requestmetrics_totaltimems_bucket"), nullptr);
    EXPECT_EQ(find_metric("cauce_request_duration_seconds_bucket{request=\"Fetch\",le=\"1\"}"),
              histogram);
    EXPECT_EQ(find_metric("cauce_request_duration_seconds_count"), histogram);
    // One name begins another.
    EXPECT_EQ(find_metric("kafka_consumergroup_lag_sum"), &metric("kafka_consumergroup_lag_sum"));
    EXPECT_EQ(find_metric("kafka_topic_partition_leader{topic=\"a\",partition=\"0\"}"),
              &metric("kafka_topic_partition_leader"));
    for (const std::string_view none : {"", "{", "_sum", "kafka_", "kafka_broker", "kafka_brokers_",
                                        "kafka_brokers_count", "cauce_build_info_sum"})
        EXPECT_EQ(find_metric(none), nullptr) << none;
}

}  // namespace
}  // namespace cauce::live
