#include "quorum/quorum_state.h"

#include "storage/small_file.h"

#include <cerrno>
#include <charconv>

namespace cauce::quorum {

namespace {

// The text behind `"name":`, up to the comma or brace that ends it. The file is one flat object of
// numbers and ids, written by Kafka or by us.
std::optional<std::string_view> field(std::string_view text, std::string_view name) {
    const std::string quoted = "\"" + std::string(name) + "\"";
    std::size_t at = text.find(quoted);
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + quoted.size());
    at = text.find_first_not_of(" \t\r\n:");
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at);
    return text.substr(0, text.find_first_of(",} \t\r\n"));
}

std::optional<std::int32_t> number(std::string_view text, std::string_view name) {
    const auto value = field(text, name);
    if (!value) return std::nullopt;
    std::int32_t out = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), out);
    if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
    return out;
}

}  // namespace

std::string QuorumState::to_text() const {
    return "{\"leaderId\":" + std::to_string(leader_id.value) +
           ",\"leaderEpoch\":" + std::to_string(leader_epoch.value) +
           ",\"votedId\":" + std::to_string(voted_id.value) + ",\"votedDirectoryId\":\"" +
           voted_directory_id.to_string() + "\",\"data_version\":1}";
}

std::optional<QuorumState> QuorumState::parse(std::string_view text) {
    const auto version = number(text, "data_version");
    const auto leader = number(text, "leaderId");
    const auto epoch = number(text, "leaderEpoch");
    const auto voted = number(text, "votedId");
    if (!version || *version < 0 || *version > 1 || !leader || !epoch || *epoch < 0 || !voted)
        return std::nullopt;
    QuorumState state;
    state.leader_id = NodeId{*leader};
    state.leader_epoch = LeaderEpoch{*epoch};
    state.voted_id = NodeId{*voted};
    if (*version == 0) {
        // "currentVoters":[{"voterId":1},{"voterId":2}]
        const std::size_t list = text.find("\"currentVoters\"");
        if (list != std::string_view::npos) {
            std::string_view rest = text.substr(list);
            rest = rest.substr(0, rest.find(']'));
            for (std::size_t at = rest.find('{'); at != std::string_view::npos;
                 at = rest.find('{', at + 1)) {
                const auto voter = number(rest.substr(at), "voterId");
                if (!voter) return std::nullopt;
                state.current_voters.push_back(NodeId{*voter});
            }
        }
    }
    if (*version == 1) {
        const auto directory = field(text, "votedDirectoryId");
        if (!directory || directory->size() < 2) return std::nullopt;
        const auto id = Uuid::parse(directory->substr(1, directory->size() - 2));
        if (!id) return std::nullopt;
        state.voted_directory_id = *id;
    }
    return state;
}

runtime::Task<IoResult<QuorumState>> read_quorum_state(runtime::Disk& disk, std::string folder) {
    const std::string path = folder + "/" + std::string(kQuorumStateFile);
    const auto file = co_await storage::read_file(disk, path);
    if (!file) co_return std::unexpected(file.error());
    if (!*file) co_return QuorumState();
    auto state = QuorumState::parse(as_text(**file));
    if (!state) co_return io_fail(EBADMSG, "check", path + ": it is no quorum state");
    co_return *std::move(state);
}

}  // namespace cauce::quorum
