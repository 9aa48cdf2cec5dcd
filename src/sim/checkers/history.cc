#include "sim/checkers/history.h"

#include "base/check.h"
#include "sim/json_value.h"

#include <algorithm>
#include <array>
#include <optional>

namespace cauce::sim {

namespace {

struct KindName {
    HistoryEvent::Kind kind;
    std::string_view name;
};
constexpr std::array kKinds{
    KindName{HistoryEvent::Kind::assign, "assign"},
    KindName{HistoryEvent::Kind::subscribe, "subscribe"},
    KindName{HistoryEvent::Kind::send, "send"},
    KindName{HistoryEvent::Kind::poll, "poll"},
    KindName{HistoryEvent::Kind::transaction, "transaction"},
    KindName{HistoryEvent::Kind::commit, "commit"},
    KindName{HistoryEvent::Kind::committed, "committed"},
    KindName{HistoryEvent::Kind::remove, "remove"},
    KindName{HistoryEvent::Kind::complete, "complete"},
};

constexpr std::array<std::string_view, 3> kOutcomes{"ok", "fail", "info"};

std::string_view name_of(HistoryEvent::Kind kind) {
    return std::ranges::find(kKinds, kind, &KindName::kind)->name;
}

std::unexpected<Error> wrong(const std::string& what) {
    return fail(ErrorCode::invalid_request, what);
}

// What an object says under a name; nothing when it says nothing there.
std::optional<std::int64_t> number_in(const JsonValue::Object& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || found->second.number() == nullptr) return std::nullopt;
    return *found->second.number();
}

std::string_view string_in(const JsonValue::Object& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || found->second.string() == nullptr) return {};
    return *found->second.string();
}

const JsonValue::Array& array_in(const JsonValue::Object& object, std::string_view name) {
    static const JsonValue::Array kNone{};
    const auto found = object.find(name);
    if (found == object.end() || found->second.array() == nullptr) return kNone;
    return *found->second.array();
}

}  // namespace

HistoryKey History::key(std::string_view name) {
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) return known->second;
    const auto key = static_cast<HistoryKey>(names_.size());
    names_.emplace_back(name);
    by_name_.emplace(std::string(name), key);
    return key;
}

std::size_t History::begin_send(std::int32_t process, HistoryKey key, std::int64_t value,
                                bool idempotent) {
    HistoryEvent event;
    event.kind = HistoryEvent::Kind::send;
    event.outcome = HistoryEvent::Outcome::info;
    event.process = process;
    event.key = key;
    event.value = value;
    event.idempotent = idempotent;
    events_.push_back(std::move(event));
    return events_.size() - 1;
}

Result<void> History::read_line(std::string_view line) {
    ASSIGN_OR_RETURN(const JsonValue parsed, JsonValue::parse(line));
    if (parsed.object() == nullptr) return wrong("no object");
    const JsonValue::Object& object = *parsed.object();
    HistoryEvent event;
    const auto kind = std::ranges::find(kKinds, string_in(object, "event"), &KindName::name);
    if (kind == kKinds.end()) return wrong("no \"event\", or one that nobody knows");
    event.kind = kind->kind;
    const std::string_view type = string_in(object, "type");
    const bool begins = type == "invoke";
    const auto outcome = std::ranges::find(kOutcomes, type);
    if (outcome != kOutcomes.end()) {
        event.outcome = static_cast<HistoryEvent::Outcome>(outcome - kOutcomes.begin());
    } else if (!begins) {
        return wrong("\"type\" is none of invoke, ok, fail and info");
    }
    event.process = static_cast<std::int32_t>(number_in(object, "process").value_or(-1));
    processes_ = std::max(processes_, event.process + 1);
    event.transaction = number_in(object, "transaction").value_or(-1);
    event.offset = number_in(object, "offset").value_or(-1);
    if (const auto found = object.find("idempotent"); found != object.end())
        event.idempotent = found->second.boolean() != nullptr && *found->second.boolean();
    for (const JsonValue& name : array_in(object, "keys")) {
        if (name.string() == nullptr) return wrong("\"keys\" holds what is no name");
        event.keys.push_back(key(*name.string()));
    }
    for (const JsonValue& record : array_in(object, "records")) {
        const JsonValue::Array* parts = record.array();
        const bool complete = parts != nullptr && parts->size() == 3 &&
                              (*parts)[0].string() != nullptr && (*parts)[1].number() != nullptr &&
                              (*parts)[2].number() != nullptr;
        if (!complete) return wrong("a record is [key, offset, value]");
        event.records.push_back(
            {key(*(*parts)[0].string()), *(*parts)[1].number(), *(*parts)[2].number()});
    }
    event.group = string_in(object, "group");
    for (const JsonValue& offset : array_in(object, "offsets")) {
        const JsonValue::Array* parts = offset.array();
        const bool complete = parts != nullptr && parts->size() == 2 &&
                              (*parts)[0].string() != nullptr && (*parts)[1].number() != nullptr;
        if (!complete) return wrong("an offset is [key, offset]");
        event.offsets.push_back({key(*(*parts)[0].string()), *(*parts)[1].number()});
    }
    const bool of_a_group =
        event.kind == HistoryEvent::Kind::commit || event.kind == HistoryEvent::Kind::committed;
    if (of_a_group && event.group.empty()) return wrong("no \"group\"");
    const bool names_a_key =
        event.kind == HistoryEvent::Kind::send || event.kind == HistoryEvent::Kind::remove;
    if (names_a_key) {
        if (string_in(object, "key").empty()) return wrong("no \"key\"");
        event.key = key(string_in(object, "key"));
    }
    if (event.kind == HistoryEvent::Kind::send) {
        const auto value = number_in(object, "value");
        if (!value) return wrong("no \"value\"");
        event.value = *value;
        return finish_send(std::move(event), begins);
    }
    // A commit that was never answered may have happened; of the others only their end says
    // something.
    if (event.kind == HistoryEvent::Kind::commit && begins) {
        event.outcome = HistoryEvent::Outcome::info;
        add(std::move(event));
    } else if (!begins) {
        add(std::move(event));
    }
    return {};
}

