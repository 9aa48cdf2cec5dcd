#include "sim/checkers/kafka_checker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

namespace {

// What is known of a key's log.
struct KeyLog {
    std::map<std::int64_t, std::set<std::int64_t>> values;  // by offset, however it became known
    std::map<std::int64_t, std::set<std::int64_t>> places;  // by value
    std::map<std::int64_t, const HistoryEvent*> sends;      // by value
    std::set<std::int64_t> read;                            // values
    std::int64_t removed_below = 0;                         // these may be gone
};

class Judge {
public:
    Judge(const History& history, Findings& findings)
        : history_(history), findings_(findings), logs_(history.keys()) {}

    void run() {
        gather();
        for (HistoryKey key = 0; key < logs_.size(); ++key) {
            check_offsets(key);
            check_reads(key);
            check_sends(key);
            check_losses(key);
        }
        check_polls();
        check_order_of_sends();
        check_groups();
    }

private:
    void wrong(const char* rule, HistoryKey key, const std::string& what) {
        findings_.add(std::string(rule) + ": " + history_.key_name(key) + ": " + what);
    }

    static std::string text(std::int64_t number) { return std::to_string(number); }

    void place(HistoryKey key, std::int64_t offset, std::int64_t value) {
        logs_[key].values[offset].insert(value);
        logs_[key].places[value].insert(offset);
    }

    void gather() {
        for (const HistoryEvent& event : history_.events()) {
            switch (event.kind) {
                case HistoryEvent::Kind::send:
                    logs_[event.key].sends[event.value] = &event;
                    if (event.outcome == HistoryEvent::Outcome::ok && event.offset >= 0)
                        place(event.key, event.offset, event.value);
                    break;
                case HistoryEvent::Kind::poll:
                    for (const HistoryEvent::Seen& seen : event.records) {
                        place(seen.key, seen.offset, seen.value);
                        logs_[seen.key].read.insert(seen.value);
                    }
                    break;
                case HistoryEvent::Kind::transaction:
                    transactions_[event.transaction] = event.outcome;
                    break;
                case HistoryEvent::Kind::remove: {
                    std::int64_t& below = logs_[event.key].removed_below;
                    below = std::max(below, event.offset);
                    break;
                }
                case HistoryEvent::Kind::complete:
                    complete_ = true;
                    break;
                case HistoryEvent::Kind::assign:
                case HistoryEvent::Kind::subscribe:
                case HistoryEvent::Kind::commit:
                case HistoryEvent::Kind::committed:
                    break;
            }
        }
    }

    // What became of a send, its transaction included.
    HistoryEvent::Outcome fate(const HistoryEvent& send) const {
        if (send.transaction < 0 || send.outcome == HistoryEvent::Outcome::fail)
            return send.outcome;
        const auto end = transactions_.find(send.transaction);
        if (end == transactions_.end()) return HistoryEvent::Outcome::info;
        // It was committed: so was what it is not known to have sent in vain.
        return end->second == HistoryEvent::Outcome::ok ? send.outcome : end->second;
    }

    void check_offsets(HistoryKey key) {
        for (const auto& [offset, values] : logs_[key].values) {
            if (values.size() == 1) continue;
            std::string all;
            for (const std::int64_t value : values)
                all += " " + text(value);
            wrong("inconsistent-offsets", key, "offset " + text(offset) + " held" + all);
        }
    }

    void check_reads(HistoryKey key) {
        const KeyLog& log = logs_[key];
        for (const std::int64_t value : log.read) {
            const auto send = log.sends.find(value);
            if (send == log.sends.end()) {
                wrong("invented", key, "value " + text(value) + " was read and never sent");
            } else if (fate(*send->second) == HistoryEvent::Outcome::fail) {
                wrong("aborted-read", key, "value " + text(value) + " was read and had failed");
            }
        }
    }

    void check_sends(HistoryKey key) {
        const KeyLog& log = logs_[key];
        for (const auto& [value, places] : log.places) {
            const auto send = log.sends.find(value);
            if (places.size() == 1 || send == log.sends.end() || !send->second->idempotent)
                continue;
            wrong("duplicate", key,
                  "value " + text(value) + " stands at " + text(*places.begin()) + " and at " +
                      text(*places.rbegin()));
        }
    }

    void check_losses(HistoryKey key) {
        const KeyLog& log = logs_[key];
        // The last offset that a reader is known to have come to, at its value's first place.
        std::int64_t bound = -1;
        for (const std::int64_t value : log.read)
            bound = std::max(bound, *log.places.at(value).begin());
        for (const auto& [value, send] : log.sends) {
            if (fate(*send) != HistoryEvent::Outcome::ok || log.read.contains(value)) continue;
            const auto places = log.places.find(value);
            const std::int64_t last = places == log.places.end() ? -1 : *places->second.rbegin();
            if (last >= 0 && last < log.removed_below) continue;
            const std::string what = "value " + text(value) + ", acknowledged" +
                                     (last >= 0 ? " at " + text(last) : std::string());
            if (last >= 0 && last <= bound) {
                wrong("lost-write", key, what + ", was not read, and " + text(bound) + " was");
            } else if (complete_) {
                wrong("unseen", key, what + ", was never read");
            }
        }
    }

    // The offset behind `from`, of those in front of `to`, that a reader must not pass over.
    std::optional<std::int64_t> passed_over(HistoryKey key, std::int64_t from,
                                            std::int64_t to) const {
        const KeyLog& log = logs_[key];
        for (auto at = log.values.upper_bound(from); at != log.values.end() && at->first < to;
             ++at) {
            if (at->first < log.removed_below) continue;
            for (const std::int64_t value : at->second) {
                const auto send = log.sends.find(value);
                const bool there =
                    send != log.sends.end() && fate(*send->second) == HistoryEvent::Outcome::ok;
                if (there || log.read.contains(value)) return at->first;
            }
        }
        return std::nullopt;
    }

