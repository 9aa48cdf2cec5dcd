"""A disk that fails, is full or slow, as strace makes it of a healthy one: a log directory whose flush or write fails is out of
use at once, on all shards, and no flush is tried again; the others go on; when none is left the process ends and says why
(decision D20). What had been acknowledged is there after the next start."""

import resource
import statistics
import sys
import time

import cases
import strace
from broker import START_SECONDS_MAX, Failure
from kafka_wire import RequestFailed, parse_batches, record_batch
from load import Producer
from node import Node
from partition_check import PartitionCheck
from strace import Strace

KAFKA_STORAGE_ERROR = 56
WRITES = "pwritev,ftruncate,fallocate"
READS = "sendfile,pread64,preadv,preadv2"
# What was under way on other shards when the directory failed.
AT_ONCE_SECONDS = 0.5
PARTITIONS = 6


class Loaded:
    """A broker of three log directories, of which the last will fail, and a producer for each partition of a topic."""

    def __init__(self, program, folder, directories=3, settings=None):
        self.node = Node(program, folder, directories, settings)
        self.victim = self.node.directories[-1]
        self.producers = []

    def __enter__(self):
        try:
            self.node.launch()
            self.node.make_topic("disk", PARTITIONS).close()
            self.producers = [Producer(self.node.port, "disk", p, True, p) for p in range(PARTITIONS)]
            for producer in self.producers:
                producer.start()
            self.wait_for_progress(self.producers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Nobody answers them any more once the broker is gone, so that they come to their end.
        self.node.__exit__()
        for producer in self.producers:
            producer.stop()

    def of_victim(self):
        return [p for p in self.producers if self.node.partition_folder("disk", p.partition).parent == self.victim]

    def of_others(self):
        victims = self.of_victim()
        return [p for p in self.producers if p not in victims]

    def segments_of_victim(self):
        return [self.node.newest_segment("disk", p.partition) for p in self.of_victim()]

    @staticmethod
    def wait_for_progress(producers):
        before = [len(producer.acknowledged) for producer in producers]
        deadline = time.monotonic() + START_SECONDS_MAX
        while any(len(producer.acknowledged) == was for producer, was in zip(producers, before)):
            for producer in producers:
                if producer.problem:
                    raise Failure(producer.problem)
            if time.monotonic() > deadline:
                raise Failure(f"no progress within {START_SECONDS_MAX} s")
            time.sleep(0.01)

    def expect_offline(self, victims, others):
        """The directory has just failed: nobody is acknowledged in it any more, and the others go on."""
        self.node.wait_until_said(f"the log directory {self.victim} failed and is not used any more")
        time.sleep(AT_ONCE_SECONDS)
        before = [len(producer.acknowledged) for producer in victims]
        self.wait_for_progress(others)
        time.sleep(1)
        if before != [len(producer.acknowledged) for producer in victims]:
            raise Failure("records were acknowledged in a directory that has failed")
        for producer in victims:
            if producer.problem:
                raise Failure(f"a client was told something that it would not try again after: {producer.problem}")
        if not self.node.running:
            raise Failure(f"the broker ended although directories are left: {self.node.last_words()}")

    def expect_all_after_a_start(self):
        """Kills it, and starts it on a disk that works again."""
        self.node.kill(may_have_ended=True)
        known = [dict(producer.acknowledged) for producer in self.producers]
        self.node.start()
        self.node.wait_until_ready("disk", PARTITIONS)
        connection = self.node.connect()
        for producer, acknowledged in zip(self.producers, known):
            PartitionCheck(producer).check(connection, acknowledged, everything=True)
        connection.close()
        self.wait_for_progress(self.producers)


def expect_no_further_calls(calls):
    """After the first that failed: no flush of the same file ever again, and no change to any of these files."""
    failed = [call for call in calls if call.injected]
    if not failed:
        raise Failure("no system call failed: the test has tried nothing")
    first = failed[0]
    late = [call for call in calls if call.path and call.at > first.at + AT_ONCE_SECONDS]
    if late:
        raise Failure(f"{late[0].name} of {late[0].path}, {late[0].at - first.at:.1f} s after the first error")
    flushed = [call.path for call in calls if call.path and call.name in ("fdatasync", "fsync") and call.at >= first.at]
    for path in set(flushed):
        if flushed.count(path) > 1:
            raise Failure(f"{path} was flushed again after a flush had failed")


def one_directory_fails(program, folder, calls, also):
    strace.needed(program)
    with Loaded(program, folder) as loaded:
        victims, others = loaded.of_victim(), loaded.of_others()
        if not victims or not others:
            raise Failure("the partitions are not spread over the directories")
        with Strace(loaded.node.process, calls, "error=EIO", loaded.segments_of_victim(), also) as traced:
            loaded.expect_offline(victims, others)
            traced.detach()
            expect_no_further_calls(traced.calls())
        # A disk that works again is not trusted again before somebody starts the broker.
        loaded.expect_offline(victims, others)
        loaded.expect_all_after_a_start()


@cases.test
def a_flush_that_fails_takes_its_directory_offline_and_is_not_repeated(program, folder):
    one_directory_fails(program, folder, "fdatasync", WRITES)


@cases.test
def a_write_that_fails_takes_its_directory_offline(program, folder):
    one_directory_fails(program, folder, "pwritev", "fdatasync,ftruncate,fallocate")


def first_files_fail(program, folder, calls, name):
    """Of partitions that have no records yet: where their first file of that kind will be is known."""
    strace.needed(program)
    with Loaded(program, folder) as loaded:
        connection = loaded.node.make_topic("later", PARTITIONS)
        paths = [loaded.victim / f"later-{p}" / name for p in range(PARTITIONS)]
        others = loaded.of_others()
        victims = loaded.of_victim()
        with Strace(loaded.node.process, calls, "error=EIO", paths) as traced:
            for p in range(PARTITIONS):
                # Those in the other directories are taken.
                code, _ = connection.receive_produce(connection.send_produce("later", p, record_batch([b"first"])))
                if code not in (0, 6, KAFKA_STORAGE_ERROR):
                    raise Failure(f"a record for later-{p} was answered with error {code}")
            loaded.expect_offline(victims, others)
            if not any(call.injected for call in traced.calls()):
                raise Failure("no system call failed: the test has tried nothing")
        connection.close()
        loaded.expect_all_after_a_start()


@cases.test
def a_rename_that_fails_takes_its_directory_offline(program, folder):
    first_files_fail(program, folder, strace.RENAMES, "leader-epoch-checkpoint.tmp")


@cases.test
def a_file_that_cannot_be_opened_takes_its_directory_offline(program, folder):
    first_files_fail(program, folder, "openat", f"{0:020}.log")


@cases.test
def a_checkpoint_that_cannot_be_flushed_takes_its_directory_offline(program, folder):
    strace.needed(program)
    with Loaded(program, folder, settings={"log.flush.offset.checkpoint.interval.ms": 200}) as loaded:
        victims, others = loaded.of_victim(), loaded.of_others()
        path = loaded.victim / "recovery-point-offset-checkpoint.tmp"
        with Strace(loaded.node.process, "fdatasync", "error=EIO", [path]) as traced:
            loaded.expect_offline(victims, others)
            traced.detach()
            expect_no_further_calls(traced.calls())
        loaded.expect_all_after_a_start()


@cases.test
def with_no_directory_left_the_process_ends_and_says_why(program, folder):
    strace.needed(program)
    with Loaded(program, folder, directories=1) as loaded:
        with Strace(loaded.node.process, "fdatasync", "error=EIO", loaded.segments_of_victim()):
            loaded.node.must_end(str(loaded.victim), "fdatasync", "Input/output error")
        loaded.expect_all_after_a_start()


@cases.test
def the_metadata_logs_directory_takes_the_process_with_it(program, folder):
    strace.needed(program)
    with Loaded(program, folder, directories=2) as loaded:
        metadata = loaded.node.directories[0]
        newest = max((metadata / "__cluster_metadata-0").glob("*.log"))
        asker = loaded.node.connect()
        with Strace(loaded.node.process, "fdatasync", "error=EIO", [newest]):
            try:
                asker.create_topic("never", 1, {})
            except (OSError, RequestFailed):
                pass  # refused, or there is nobody left to answer
            else:
                raise Failure("a topic was created although the metadata log could not be flushed")
            finally:
                asker.close()
            loaded.node.must_end(str(metadata), "fdatasync", "Input/output error")
        loaded.expect_all_after_a_start()


def read_or_refused(node, partition, values):
    """What a client gets of a partition: how many of `values`, or -1 when it is refused or hung up on."""
    connection = node.connect()
    try:
        records = parse_batches(connection.fetch("read", partition, 0)[1], 0)
    except (OSError, RequestFailed):
        return -1
    finally:
        connection.close()
    if records != list(enumerate(values))[:len(records)]:
        raise Failure(f"partition {partition} answers with other records than were produced")
    return len(records)


@cases.test
def a_segment_that_cannot_be_read_is_never_served_and_the_others_are(program, folder):
    strace.needed(program)
    with Node(program, folder, directories=2) as node:
        node.launch()
        connection = node.make_topic("read", 2)
        values = [b"%d" % i + bytes(1000) for i in range(20)]
        for partition in range(2):
            for value in values:
                code, _ = connection.receive_produce(connection.send_produce("read", partition, record_batch([value])))
                if code != 0:
                    raise Failure(f"error {code}")
        connection.close()
        # Nothing is in the process's own memory any more.
        node.stop()
        node.launch("read", 2)
        with Strace(node.process, READS, "error=EIO", [node.newest_segment("read", 0)]) as traced:
            for _ in range(5):
                if (got := read_or_refused(node, 0, values)) > 0:
                    raise Failure(f"{got} records were read from a disk that cannot be read")
                if read_or_refused(node, 1, values) != len(values):
                    raise Failure("a partition in another directory is not served")
            if not any(call.injected for call in traced.calls()):
                raise Failure("no system call failed: the test has tried nothing")
        if not node.running:
            raise Failure(f"the broker ended although a directory is left: {node.last_words()}")
        if str(node.newest_segment("read", 0)) not in node.said():
            raise Failure(f"it does not say what it could not read: {node.last_words()}")
        connection = node.connect()
        code, _ = connection.receive_produce(connection.send_produce("read", 1, record_batch([b"next"])))
        if code != 0:
            raise Failure(f"afterwards a record for the other directory was answered with error {code}")
        connection.close()
        # On a disk that can be read again everything is there.
        node.kill()
        node.launch("read", 2)
        for partition in range(2):
            if (got := read_or_refused(node, partition, values + [b"next"])) < len(values):
                raise Failure(f"{got} records are left of {len(values)} in partition {partition}")
        node.stop()


@cases.test
def a_start_that_cannot_read_a_segment_does_without_its_partition(program, folder):
    strace.needed(program)
    with Node(program, folder, directories=2) as node:
        node.launch()
        connection = node.make_topic("read", 2)
        values = [b"%d" % i + bytes(1000) for i in range(20)]
        for partition in range(2):
            for value in values:
                connection.receive_produce(connection.send_produce("read", partition, record_batch([value])))
        connection.close()
        node.kill()
        victim = 1
        node.start(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", node.newest_segment("read", victim), "-e",
                           f"trace={READS}", "-e", f"inject={READS}:error=EIO"])
        node.wait_until_ready()
        node.wait_until_said(f"partition read-{victim} stays unavailable: pread {node.newest_segment('read', victim)}")
        if read_or_refused(node, 1 - victim, values) != len(values):
            raise Failure("the other partition is not served")
        if (got := read_or_refused(node, victim, values)) > 0:
            raise Failure(f"{got} records were read from a disk that cannot be read")
        node.stop()
        node.launch("read", 2)
        for partition in range(2):
            if read_or_refused(node, partition, values) != len(values):
                raise Failure(f"on a disk that can be read partition {partition} has not everything")
        node.stop()


