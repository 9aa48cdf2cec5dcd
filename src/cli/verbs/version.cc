// `cauce version`
#include "base/version.h"

#include "cli/command.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class Version final : public ClientCommand {
public:
    void declare(Arguments&) override {}

protected:
    runtime::Task<Outcome> run(Session& session) override {
        Details details;
        details.add({"version", "cauce"}, kVersion);
        details.add({"kafka_protocol", "protocol of Apache Kafka"}, kKafkaLine);
        co_return co_await session.print(details);
    }
};

}  // namespace

Verb version_verb() {
    return {.name = "version",
            .summary = "which Cauce this is",
            .text = {},
            .examples = {{"cauce version -o name", "only the number, for a script"}},
            .make = [] { return std::make_unique<Version>(); }};
}

}  // namespace cauce::cli
