// History: what clients of a broker did and were told, in one row: as workloads of the simulation
// note it, or as it was recorded from a real process under real clients, a line of JSON an event
// (docs/formats/history.md). kafka_checker.h judges it.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::sim {

// A partition, by number; History::key_name has its name.
using HistoryKey = std::uint32_t;

struct HistoryEvent {
    enum class Kind : std::uint8_t {
        assign,       // the process sets its position in `keys` anew
        subscribe,    // from now on a group decides what it reads
        send,         // `value` to `key`
        poll,         // `records` were given to it; `keys` were moved to or from it meanwhile
        transaction,  // the fate of `transaction`
        commit,       // its group goes on at `offsets`
        committed,    // where `group` stands, told when nobody commits any more
        remove,       // records of `key` below `offset` may be gone
        complete,     // everything there is has been read
    };
    // What is known of it. Only what can be proved never to have happened has failed.
    enum class Outcome : std::uint8_t { ok, fail, info };

    struct Seen {
        HistoryKey key = 0;
        std::int64_t offset = -1;
        std::int64_t value = -1;
    };
    struct Position {
        HistoryKey key = 0;
        std::int64_t offset = -1;  // -1: none
    };

    Kind kind = Kind::complete;
    Outcome outcome = Outcome::ok;
    std::int32_t process = -1;
    HistoryKey key = 0;
    std::int64_t value = -1;
    std::int64_t offset = -1;  // -1: not told
    std::int64_t transaction = -1;
    bool idempotent = false;
    std::vector<Seen> records = {};
    std::vector<HistoryKey> keys = {};
    std::string group = {};
    std::vector<Position> offsets = {};
};

class History {
public:
    HistoryKey key(std::string_view name);
    const std::string& key_name(HistoryKey key) const { return names_.at(key); }
    std::size_t keys() const { return names_.size(); }

    // A number for one more process.
    std::int32_t add_process() { return processes_++; }

    void add(HistoryEvent event) { events_.push_back(std::move(event)); }
    // A send that begins, with nothing known; its outcome is noted in the event that this returns
    // the number of. Of one process and key they stand in the order in which they were first sent.
    std::size_t begin_send(std::int32_t process, HistoryKey key, std::int64_t value,
                           bool idempotent);
    HistoryEvent& at(std::size_t number) { return events_.at(number); }

    const std::vector<HistoryEvent>& events() const { return events_; }

    // A line of the format, without its end. The error says what is wrong with it.
    Result<void> read_line(std::string_view line);
    // Many lines, of which empty ones say nothing. The error begins with the number of the line.
    Result<void> read_text(std::string_view text);
    // All of it in lines.
    std::string to_text() const;

private:
    using Send = std::pair<HistoryKey, std::int64_t>;

    Result<void> finish_send(HistoryEvent event, bool begins);

    std::vector<HistoryEvent> events_;
    std::vector<std::string> names_;
    std::map<std::string, HistoryKey, std::less<>> by_name_;
    std::map<Send, std::size_t> open_;  // sends that were read and are not known to have ended
    std::int32_t processes_ = 0;
};

}  // namespace cauce::sim