@cases.test
def a_full_disk_is_not_a_broken_one(program, folder):
    """Space is made sure of before a batch is written: it is refused, reading goes on, and so does writing later."""
    strace.needed(program)
    with Node(program, folder) as node:
        node.launch()
        connection = node.make_topic("full", 1)
        batch = record_batch([bytes(100_000)])

        def produce():
            return connection.receive_produce(connection.send_produce("full", 0, batch))

        code, _ = produce()
        if code != 0:
            raise Failure(f"error {code}")
        taken = 1
        with Strace(node.process, "fallocate", "error=ENOSPC", [node.newest_segment("full", 0)]):
            for _ in range(1000):
                code, base = produce()
                if code != 0:
                    break
                if base != taken:
                    raise Failure(f"record {taken} is at {base}")
                taken += 1
            if code != KAFKA_STORAGE_ERROR:
                raise Failure(f"on a full disk a record is answered with error {code}")
            _, data = connection.fetch("full", 0, 0)
            if [at for at, _ in parse_batches(data, 0)][:1] != [0]:
                raise Failure("nothing can be read on a full disk")
        code, base = produce()
        if (code, base) != (0, taken):
            raise Failure(f"once there is space again: error {code}, offset {base} instead of {taken}")
        connection.close()
        if "is offline" in node.said():
            raise Failure("a full disk was taken for a broken one")
        node.stop()


