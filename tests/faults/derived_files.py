"""Files that can be made again from the records: whatever happens to them while the broker is down, it starts, makes them again
and misses nothing."""

import sys

import cases
from broker import Failure
from node import verify
from stored import ALL_DAMAGES, TOPIC, Stored, garbled, removed, zeroed


def survives(stored, pattern, damage, what, sound_after=False):
    with stored.copy() as node:
        files = sorted(node.directories[0].glob(pattern))
        if not files and "*" in pattern:
            raise Failure(f"there is no {pattern}")
        if not files:  # one that is written only when there is something to say
            files = [node.directories[0] / pattern]
            files[0].write_bytes(b"0\n0\n")
        for file in files:
            damage(file)
        try:
            node.launch(TOPIC, 1)
            stored.check(node)
            node.stop()
            if sound_after and not (found := verify(node.program, node.directories[0]))[0]:
                raise Failure(found[1])
        except Failure as failure:
            raise Failure(f"{pattern} {damage.__name__}, {what}: {failure}") from None


def each_damage(program, folder, *patterns, damages=ALL_DAMAGES, sound_after=True):
    for clean in (True, False):
        stored = Stored(program, folder, clean)
        what = "after a clean stop" if clean else "after a kill"
        for pattern in patterns:
            for damage in damages:
                survives(stored, pattern, damage, what, sound_after)


@cases.test
def indexes_are_built_anew(program, folder):
    # What is wrong in the indexes of closed segments is mended where they are read, and need not be read here.
    each_damage(program, folder, f"{TOPIC}-0/*.index", f"{TOPIC}-0/*.timeindex", sound_after=False)


@cases.test
def indexes_of_the_groups_log_are_built_anew(program, folder):
    each_damage(program, folder, "__consumer_offsets-*/*.index", damages=(removed, zeroed), sound_after=False)


@cases.test
def a_transaction_index_that_is_no_index_is_made_anew(program, folder):
    stored = Stored(program, folder, clean=False)

    def invented(log):
        log.with_suffix(".txnindex").write_bytes(b"\x7f" * 1000)

    with stored.copy() as node:
        invented(node.newest_segment(TOPIC, 0))
        node.launch(TOPIC, 1)
        stored.check(node)
        node.stop()


@cases.test
def producer_snapshots_are_made_anew(program, folder):
    each_damage(program, folder, f"{TOPIC}-0/*.snapshot")


@cases.test
def leader_epochs_are_read_from_the_batches(program, folder):
    each_damage(program, folder, f"{TOPIC}-0/leader-epoch-checkpoint", sound_after=False)


@cases.test
def the_topics_id_is_written_again(program, folder):
    each_damage(program, folder, f"{TOPIC}-0/partition.metadata", damages=(removed, zeroed, garbled))


@cases.test
def checkpoints_only_say_where_recovery_begins(program, folder):
    each_damage(program, folder, "recovery-point-offset-checkpoint")


@cases.test
def high_watermarks_are_found_again(program, folder):
    stored = Stored(program, folder, clean=True)
    for name in ("replication-offset-checkpoint", "log-start-offset-checkpoint"):
        for damage in ALL_DAMAGES:
            survives(stored, name, damage, "after a clean stop", True)


@cases.test
def a_mark_of_a_clean_stop_that_lies_is_found_out(program, folder):
    """It stands there although the broker was killed, or there is nothing in it."""
    stored = Stored(program, folder, clean=False)
    for text in (b"", b'{"version":0,"brokerEpoch":5}', b"\0" * 30, b"GARBLED"):
        with stored.copy() as node:
            (node.directories[0] / ".kafka_cleanshutdown").write_bytes(text)
            node.launch(TOPIC, 1)
            stored.check(node)
            node.stop()


@cases.test
def a_commit_mark_that_is_gone_or_torn_says_nothing(program, folder):
    each_damage(program, folder, "__cluster_metadata-0/cauce-commit")


if __name__ == "__main__":
    sys.exit(cases.main())
