// KafkaChecker: the rules a history of a Kafka-like log has to keep, after Jepsen's test of the
// same name. Values are unique in their key (a partition). What it finds begins with the rule's
// name:
//
//   inconsistent-offsets  one offset held two values
//   invented              a value was read that nobody sent
//   aborted-read          a value was read whose send, or whose transaction, failed for certain
//   duplicate             a value of an idempotent producer stands at two offsets
//   lost-write            an acknowledged value lies in front of one that was read, and was not
//   unseen                an acknowledged value was never read, though everything has been read
//   nonmonotonic-poll, poll-skip
//                         from one poll to the next of a process that reads by itself, a key went
//                         back, or passed over what is there
//   int-nonmonotonic-poll, int-poll-skip
//                         the same within one poll
//   nonmonotonic-send     offsets of one idempotent producer in one key go back
//   lost-commit, invented-commit
//                         a group stands in front of what it has committed, or where nobody
//                         committed
//   group-skip            an acknowledged value lies in front of where a group stands, and none of
//                         its members read it
//
// Indefinite outcomes forbid nothing: a send that may have failed may be there, or not. Of members
// it is expected that they commit what they have read, and go on where their group stands.
#pragma once

#include "sim/checkers/findings.h"
#include "sim/checkers/history.h"

namespace cauce::sim {

void check_history(const History& history, Findings& findings);

}  // namespace cauce::sim