@cases.test
def a_slow_flush_holds_up_only_those_who_wait_for_it(program, folder):
    strace.needed(program)
    slow = 0.4
    with Node(program, folder, directories=2) as node:
        node.launch()
        connection = node.make_topic("slow", 2)
        batch = record_batch([b"value"])

        def produce(partition, acks):
            begin = time.monotonic()
            code, _ = connection.receive_produce(connection.send_produce("slow", partition, batch, acks))
            if code != 0:
                raise Failure(f"error {code}")
            return time.monotonic() - begin

        for partition in range(2):
            produce(partition, -1)
        if node.partition_folder("slow", 0).parent == node.partition_folder("slow", 1).parent:
            raise Failure("two partitions share a directory although there are two")
        with Strace(node.process, "fdatasync", f"delay_enter={slow * 1e6:.0f}", [node.newest_segment("slow", 0)]):
            waited = [produce(0, -1) for _ in range(3)]
            leader_only = statistics.median(produce(0, 1) for _ in range(15))
            beside = statistics.median(produce(1, -1) for _ in range(15))
        connection.close()
        if min(waited) < slow:
            raise Failure(f"acks=all was answered after {min(waited):.2f} s although a flush takes {slow} s")
        if leader_only > slow / 2:
            raise Failure(f"acks=1 waited {leader_only:.2f} s for a flush")
        if beside > slow / 2:
            raise Failure(f"acks=all in another directory waited {beside:.2f} s")
        node.stop()


