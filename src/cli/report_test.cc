#include "cli/report.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

Table topics() {
    Table table;
    table.columns = {{"topic", "TOPIC"},
                     {"partitions", "PARTITIONS"},
                     {"topic_id", "ID", Show::wide},
                     {"is_internal", "INTERNAL", Show::data}};
    table.add({"blog", 12, "abc", false});
    table.add({"a-long-name", 3, "def", true});
    return table;
}

Details topic(const char* name, int leader) {
    Details details;
    details.add({"topic", "topic"}, name);
    details.add({"replicas", "replication factor"}, 1);
    Table partitions;
    partitions.columns = {{"partition", "PARTITION"}, {"leader", "LEADER"}};
    partitions.add({0, leader});
    details.parts.push_back({"partitions", "", std::move(partitions)});
    return details;
}

std::string rendered(const Report& report, OutputFormat format) {
    return render(report, {.format = format});
}

TEST(Report, TableAlignsNumbersRightAndEndsLinesClean) {
    EXPECT_EQ(rendered(topics(), OutputFormat::table),
              "TOPIC        PARTITIONS\n"
              "blog                 12\n"
              "a-long-name           3\n");
}

TEST(Report, WideShowsMoreColumns) {
    EXPECT_EQ(rendered(topics(), OutputFormat::wide),
              "TOPIC        PARTITIONS  ID\n"
              "blog                 12  abc\n"
              "a-long-name           3  def\n");
}

TEST(Report, JsonHasEveryField) {
    EXPECT_EQ(rendered(topics(), OutputFormat::json),
              "[\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"partitions\": 12,\n"
              "    \"topic_id\": \"abc\",\n"
              "    \"is_internal\": false\n"
              "  },\n"
              "  {\n"
              "    \"topic\": \"a-long-name\",\n"
              "    \"partitions\": 3,\n"
              "    \"topic_id\": \"def\",\n"
              "    \"is_internal\": true\n"
              "  }\n"
              "]\n");
}

TEST(Report, EmptyTableIsAnEmptyJsonListAndABareHeader) {
    Table table;
    table.columns = {{"topic", "TOPIC"}};
    EXPECT_EQ(rendered(table, OutputFormat::json), "[]\n");
    EXPECT_EQ(rendered(table, OutputFormat::yaml), "[]\n");
    EXPECT_EQ(rendered(table, OutputFormat::name), "");
    EXPECT_EQ(rendered(table, OutputFormat::table), "TOPIC\n");
}

TEST(Report, NamesAreTheFirstColumn) {
    EXPECT_EQ(rendered(topics(), OutputFormat::name), "blog\na-long-name\n");
    EXPECT_EQ(rendered(std::vector{topic("x", 1), topic("y", 2)}, OutputFormat::name), "x\ny\n");
}

TEST(Report, TsvEscapes) {
    Table table;
    table.columns = {{"name", "NAME"}, {"isr", "ISR"}, {"up", "UP"}};
    table.add({"a\tb\nc\\", Value::list_of(std::vector<int>{1, 2}), true});
    table.add({Value(), Value::List{}, false});
    EXPECT_EQ(rendered(table, OutputFormat::tsv),
              "name\tisr\tup\n"
              "a\\tb\\nc\\\\\t1,2\ttrue\n"
              "\t\tfalse\n");
}

TEST(Report, DetailsAreLinesAndTables) {
    EXPECT_EQ(rendered(std::vector{topic("x", 1), topic("y", 2)}, OutputFormat::table),
              "topic               x\n"
              "replication factor  1\n"
              "\n"
              "PARTITION  LEADER\n"
              "        0       1\n"
              "\n"
              "topic               y\n"
              "replication factor  1\n"
              "\n"
              "PARTITION  LEADER\n"
              "        0       2\n");
}

TEST(Report, TsvOfDetailsIsOneTableOfTheirParts) {
    EXPECT_EQ(rendered(std::vector{topic("x", 1), topic("y", 2)}, OutputFormat::tsv),
              "topic\tpartition\tleader\nx\t0\t1\ny\t0\t2\n");
}

TEST(Report, ASingleThingIsAJsonObject) {
    EXPECT_EQ(rendered(topic("x", 1), OutputFormat::yaml),
              "topic: x\n"
              "replicas: 1\n"
              "partitions:\n"
              "  - partition: 0\n"
              "    leader: 1\n");
}

TEST(Report, ColorOnlyTouchesHeaders) {
    Table table;
    table.columns = {{"topic", "TOPIC"}};
    table.add({"blog"});
    EXPECT_EQ(render(table, {.format = OutputFormat::table, .color = true}),
              "\x1b[1mTOPIC\x1b[0m\nblog\n");
}

TEST(Report, KnowsItsFormats) {
    EXPECT_EQ(output_format("yaml"), OutputFormat::yaml);
    EXPECT_EQ(output_format("xml"), std::nullopt);
}

}  // namespace
}  // namespace cauce::cli
