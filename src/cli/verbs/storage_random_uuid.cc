// `cauce storage random-uuid`
#include "cli/command.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class StorageRandomUuid final : public ClientCommand {
public:
    void declare(Arguments&) override {}

protected:
    runtime::Task<Outcome> run(Session& session) override {
        const Uuid id = session.environment().shards.random().uuid();
        if (session.globals().format_given) {
            Details details;
            details.add({"uuid", "uuid"}, id.to_string());
            co_return co_await session.print(details);
        }
        const std::string line = id.to_string() + "\n";
        co_return co_await session.write(as_bytes(line));
    }
};

}  // namespace

Verb storage_random_uuid_verb() {
    return {.name = "storage random-uuid",
            .summary = "a new cluster id",
            .text = {},
            .examples = {{"cauce storage format --standalone -t $(cauce storage random-uuid) -c "
                          "server.properties",
                          "a new cluster of one node"}},
            .make = [] { return std::make_unique<StorageRandomUuid>(); }};
}

}  // namespace cauce::cli
