#include "sim/checkers/key_checker.h"

namespace cauce::sim {

std::string KeyChecker::describe(const Record& record) {
    return (record.content ? "record " + std::to_string(*record.content)
                           : std::string("the tombstone")) +
           " of key " + std::to_string(record.key) + " at offset " +
           std::to_string(record.offset.value);
}

void KeyChecker::sending(int key, Content content) {
    sent_[key].insert(content);
    if (!content) ++unanswered_[key];
}

void KeyChecker::acknowledged(int key, Content content, Offset offset) {
    if (!content) --unanswered_[key];
    const Record record{offset, key, content};
    const auto [known, fresh] = known_.emplace(offset, record);
    if (!fresh && (known->second.key != key || known->second.content != content))
        wrong(describe(record) + " was acknowledged, where " + describe(known->second) + " was");
    const auto newest = newest_.find(key);
    if (newest == newest_.end() || newest->second.offset < offset)
        newest_.insert_or_assign(key, record);
}

void KeyChecker::begin_pass() {
    last_.clear();
    next_ = Offset{0};
}

void KeyChecker::seen(Offset offset, int key, Content content) {
    const Record record{offset, key, content};
    if (offset < next_)
        wrong(describe(record) + " comes behind offset " + std::to_string(next_.value - 1));
    next_ = offset + 1;
    const auto sent = sent_.find(key);
    if (sent == sent_.end() || !sent->second.contains(content))
        wrong(describe(record) + " was never sent");
    const auto [known, fresh] = known_.emplace(offset, record);
    if (!fresh && (known->second.key != key || known->second.content != content))
        wrong(describe(record) + ", where " + describe(known->second) + " was before");
    last_.insert_or_assign(key, record);
}

void KeyChecker::end_pass() {
    for (const auto& [key, newest] : newest_) {
        const auto last = last_.find(key);
        judge(key, newest, last == last_.end() ? nullptr : &last->second);
    }
}

// `newest` was acknowledged, `last` is the last that the pass has seen of the key. A later one is
// fine too: an answer was lost.
void KeyChecker::judge(int key, const Record& newest, const Record* last) {
    if (last != nullptr && last->offset >= newest.offset) return;
    // It may go while the pass is between what it hides and where it was.
    if (!newest.content && !tombstones_stay_) return;
    // One that nobody was answered for has deleted the key, and has gone itself.
    const auto unanswered = unanswered_.find(key);
    const bool deleted = unanswered != unanswered_.end() && unanswered->second > 0;
    if (deleted && last == nullptr && !tombstones_stay_) return;
    wrong(describe(newest) + " was acknowledged and is gone; key " + std::to_string(key) +
          (last == nullptr ? " has nothing" : " ends with " + describe(*last)));
}

}  // namespace cauce::sim