@cases.test
def a_write_that_is_cut_short_is_not_acknowledged_and_cut_off_at_the_next_start(program, folder):
    """By the largest size that a file may have (RLIMIT_FSIZE): the kernel writes a part of the batch, and then nothing."""
    with Node(program, folder) as node:
        # The signal that comes along with it is ignored in this process, and so in its children.
        node.launch(restore_signals=False)
        connection = node.make_topic("short", 1)
        whole = [b"%06d" % i + bytes(20_000) for i in range(10)]
        for value in whole:
            code, _ = connection.receive_produce(connection.send_produce("short", 0, record_batch([value])))
            if code != 0:
                raise Failure(f"error {code}")
        segment = node.newest_segment("short", 0)
        limit = segment.stat().st_size + 5_000
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            code, _ = connection.receive_produce(connection.send_produce("short", 0, record_batch([bytes(20_000)])))
        except OSError:
            code = KAFKA_STORAGE_ERROR  # it ended before it could answer
        if code != KAFKA_STORAGE_ERROR:
            raise Failure(f"half a batch was answered with error {code}")
        connection.close()
        node.must_end(str(segment), "pwritev", "File too large")
        begin = node.log_size()
        node.launch("short", 1)
        connection = node.connect()
        read = []
        while len(read) < len(whole):
            _, data = connection.fetch("short", 0, len(read))
            read += parse_batches(data, len(read))
        if read != list(enumerate(whole)):
            raise Failure("what was acknowledged is not what is there")
        code, base = connection.receive_produce(connection.send_produce("short", 0, record_batch([b"next"])))
        if (code, base) != (0, len(whole)):
            raise Failure(f"the next record: error {code}, offset {base}")
        connection.close()
        if "cut at offset 10," not in node.said(begin):
            raise Failure("the start did not say that it has cut half a batch off")
        node.stop()


if __name__ == "__main__":
    sys.exit(cases.main())