Result<void> History::read_text(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (end > 0) {
            if (auto read = read_line(text.substr(0, end)); !read)
                return wrong("line " + std::to_string(number) + ": " + read.error().message);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

// A send has two lines: it keeps the place of the first, and the outcome of the second.
Result<void> History::finish_send(HistoryEvent event, bool begins) {
    const Send send{event.key, event.value};
    const auto open = open_.find(send);
    if (begins) {
        if (open != open_.end()) return wrong("a value is sent a second time");
        event.outcome = HistoryEvent::Outcome::info;
        open_[send] = events_.size();
        add(std::move(event));
        return {};
    }
    if (open == open_.end()) {
        add(std::move(event));
        return {};
    }
    HistoryEvent& begun = events_[open->second];
    begun.outcome = event.outcome;
    begun.offset = event.offset;
    begun.idempotent = begun.idempotent || event.idempotent;
    if (event.transaction >= 0) begun.transaction = event.transaction;
    open_.erase(open);
    return {};
}

std::string History::to_text() const {
    std::string text;
    for (const HistoryEvent& event : events_) {
        text += R"({"event":)" + json_text(name_of(event.kind));
        text += R"(,"type":)" + json_text(kOutcomes[static_cast<std::size_t>(event.outcome)]);
        if (event.process >= 0) text += R"(,"process":)" + std::to_string(event.process);
        if (!event.group.empty()) text += R"(,"group":)" + json_text(event.group);
        if (event.kind == HistoryEvent::Kind::send || event.kind == HistoryEvent::Kind::remove)
            text += R"(,"key":)" + json_text(key_name(event.key));
        if (event.kind == HistoryEvent::Kind::send)
            text += R"(,"value":)" + std::to_string(event.value);
        if (event.offset >= 0) text += R"(,"offset":)" + std::to_string(event.offset);
        if (event.transaction >= 0)
            text += R"(,"transaction":)" + std::to_string(event.transaction);
        if (event.idempotent) text += R"(,"idempotent":true)";
        if (!event.keys.empty()) {
            text += R"(,"keys":[)";
            for (std::size_t i = 0; i < event.keys.size(); ++i)
                text += (i == 0 ? "" : ",") + json_text(key_name(event.keys[i]));
            text += "]";
        }
        if (!event.records.empty()) {
            text += R"(,"records":[)";
            for (std::size_t i = 0; i < event.records.size(); ++i) {
                const HistoryEvent::Seen& seen = event.records[i];
                text += (i == 0 ? "[" : ",[") + json_text(key_name(seen.key)) + "," +
                        std::to_string(seen.offset) + "," + std::to_string(seen.value) + "]";
            }
            text += "]";
        }
        if (!event.offsets.empty()) {
            text += R"(,"offsets":[)";
            for (std::size_t i = 0; i < event.offsets.size(); ++i) {
                const HistoryEvent::Position& position = event.offsets[i];
                text += (i == 0 ? "[" : ",[") + json_text(key_name(position.key)) + "," +
                        std::to_string(position.offset) + "]";
            }
            text += "]";
        }
        text += "}\n";
    }
    return text;
}

}  // namespace cauce::sim
