#include "sim/checkers/image_checker.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace cauce::sim {

MetadataFacts lasting_facts(const metadata::Image& image) {
    MetadataFacts facts;
    for (const auto& topic : image.topics()) {
        const std::string name = "topic " + topic->name();
        facts.insert(name + " has the id " + topic->id().to_string() + " and " +
                     std::to_string(topic->partition_count()) + " partitions");
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const metadata::Partition* partition = topic->find(i);
            std::string replicas;
            for (std::size_t at = 0; partition != nullptr && at < partition->replicas.size(); ++at)
                replicas += " " + std::to_string(partition->replicas[at].value);
            facts.insert(name + ", partition " + std::to_string(i) + ", is on" + replicas);
        }
    }
    for (const auto& resource : image.configs())
        for (const auto& [key, value] : resource->entries)
            facts.insert("resource " + std::to_string(static_cast<int>(resource->type)) + " " +
                         resource->name + " has " + key + "=" + value);
    for (const auto& [feature, level] : image.features())
        facts.insert("feature " + feature + " is at level " + std::to_string(level));
    facts.insert("the next producer id is " + std::to_string(image.next_producer_id()));
    return facts;
}

void compare_facts(const MetadataFacts& before, const MetadataFacts& after, Findings& findings) {
    std::vector<std::string> gone, come;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    std::ranges::set_difference(after, before, std::back_inserter(come));
    for (const std::string& fact : gone)
        findings.add("metadata before a restart and not after it: " + fact);
    for (const std::string& fact : come)
        findings.add("metadata after a restart and not before it: " + fact);
}

}  // namespace cauce::sim
