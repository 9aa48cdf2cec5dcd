"""
What every client must be able to do with a broker: create topics, write and read back exactly, seek, and share the work
of a group of three members that loses one of them to a kill -9.

Prints a line for each, `ok CLIENT: WHAT` or `not ok CLIENT: WHAT: REASON`, and removes its topics. After a failure the
rest is still tried as far as it can be.
"""

import os
import random
import sys
import time

from client import STEP_SECONDS, Failure, Record, ToWrite

PARTITIONS = 3
GROUP_PARTITIONS = 6
RECORDS_PER_CODEC = 60
RECORDS_PER_WAVE = 300

CREATING = "creates topics"
ORDER = "reads every record once, in order, without gaps"
GROUP = "shares a group of three, one of them killed"
DELETING = "deletes topics"


def run(make_client):
    """Runs the scenario with `make_client(bootstrap)`; the address is the command's argument. Returns the exit code."""
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} BOOTSTRAP", file=sys.stderr)
        return 2
    return Scenario(make_client(sys.argv[1])).run()


class Scenario:
    def __init__(self, client):
        self.client = client
        self.failed = 0
        self.deleted = False
        self.keep = os.environ.get("COMPAT_KEEP_TOPICS") == "1"
        unique = f"{client.name}-{os.getpid()}-{int(time.time() * 1000) % 10**8}"
        self.topic = f"compat-{unique}"
        self.group_topic = f"compat-{unique}-group"
        self.group = f"compat-{unique}"
        self.random = random.Random(unique)
        self.members = []

    def run(self):
        # Announced, so that what is never reached can be told from what was never meant to be.
        deletes = self.client.can.deletes_topics and not self.keep
        seeking = "seeks by offset" + (" and time" if self.client.can.seeks_by_time else "")
        codecs = [f"writes and reads {codec}" for codec in self.client.can.codecs]
        for what in [CREATING, *codecs, ORDER, seeking, GROUP, *([DELETING] if deletes else [])]:
            print(f"will {self.client.name}: {what}", flush=True)
        try:
            if self._step(CREATING, self._create):
                self._content(seeking)
                self._step(GROUP, self._group)
                self._kill_members()  # They would have the broker make the topic again.
                if deletes:
                    self._step(DELETING, self._delete)
        finally:
            self._kill_members()
            self._clean_up()
            self.client.close()
        return 1 if self.failed else 0

    def _kill_members(self):
        for member in self.members:
            member.kill()

    def _clean_up(self):
        if self.deleted or self.keep:
            return
        try:
            self.client.delete([self.topic, self.group_topic])
        except Failure as failure:
            print(f"# {self.client.name}: topics may be left behind: {failure}", flush=True)

    def _step(self, what, step, *args):
        started = time.monotonic()
        try:
            step(*args)
        except Failure as failure:
            self._not_ok(what, failure)
            return False
        print(f"ok {self.client.name}: {what}", flush=True)
        if time.monotonic() - started > 1:
            print(f"# {self.client.name}: that took {time.monotonic() - started:.1f} s", flush=True)
        return True

    def _not_ok(self, what, reason):
        self.failed += 1
        print(f"not ok {self.client.name}: {what}: {' '.join(str(reason).split())}", flush=True)

    # Topics.

    def _create(self):
        client = self.client
        client.create(self.topic, PARTITIONS)
        client.create(self.group_topic, GROUP_PARTITIONS)
        if not client.can.creates_topics:
            return
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            topics = client.topics()
            found = topics.get(self.topic), topics.get(self.group_topic)
            if found == (PARTITIONS, GROUP_PARTITIONS):
                break
            if time.monotonic() > deadline:
                raise Failure(f"asked for {PARTITIONS} and {GROUP_PARTITIONS} partitions, listed are {found}")
            time.sleep(0.2)
        try:
            client.create(self.topic, PARTITIONS)
        except Failure as failure:
            if "exist" not in str(failure).lower():
                raise Failure(f"creating a topic twice failed with: {failure}") from None
        else:
            raise Failure("a topic could be created twice")

    def _delete(self):
        self.client.delete([self.topic, self.group_topic])
        self.deleted = True
        deadline = time.monotonic() + STEP_SECONDS
        while {self.topic, self.group_topic} & self.client.topics().keys():
            if time.monotonic() > deadline:
                raise Failure(f"deleted topics are still listed after {STEP_SECONDS} s")
            time.sleep(0.2)

    # Content and seeking.

    def _content(self, seeking):
        """Writes with every codec, reads everything back in one go, seeks; a line for each codec."""
        client = self.client
        # An hour ago: a time no broker would put there by itself. One second between records, to seek between.
        first_timestamp = (int(time.time()) - 3600) * 1000
        written = {}  # codec: [(ToWrite, place or None)]
        refused = {}
        started = int(time.time() * 1000)
        for codec in client.can.codecs:
            writes = [
                ToWrite(
                    self._record(codec, i),
                    i % PARTITIONS if client.can.chooses_partition else None,
                    first_timestamp + 1000 * (i + RECORDS_PER_CODEC * client.can.codecs.index(codec))
                    if client.can.sets_timestamp else None,
                ) for i in range(RECORDS_PER_CODEC)
            ]
            try:
                places = client.produce(self.topic, codec, writes) or [None] * len(writes)
                if len(places) != len(writes):
                    raise Failure(f"{len(writes)} records were written, {len(places)} confirmed")
                written[codec] = list(zip(writes, places))
            except Failure as failure:
                refused[codec] = failure
        ended = int(time.time() * 1000)

        try:
            # The positions to seek to follow from what is read, so a client that is a mere tool reads twice.
            reads, _ = client.consume(self.topic, {})
        except Failure as failure:
            for what in [*(f"writes and reads {codec}" for codec in client.can.codecs), ORDER, seeking]:
                self._not_ok(what, failure)
            return
        for codec in client.can.codecs:
            self._step(f"writes and reads {codec}", self._compare, codec, written, refused, reads, (started, ended))
        self._step("reads every record once, in order, without gaps", self._order, written, reads)
        self._step("seeks by offset" + (" and time" if client.can.seeks_by_time else ""), self._seek, reads)

    def _record(self, codec, i):
        """The i-th record of a codec: no two are equal, and every kind of content comes up."""
        can = self.client.can
        name = f"{codec} {i}"
        key = f"key {name}".encode()
        value = f"value {name} áéí €".encode()
        if i % 5 == 0:
            key = None
        elif i % 5 == 1 and can.empty_keys:
            key = b""
        elif i % 10 == 2 and can.tombstones:
            value = None
        elif i % 10 == 7 and can.empty_values:
            value = b""
        elif i % 10 == 8:
            value += b" compresses well" * 2000
        elif i % 10 == 9 and can.binary:
            value += self.random.randbytes(20_000)
        if can.binary and i % 6 == 3:
            value = bytes(range(256)) + f"binary {name}".encode()
        if not can.headers_differ:
            return Record(key, value, (("codec", codec.encode()), ("trace", b"0-1")))
        if i % 3 == 0:
            return Record(key, value)
        headers = [("codec", codec.encode()), ("número", "ñandú".encode()), ("empty", b"")]
        if can.repeated_headers:
            headers += [("hop", b"1"), ("hop", b"2")]
        if can.null_headers:
            headers.append(("nothing", None))
        if can.binary_headers:
            headers.append(("bytes", b"\x00\xff\n"))
        return Record(key, value, tuple(headers))

    def _compare(self, codec, written, refused, reads, interval):
        if codec in refused:
            raise refused[codec]
        found = {}
        for read in reads:
            found.setdefault(read.record, []).append(read)
        for write, place in written[codec]:
            there = found.get(write.record, [])
            if len(there) != 1:
                at = f" at {place[0]}@{place[1]}" if place else ""
                instead = [str(read.record) for read in reads if place and (read.partition, read.offset) == place]
                raise Failure(f"read {len(there)} times instead of once{at}: {write.record}; there is {instead}")
            read = there[0]
            if place and place != (read.partition, read.offset):
                raise Failure(f"confirmed at {place}, read at {read.partition}@{read.offset}: {write.record}")
            if write.partition is not None and write.partition != read.partition:
                raise Failure(f"written to partition {write.partition}, read from {read.partition}")
            if write.timestamp is not None and write.timestamp != read.timestamp:
                raise Failure(f"written with timestamp {write.timestamp}, read with {read.timestamp}")
            if write.timestamp is None and not interval[0] - 1000 <= read.timestamp <= interval[1] + 1000:
                raise Failure(f"written within {interval}, read with timestamp {read.timestamp}")

    def _order(self, written, reads):
        order = {}
        for codec in written.values():
            for write, _ in codec:
                order[write.record] = len(order)
        if len(reads) != len(order):
            raise Failure(f"{len(order)} records were written, {len(reads)} read")
        for partition in {read.partition for read in reads}:
            here = [read for read in reads if read.partition == partition]
            if [read.offset for read in here] != list(range(len(here))):
                raise Failure(f"the offsets of partition {partition} are {[read.offset for read in here]}")
            positions = [order.get(read.record, -1) for read in here]
            if positions != sorted(positions):
                raise Failure(f"partition {partition} is not in the order of writing: {positions}")

    def _seek(self, reads):
        """Partition 0 to an offset in its middle, 1 to a time, 2 to the end; what comes then must be exactly the rest."""
        by_partition = [[read for read in reads if read.partition == p] for p in range(PARTITIONS)]
        if not all(len(here) >= 4 for here in by_partition):
            raise Failure(f"there are not enough records to seek in: {[len(here) for here in by_partition]}")
        middle = len(by_partition[0]) // 2
        positions = {0: ("offset", middle), 1: ("end", 0), 2: ("end", 0)}
        expected = by_partition[0][middle:]
        if self.client.can.seeks_by_time:
            # The first record that is not older than the time asked for. Without timestamps of our own several
            # records may share one; the first of them it is then.
            here = by_partition[1]
            asked = here[len(here) // 2].timestamp - (500 if self.client.can.sets_timestamp else 0)
            positions[1] = ("time", asked)
            expected += here[next(i for i, read in enumerate(here) if read.timestamp >= asked):]
        _, after = self.client.consume(self.topic, positions)

        def place(read):
            return (read.partition, read.offset)

        if sorted(after, key=place) != sorted(expected, key=place):
            got = {p: [read.offset for read in after if read.partition == p] for p in range(PARTITIONS)}
            want = {p: [read.offset for read in expected if read.partition == p] for p in range(PARTITIONS)}
            raise Failure(f"after seeking to {positions} came {got} instead of {want}")

    # The group.

    def _group(self):
        client = self.client
        self.members = [client.member(self.group_topic, self.group) for _ in range(3)]
        self._until("three members share the partitions", lambda: self._shared(self.members, 3))
        first = self._wave("before")
        self._until("the group reads what is written", lambda: self._missing(first) == 0)
        ends = self._ends(first)
        self._until_committed(ends)

        victim = self.members[0]
        victim.kill()
        survivors = self.members[1:]
        second = self._wave("after")
        self._until("the survivors read what was written after the kill", lambda: self._missing(second) == 0)
        self._until("the survivors share the partitions", lambda: self._shared(survivors, 2))
        if victim.assigned or any(read.record in second for read in victim.reads):
            raise Failure("the killed member read on")
        ends = self._ends(second, ends)
        self._until_committed(ends)
        self._check_reads(first, second)
        for survivor in survivors:
            code = survivor.stop()
            if code not in (0, 143, -15):
                raise Failure(f"a member ended with exit code {code}: {'; '.join(survivor.said[-3:])}")
        if client.can.tells_committed:
            committed = client.committed(self.group_topic, self.group)
            if committed != ends:
                raise Failure(f"committed are {committed}, read was up to {ends}")

        # Who joins later goes on where the group has committed.
        late = client.member(self.group_topic, self.group)
        self.members = [late]
        self._until("a later member gets every partition", lambda: self._shared([late], 1))
        third = self._wave("later")
        self._until("a later member reads what is new", lambda: self._missing(third) == 0)
        old = [read for read in late.reads if read.record not in third]
        if old:
            raise Failure(f"{len(old)} records were read again from the committed offsets on, the first {old[0]}")
        late.stop()

    def _wave(self, name):
        """Writes records to every partition of the group's topic; returns {record: (partition, offset) or None}."""
        can = self.client.can
        writes = [
            ToWrite(
                Record(f"{name} {i}".encode(), f"value {name} {i}".encode()),
                i % GROUP_PARTITIONS if can.chooses_partition else None,
                None,
            ) for i in range(RECORDS_PER_WAVE)
        ]
        places = self.client.produce(self.group_topic, "none", writes) or [None] * len(writes)
        return {write.record: place for write, place in zip(writes, places)}

    def _shared(self, members, count):
        for member in self.members:
            if member in members:
                member.must_run()
        assigned = [partition for member in members for partition in member.assigned]
        return sorted(assigned) == list(range(GROUP_PARTITIONS)) and all(
            len(member.assigned) == GROUP_PARTITIONS // count for member in members)

    def _missing(self, wave):
        read = {read.record for member in self.members for read in list(member.reads)}
        return len(wave.keys() - read)

    def _ends(self, wave, before=None):
        """The offset after the last record of each partition, as confirmed to the writer or as read."""
        ends = dict(before or {})
        for member in self.members:
            for read in member.reads:
                if read.record in wave:
                    ends[read.partition] = max(ends.get(read.partition, 0), read.offset + 1)
        return ends

    def _until_committed(self, ends):
        def committed():
            if not any(member.committed for member in self.members):  # A tool that does not tell.
                return self.client.committed(self.group_topic, self.group) == ends
            known = {}
            for member in self.members:
                for partition, offset in dict(member.committed).items():
                    known[partition] = max(known.get(partition, 0), offset)
            return known == ends

        if self.client.can.tells_committed:
            self._until(f"the group commits {ends}", committed)
        else:
            time.sleep(self.client.can.commit_seconds)

    def _check_reads(self, *waves):
        """Everything exactly once, where it was confirmed, and in order within each member and partition."""
        seen = {}
        for number, member in enumerate(self.members):
            last = {}
            for read in member.reads:
                if read.record in seen:
                    raise Failure(f"read twice, by member {seen[read.record]} and {number}: {read}")
                seen[read.record] = number
                if read.offset <= last.get(read.partition, -1):
                    raise Failure(f"member {number} read offset {read.offset} of partition {read.partition} after "
                                  f"{last[read.partition]}")
                last[read.partition] = read.offset
                place = next((wave[read.record] for wave in waves if read.record in wave), "never")
                if place not in (None, (read.partition, read.offset)):
                    raise Failure(f"confirmed at {place}, read at {read.partition}@{read.offset}")
        total = sum(len(wave) for wave in waves)
        if len(seen) != total:
            raise Failure(f"{total} records were written, {len(seen)} read")

    def _until(self, what, reached):
        deadline = time.monotonic() + STEP_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                state = "; ".join(
                    f"member {i} has {sorted(member.assigned)}, read {len(member.reads)}, said {member.said[-2:]}"
                    for i, member in enumerate(self.members))
                raise Failure(f"not within {STEP_SECONDS} s: {what}: {state}")
            time.sleep(0.05)