    void step(const char* back, const char* skip, std::int32_t process, HistoryKey key,
              std::int64_t from, std::int64_t to) {
        const auto who = [&] {
            return "process " + text(process) + " went from " + text(from) + " to " + text(to);
        };
        if (to <= from) return wrong(back, key, who());
        if (const auto missed = passed_over(key, from, to))
            wrong(skip, key, who() + ", past " + text(*missed));
    }

    using Place = std::pair<std::int32_t, HistoryKey>;  // a process in a key

    void check_polls() {
        std::map<Place, std::int64_t> positions;
        std::set<std::int32_t> subscribed;
        for (const HistoryEvent& event : history_.events()) {
            if (event.kind == HistoryEvent::Kind::assign ||
                event.kind == HistoryEvent::Kind::subscribe) {
                for (const HistoryKey key : event.keys)
                    positions.erase(Place(event.process, key));
                if (event.kind == HistoryEvent::Kind::subscribe) {
                    subscribed.insert(event.process);
                } else {
                    subscribed.erase(event.process);
                }
                continue;
            }
            if (event.kind != HistoryEvent::Kind::poll) continue;
            std::set<HistoryKey> here;  // keys that this poll has given records of
            for (const HistoryEvent::Seen& seen : event.records) {
                const Place reader(event.process, seen.key);
                const auto [last, fresh] = positions.try_emplace(reader, seen.offset);
                const bool inside = !here.insert(seen.key).second;
                const bool moved = std::ranges::find(event.keys, seen.key) != event.keys.end();
                if (!fresh && inside && !moved) {
                    step("int-nonmonotonic-poll", "int-poll-skip", event.process, seen.key,
                         last->second, seen.offset);
                } else if (!fresh && !inside && !subscribed.contains(event.process)) {
                    step("nonmonotonic-poll", "poll-skip", event.process, seen.key, last->second,
                         seen.offset);
                }
                last->second = seen.offset;
            }
        }
    }

    void check_order_of_sends() {
        std::map<Place, const HistoryEvent*> last;
        for (const HistoryEvent& event : history_.events()) {
            if (event.kind != HistoryEvent::Kind::send || !event.idempotent || event.offset < 0)
                continue;
            const HistoryEvent*& before = last[Place(event.process, event.key)];
            if (before != nullptr && event.offset <= before->offset)
                wrong("nonmonotonic-send", event.key,
                      "process " + text(event.process) + " sent value " + text(before->value) +
                          " to " + text(before->offset) + " and then value " + text(event.value) +
                          " to " + text(event.offset));
            before = &event;
        }
    }

    // What a group has done with a key.
    struct Share {
        std::int64_t tried = -1;     // the highest commit
        std::int64_t promised = -1;  // the highest that was answered
        std::set<std::int64_t> read;
    };
    using Shares = std::map<std::pair<std::string, HistoryKey>, Share>;

    void check_groups() {
        Shares shares;
        std::map<std::int32_t, std::string> groups;  // by process
        for (const HistoryEvent& event : history_.events()) {
            switch (event.kind) {
                case HistoryEvent::Kind::subscribe:
                    groups[event.process] = event.group;
                    break;
                case HistoryEvent::Kind::assign:
                    groups.erase(event.process);
                    break;
                case HistoryEvent::Kind::poll:
                    if (const auto group = groups.find(event.process); group != groups.end())
                        for (const HistoryEvent::Seen& seen : event.records)
                            shares[{group->second, seen.key}].read.insert(seen.value);
                    break;
                case HistoryEvent::Kind::commit:
                    for (const HistoryEvent::Position& position : event.offsets) {
                        Share& share = shares[{event.group, position.key}];
                        share.tried = std::max(share.tried, position.offset);
                        if (event.outcome == HistoryEvent::Outcome::ok)
                            share.promised = std::max(share.promised, position.offset);
                    }
                    break;
                default:
                    break;
            }
        }
        for (const HistoryEvent& event : history_.events()) {
            if (event.kind != HistoryEvent::Kind::committed) continue;
            for (const HistoryEvent::Position& position : event.offsets)
                check_share(event.group, position, shares[{event.group, position.key}]);
        }
    }

    void check_share(const std::string& group, const HistoryEvent::Position& told,
                     const Share& share) {
        const std::string who = "group " + group + " stands at " + text(told.offset);
        if (told.offset < share.promised)
            wrong("lost-commit", told.key, who + " and has committed " + text(share.promised));
        if (told.offset > share.tried)
            wrong("invented-commit", told.key,
                  who + ", nobody committed more than " + text(share.tried));
        const KeyLog& log = logs_[told.key];
        for (const auto& [value, send] : log.sends) {
            if (fate(*send) != HistoryEvent::Outcome::ok || share.read.contains(value)) continue;
            const auto places = log.places.find(value);
            if (places == log.places.end()) continue;
            const std::int64_t last = *places->second.rbegin();
            if (last < log.removed_below || last >= told.offset) continue;
            wrong("group-skip", told.key,
                  who + ", value " + text(value) + " at " + text(last) + " was read by no member");
        }
    }

    const History& history_;
    Findings& findings_;
    std::vector<KeyLog> logs_;
    std::map<std::int64_t, HistoryEvent::Outcome> transactions_;
    bool complete_ = false;
};

}  // namespace

void check_history(const History& history, Findings& findings) {
    Judge(history, findings).run();
}

}  // namespace cauce::sim
