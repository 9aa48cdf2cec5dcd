"""Tries the command line on a real broker; tests/cli/run says how it is called."""

import base64
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds that any command may take, however busy the machine is


class Failure(Exception):
    """What was expected and what came."""


class Cauce:
    def __init__(self, binary, bootstrap):
        self.binary = binary
        self.environment = {**os.environ, "CAUCE_BOOTSTRAP": bootstrap, "NO_COLOR": "1"}

    def start(self, *words, **streams):
        return subprocess.Popen([self.binary, *words], env=self.environment, stderr=subprocess.PIPE,
                                stdout=streams.pop("stdout", subprocess.PIPE),
                                stdin=streams.pop("stdin", subprocess.DEVNULL), **streams)

    def call(self, *words, text=b"", code=0):
        """(standard output, standard error) of a command that must end with `code`."""
        process = self.start(*words, stdin=subprocess.PIPE)
        try:
            out, err = process.communicate(text, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"`{' '.join(words)}` did not end") from None
        if process.returncode != code:
            raise Failure(f"`{' '.join(words)}` ended with {process.returncode} instead of {code}: "
                          f"{err.decode(errors='replace').strip()}")
        return out, err

    def out(self, *words, **more):
        return self.call(*words, **more)[0]

    def json(self, *words, **more):
        return json.loads(self.out(*words, "-o", "json", **more))


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


def expect_all(found, wanted, what):
    """The same things as often, in any order; says what is missing and what is too many, not everything."""
    found, wanted = collections.Counter(found), collections.Counter(wanted)
    if found != wanted:
        missing, spare = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        raise Failure(f"{what}: {len(missing)} missing {missing[:5]!r}, {len(spare)} too many {spare[:5]!r}")


def end_by_ctrl_c(process):
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure("Ctrl-C did not end it") from None
    expect(process.returncode, 0, f"exit code after Ctrl-C ({err.decode(errors='replace').strip()})")
    return out


def wait_until(test, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if test():
            return
        time.sleep(0.1)
    raise Failure(f"{what} did not happen")


TESTS = []  # called with a Cauce whose cluster is there
SERVER_TESTS = []  # called with the binary and a folder of their own


def test(function):
    TESTS.append(function)
    return function


def server_test(function):
    SERVER_TESTS.append(function)
    return function


@test
def topics_are_made_listed_described_and_deleted(cauce):
    made = cauce.json("topic", "create", "cli-topics", "--partitions", "3", "-c", "retention.ms=3600000")
    expect([(t["topic"], t["status"], t["partition_count"]) for t in made], [("cli-topics", "created", 3)], "created")
    expect("cli-topics" in cauce.out("topic", "list", "-o", "name").decode().split(), True, "listed")
    topic, = cauce.json("topic", "describe", "cli-topics")
    expect(len(topic["partitions"]), 3, "partitions")
    expect([p["high_watermark"] for p in topic["partitions"]], [0, 0, 0], "ends")
    expect({c["name"]: c["value"] for c in topic["configs"]}.get("retention.ms"), "3600000", "configuration")
    table = cauce.out("topic", "describe", "cli-topics").decode().splitlines()
    expect(table[0].split(), ["topic", "cli-topics"], "first line of the table")
    cauce.call("topic", "create", "cli-topics", code=1)
    cauce.call("topic", "create", "cli-topics", "--if-not-exists")
    cauce.call("topic", "delete", "cli-topics", code=2)
    expect(cauce.out("topic", "delete", "cli-topics", "-y").split(), b"TOPIC STATUS cli-topics deleted".split(), "deleted")
    _, said = cauce.call("topic", "describe", "cli-topics", code=3)
    expect(said.startswith(b"error: topic `cli-topics` does not exist\n"), True, "complaint")


@test
def bad_topics_are_refused_with_a_reason(cauce):
    for words in (["bad name"], ["cli-r", "-r", "9"], ["cli-c", "-c", "retenton.ms=1"], ["cli-v", "-c", "retention.ms=soon"]):
        _, said = cauce.call("topic", "create", *words, code=1)
        lines = said.decode().splitlines()
        expect([line.split(":")[0].strip() for line in lines], ["error", "why", "next"], f"complaint about {words}")
    expect("did you mean `retention.ms`?" in cauce.call("topic", "create", "cli-c", "-c", "retenton.ms=1", code=1)[1].decode(),
           True, "suggestion")


def columns(out):
    """The first words of the lines of a table."""
    return [line.split()[0] for line in out.decode().splitlines() if line]


@test
def topics_are_altered_when_all_can_be(cauce):
    cauce.call("topic", "create", "cli-altered", "-p", "2")
    alter = ["topic", "alter", "cli-altered"]
    change = [*alter, "-p", "4", "--set", "retention.ms=7200000", "--append", "cleanup.policy=compact"]
    tried = cauce.json(*change, "--dry-run")
    expect([(c["name"], c["new_value"], c["status"]) for c in tried],
           [("partitions", 4, "would change"), ("retention.ms", "7200000", "would change"),
            ("cleanup.policy", "delete,compact", "would change")], "preview")
    expect(len(cauce.json("topic", "partitions", "cli-altered")), 2, "partitions after the preview")
    cauce.call(*change, code=2)
    _, said = cauce.call(*alter, "--set", "retention.ms=1", "-p", "1", "-y", code=1)
    expect("partitions can only be added" in said.decode(), True, "complaint about fewer partitions")
    said = cauce.call(*alter, "--set", "retenton.ms=1", code=1)[1].decode()
    expect("did you mean `retention.ms`?" in said, True, "suggestion")
    config = ["topic", "config", "cli-altered"]
    expect(cauce.json(*config, "retention.ms")[0]["source"], "default", "nothing was changed in part")
    expect(columns(cauce.out(*change, "-y")), ["TOPIC"] + 3 * ["cli-altered"], "table of changes")
    expect(columns(cauce.out("topic", "partitions", "cli-altered")), ["PARTITION", "0", "1", "2", "3"], "partitions")
    found, = cauce.json(*config, "retention.ms")
    expect((found["value"], found["source"]), ("7200000", "topic"), "retention.ms")
    # A partition that was added takes records at once.
    cauce.call("produce", "cli-altered", "-p", "3", "-k", "key", text=b"x\n")
    expect(cauce.json("topic", "partitions", "cli-altered", "5", "-y")[0]["status"], "changed", "one more")
    cauce.call("topic", "partitions", "cli-altered", "5", "-y")
    cauce.call("topic", "partitions", "cli-altered", "4", "-y", code=1)
    expect("retention.ms" in columns(cauce.out(*config)), True, "table of settings")
    cauce.call(*config, "--unset", "retention.ms")
    expect(cauce.json(*config, "retention.ms")[0]["source"], "default", "retention.ms when unset")
    cauce.call(*config, "retention.msec", code=3)
    cauce.call("topic", "delete", "cli-altered", "--dry-run")
    cauce.call("topic", "delete", "cli-altered", "-y")


@test
def topics_are_trimmed(cauce):
    cauce.call("topic", "create", "cli-trimmed", "-p", "2")
    for partition in "01":
        cauce.call("produce", "cli-trimmed", "-p", partition, text=b"1\n2\n3\n")
    trim = ["topic", "trim", "cli-trimmed"]
    expect([(p["new_log_start_offset"], p["status"]) for p in cauce.json(*trim, "--before", "-1", "--dry-run")],
           [(2, "would be deleted")] * 2, "preview")
    cauce.call(*trim, "--before", "-1", code=2)
    expect(columns(cauce.out(*trim, "--before", "-1", "-p", "1", "-y")), ["PARTITION", "1"], "table")
    expect(sorted(cauce.out("consume", "cli-trimmed", "--exit", "--from", "start").split()), [b"1", b"2", b"3", b"3"], "left")
    expect(cauce.json(*trim, "--before", "end", "-y")[0]["new_log_start_offset"], 3, "everything")
    expect(cauce.out("consume", "cli-trimmed", "--exit", "--from", "start"), b"", "left in the end")
    cauce.call(*trim, "--before", "end", "-p", "2", code=3)
    cauce.call("topic", "trim", "cli-nothing", "--before", "end", code=3)
    cauce.call("topic", "delete", "cli-trimmed", "-y")


@test
def a_key_is_located_where_it_went(cauce):
    cauce.call("topic", "create", "cli-located", "-p", "7")
    cauce.call("produce", "cli-located", "-k", "luis", text=b"x\n")
    record = json.loads(cauce.out("consume", "cli-located", "--exit", "-J"))
    places = {p["partitioner"]: p["partition"] for p in cauce.json("topic", "locate", "cli-located", "luis")}
    expect(places["murmur2"], record["partition"], "our own place")
    expect(sorted(places), ["crc32", "fnv1a", "murmur2"], "partitioners")
    expect(columns(cauce.out("topic", "locate", "cli-located", "luis")), ["PARTITIONER", "murmur2", "crc32", "fnv1a"], "table")
    cauce.call("topic", "locate", "cli-nothing", "luis", code=3)
    cauce.call("topic", "delete", "cli-located", "-y")


@test
def settings_are_explained_and_compared(cauce):
    explained, = cauce.json("config", "explain", "retention.ms")
    expect([explained[name] for name in ("scope", "type", "default", "valid", "effect")],
           ["topic", "long", "604800000", "[-1,...]", "at_once"], "retention.ms")
    expect("no effect yet" in cauce.out("config", "explain", "num.io.threads").decode(), True, "a key without effect")
    cauce.call("config", "explain", "retenton.ms", code=3)
    cauce.call("topic", "create", "cli-explained", "-c", "retention.ms=5000")
    places = cauce.json("config", "explain", "retention.ms", "--topic", "cli-explained")[0]["values"]
    expect((places[0]["value"], places[0]["source"]), ("5000", "topic"), "the place in force")
    expect(places[-1]["source"], "default", "the last place")
    differs = {d["name"]: d["source"] for d in cauce.json("config", "diff")}
    expect(differs.get("node.id"), "file", "what the broker was started with")
    expect(columns(cauce.out("config", "diff"))[0], "KEY", "table")
    cauce.call("config", "diff", "--broker", "4711", code=3)
    cauce.call("topic", "delete", "cli-explained", "-y")


@test
def lines_go_in_and_come_out(cauce):
    cauce.call("topic", "create", "cli-lines", "-p", "1")
    lines = b"".join(b"line %d\n" % i for i in range(20000))
    expect(cauce.call("produce", "cli-lines", text=lines)[1], b"Sent 20000 records to `cli-lines`.\n", "summary")
    expect(cauce.out("consume", "cli-lines", "--exit"), lines, "what was read")
    expect(cauce.out("consume", "cli-lines", "--from", "-2", "--exit"), b"line 19998\nline 19999\n", "the last two")
    expect(cauce.out("consume", "cli-lines", "--from", "+5", "--to", "7"), b"line 5\nline 6\n", "a range")
    expect(cauce.out("consume", "cli-lines", "--from", "100", "-n", "1"), b"line 100\n", "one of the middle")
    expect(cauce.out("consume", "cli-lines", "--from", "-1h", "-n", "1"), b"line 0\n", "of the last hour")
    expect(cauce.out("consume", "cli-lines", "--to", "-20000", "--from", "start"), b"", "nothing")
    cauce.call("topic", "delete", "cli-lines", "-y")


@test
def every_codec_and_every_acks(cauce):
    cauce.call("topic", "create", "cli-codecs", "-p", "1")
    expected = b""
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        for acks in ("all", "1", "0"):
            line = f"{codec} {acks} {'x' * 2000}\n".encode()
            cauce.call("produce", "cli-codecs", "-z", codec, "--acks", acks, text=line)
            expected += line
    expect(cauce.out("consume", "cli-codecs", "-n", "15", "--from", "start", "--timeout", "30s"), expected, "what was read")
    cauce.call("topic", "delete", "cli-codecs", "-y")


@test
def keys_headers_and_formats(cauce):
    cauce.call("topic", "create", "cli-keys", "-p", "4")
    cauce.call("produce", "cli-keys", "--key-sep", ":", "-H", "a=1", "-H", "b=", text=b"ana:1\nluis:2\nana:3\n")
    out = cauce.out("consume", "cli-keys", "--exit", "-f", r"%k=%v %h %K %S\n").decode()
    expect(sorted(out.splitlines()), ["ana=1 a=1,b= 3 1", "ana=3 a=1,b= 3 1", "luis=2 a=1,b= 4 1"], "formatted")
    # Where Apache Kafka's own client puts these keys (murmur2): ana to 1, luis to 0 of four.
    records = [json.loads(line) for line in cauce.out("consume", "cli-keys", "--exit", "-J").splitlines()]
    by_key = {}
    for record in records:
        by_key.setdefault(record["key"], set()).add(record["partition"])
    expect({key: len(partitions) for key, partitions in by_key.items()}, {"ana": 1, "luis": 1}, "partitions a key")
    sent = cauce.out("produce", "cli-keys", "-p", "2", "-o", "json", text=b"x\n")
    expect([json.loads(sent)[name] for name in ("topic", "partition", "offset")],
           ["cli-keys", 2, sum(r["partition"] == 2 for r in records)], "delivery")
    cauce.call("topic", "delete", "cli-keys", "-y")


@test
def json_copies_a_topic_byte_for_byte(cauce):
    for name in ("cli-from", "cli-to"):
        cauce.call("topic", "create", name, "-p", "1")
    values = [b'{"n":1.10,"big":12345678901234567890}', b"plain text", b"\xff\x00binary", b"null", b"", b"true"]
    lines = [json.dumps({"key": "k", "headers": {"h": "v"}, "timestamp": 1700000000000,
                         **({"value_b64": base64.b64encode(v).decode()})}) for v in values]
    lines.append('{"key":"k","value":null}')
    cauce.call("produce", "cli-from", "-J", text="\n".join(lines).encode())
    first = cauce.out("consume", "cli-from", "--exit", "-J")
    cauce.call("produce", "cli-to", "-J", "-z", "zstd", text=first)
    second = cauce.out("consume", "cli-to", "--exit", "-J")
    expect(second, first.replace(b'"cli-from"', b'"cli-to"'), "the copy")
    decoded = [json.loads(line) for line in second.splitlines()]
    expect(decoded[0]["value"], {"n": 1.10, "big": 12345678901234567890}, "a JSON value")
    expect(decoded[-1]["value"], None, "a tombstone")
    for name in ("cli-from", "cli-to"):
        cauce.call("topic", "delete", name, "-y")


@test
def following_a_topic_ends_by_ctrl_c(cauce):
    cauce.call("topic", "create", "cli-follow", "-p", "1")
    with tempfile.TemporaryFile() as out:
        reader = cauce.start("consume", "cli-follow", "--from", "start", stdout=out)
        cauce.call("produce", "cli-follow", text=b"first\n")
        wait_until(lambda: os.fstat(out.fileno()).st_size > 0, "the first record")
        cauce.call("produce", "cli-follow", text=b"second\n")
        wait_until(lambda: os.fstat(out.fileno()).st_size > 6, "the second record")
        end_by_ctrl_c(reader)
        out.seek(0)
        expect(out.read(), b"first\nsecond\n", "what was read")
    cauce.call("topic", "delete", "cli-follow", "-y")


@test
def a_closed_pipe_ends_it_quietly(cauce):
    cauce.call("topic", "create", "cli-pipe", "-p", "1")
    cauce.call("produce", "cli-pipe", text=b"some line of text\n" * 50000)
    reader = cauce.start("consume", "cli-pipe", "--from", "start")
    reader.stdout.readline()
    reader.stdout.close()
    said = reader.stderr.read()
    expect((reader.wait(PATIENCE), said), (0, b""), "exit code and complaints")
    cauce.call("topic", "delete", "cli-pipe", "-y")


@test
def a_group_keeps_its_place(cauce):
    cauce.call("topic", "create", "cli-place", "-p", "2")
    cauce.call("produce", "cli-place", "-p", "0", text=b"1\n2\n3\n")
    group = ["consume", "cli-place", "-g", "cli-place", "--from", "start", "--timeout", "30s"]
    expect(cauce.out(*group, "-n", "2"), b"1\n2\n", "the first two")
    expect(cauce.out(*group, "-n", "1"), b"3\n", "the third")
    cauce.call("produce", "cli-place", "-p", "0", text=b"4\n")
    described, = cauce.json("group", "describe", "cli-place")
    place, = [p for p in described["partitions"] if p["partition"] == 0]
    expect((place["current_offset"], place["log_end_offset"], place["lag"], described["state"]),
           (3, 4, 1, "Empty"), "committed, end, lag and state")
    expect("cli-place" in cauce.out("group", "list", "-o", "name").decode().split(), True, "listed")
    expect(cauce.out(*group, "--exit"), b"4\n", "to the end")
    cauce.call("group", "describe", "cli-nothing", code=3)


@test
def a_group_is_moved_and_moved_back(cauce):
    cauce.call("topic", "create", "cli-moved", "--partitions", "2")
    for partition in "01":
        cauce.call("produce", "cli-moved", "-p", partition, text=b"1\n2\n3\n")
    cauce.call("consume", "cli-moved", "-g", "cli-moved", "--from", "start", "--exit", "--timeout", "30s")
    wait_until(lambda: cauce.json("group", "describe", "cli-moved")[0]["state"] == "Empty", "leaving")
    lag = {"group": "cli-moved", "topic": "cli-moved", "partition_count": 2, "lag": 0, "max_lag": 0}
    expect(cauce.json("group", "lag", "cli-moved"), [lag], "lag at the end")
    expect(lag in cauce.json("group", "lag"), True, "among all groups")
    seek = ["group", "seek", "cli-moved"]
    expect([p["status"] for p in cauce.json(*seek, "--to", "start")], ["would move"] * 2, "preview")
    expect(cauce.json("group", "lag", "cli-moved"), [lag], "nothing was moved")
    out, said = cauce.call(*seek, "--to", "1", "--topic", "cli-moved:1", "-y", "-o", "json")
    expect([(p["current_offset"], p["new_offset"], p["status"]) for p in json.loads(out)], [(3, 1, "moved")], "moved")
    expect(cauce.json("group", "lag", "cli-moved")[0]["max_lag"], 2, "lag when moved")
    undo = said.decode().split("To undo:  cauce ")[1].split("\n")[0].split()
    cauce.call(*undo)
    expect(cauce.json("group", "lag", "cli-moved"), [lag], "lag when moved back")
    # A position that is forgotten is no position at 0.
    cauce.call(*seek, "--position", "cli-moved:0=none", "-y")
    expect([p["current_offset"] for p in cauce.json("group", "lag", "cli-moved", "-p")], [3], "positions left")
    cauce.call(*seek, "--to", "somewhere", code=2)
    cauce.call("group", "seek", "cli-nothing", "--to", "start", code=3)
    cauce.call("topic", "delete", "cli-moved", "-y")


@test
def a_group_is_deleted_when_nobody_is_in_it(cauce):
    cauce.call("topic", "create", "cli-gone")
    cauce.call("produce", "cli-gone", text=b"1\n2\n")
    reading = cauce.start("consume", "cli-gone", "-g", "cli-gone", "--from", "start")
    try:
        wait_until(lambda: "cli-gone" in cauce.out("group", "list", "-o", "name").decode().split() and
                   cauce.json("group", "describe", "cli-gone")[0]["state"] == "Stable", "joining")
        cauce.call("group", "delete", "cli-gone", "-y", code=1)
        cauce.call("group", "seek", "cli-gone", "--to", "start", "-y", code=1)
    finally:
        end_by_ctrl_c(reading)
    expect(cauce.json("group", "delete", "cli-gone", "--dry-run")[0]["status"], "would be deleted", "preview")
    cauce.call("group", "delete", "cli-gone", code=2)
    out, said = cauce.call("group", "delete", "cli-gone", "-y", "-o", "json")
    expect([(g["group"], g["status"]) for g in json.loads(out)], [("cli-gone", "deleted")], "deleted")
    expect("cli-gone" in cauce.out("group", "list", "-o", "name").decode().split(), False, "listed")
    cauce.call("group", "delete", "cli-gone", "-y", code=3)
    undo = said.decode().split("To undo:  cauce ")[1].split("\n")[0].split()
    cauce.call(*undo)
    expect(cauce.json("group", "lag", "cli-gone")[0]["lag"], 0, "lag when set again")
    cauce.call("topic", "delete", "cli-gone", "-y")
    cauce.call("topic", "delete", "cli-place", "-y")


def share_out(cauce, name, settings):
    """Three members share four partitions; one is killed; nothing is lost."""
    cauce.call("topic", "create", name, "-p", "4")
    members = []
    outs = []

    def join():
        outs.append(tempfile.TemporaryFile())
        members.append(cauce.start("consume", name, "-g", name, "--from", "start", "-X", "session.timeout.ms=6000",
                                   "-X", "heartbeat.interval.ms=300", "-X", "auto.commit.interval.ms=300", *settings,
                                   stdout=outs[-1]))

    def owned():
        try:
            described, = cauce.json("group", "describe", name)
        except Failure:  # until the first member has joined there is no such group
            return None
        counts = {m["member_id"]: m["partition_count"] for m in described["members"]}
        return described["state"], sorted(counts.values())

    def read():
        texts = []
        for out in outs:
            out.seek(0)
            texts.append(out.read())
        return sorted(b"".join(texts).split())

    for _ in range(3):
        join()
    wait_until(lambda: owned() == ("Stable", [1, 1, 2]), "sharing among three")
    for partition in range(4):
        cauce.call("produce", name, "-p", str(partition), text=b"".join(b"%d-%d\n" % (partition, i) for i in range(100)))
    expected = sorted(b"%d-%d" % (p, i) for p in range(4) for i in range(100))
    wait_until(lambda: len(read()) >= 400, "reading everything")
    expect_all(read(), expected, "what was read")
    # Each partition, for one without a commit has no lag at all.
    wait_until(lambda: [p["lag"] for p in cauce.json("group", "describe", name)[0]["partitions"]] == [0] * 4,
               "committing everything")
    members[0].kill()
    members[0].wait()
    wait_until(lambda: owned() == ("Stable", [2, 2]), "sharing among the two that are left")
    for partition in range(4):
        cauce.call("produce", name, "-p", str(partition), text=b"%d-more\n" % partition)
    expected = sorted(expected + [b"%d-more" % p for p in range(4)])
    wait_until(lambda: len(read()) >= 404, "reading the rest")
    expect_all(read(), expected, "what was read in all")
    # One leaves in order: the other has everything at once, not after a session timeout.
    end_by_ctrl_c(members[1])
    wait_until(lambda: owned() == ("Stable", [4]), "taking over")
    end_by_ctrl_c(members[2])
    wait_until(lambda: owned() == ("Empty", []), "leaving")
    cauce.call("topic", "delete", name, "-y")


@test
def members_share_a_group_by_range(cauce):
    share_out(cauce, "cli-range", [])


@test
def members_share_a_group_cooperatively(cauce):
    share_out(cauce, "cli-cooperative", ["-X", "partition.assignment.strategy=cooperative-sticky"])


@test
def members_share_a_group_by_turns(cauce):
    share_out(cauce, "cli-turns", ["-X", "partition.assignment.strategy=roundrobin"])


@test
def the_cluster_describes_itself(cauce):
    info = cauce.json("cluster", "info")
    expect(info["broker_count"], len(info["brokers"]), "brokers")
    expect(info["brokers"][0]["is_fenced"], False, "fenced")
    expect(cauce.out("cluster", "info").split()[0], b"cluster", "first word of the table")
    expect(sorted(cauce.json("version")), ["kafka_protocol", "version"], "version")
    expect(cauce.out("version").split()[0], b"cauce", "first word of the version's table")


@test
def wrong_use_has_its_exit_codes(cauce):
    cauce.call("nonsense", code=2)
    cauce.call("topic", "list", "--nonsense", code=2)
    cauce.call("topic", "list", "-X", "nonsense=1", code=2)
    cauce.call("consume", "cli-nothing", "--exit", code=3)
    cauce.call("topic", "delete", "cli-nothing", "-y", code=3)
    _, said = cauce.call("topic", "list", "-b", "127.0.0.1:1", code=5)
    expect(b"127.0.0.1:1" in said and b"cauce dev" in said, True, "complaint")
    cauce.call("help")
    expect(cauce.out("topic", "create", "--help"), cauce.out("help", "topic", "create"), "help")


# --- verbs that serve: each test starts programs of its own, on this machine


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that serves, ready when it says so; what it says is kept."""

    def __init__(self, binary, words, port, folder):
        self.log = pathlib.Path(folder) / f"server-{port}.log"
        # Should this program be killed, the server ends too.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*guard, binary, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        self.cauce = Cauce(binary, f"127.0.0.1:{port}")
        end = time.monotonic() + PATIENCE
        while "Kafka Server started" not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise Failure(f"`{' '.join(words)}` does not serve: {self.said()[-2000:]}")
            time.sleep(0.02)

    def said(self):
        return self.log.read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            expect(self.process.wait(PATIENCE), 0, "exit code of the server")
        finally:
            self.process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def refused(binary, *words, code=1):
    """What a server that must not start says."""
    ended = subprocess.run([binary, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    expect(ended.returncode, code, f"exit code of `{' '.join(words)}`")
    return ended.stderr.decode(errors="replace")


@server_test
def dev_keeps_its_data_and_ends_by_ctrl_c(binary, folder):
    port = free_port()
    words = ["dev", "--port", str(port), "--data", str(folder / "data"), "--no-open"]
    with Server(binary, words, port, folder) as server:
        server.cauce.call("produce", "kept", text=b"a line\n")
        wait_until(lambda: "Ctrl-C stops it" in server.said(), "saying that it is ready")
        said = server.said()
        for line in (f"is ready: one broker on 127.0.0.1:{port}", f"cauce consume greetings --from start -b 127.0.0.1:{port}"):
            expect(line in said, True, f"`{line}` among what it says")
        server.stop(signal.SIGINT)
    with Server(binary, words, port, folder) as server:
        expect(server.cauce.out("consume", "kept", "--exit"), b"a line\n", "what was kept")
        complaint = refused(binary, "dev", "--ephemeral", "--port", str(port), "--no-open")
        expect("Address already in use. Another program has the port" in complaint, True, "complaint about the port")
        complaint = refused(binary, "dev", "--data", str(folder / "data"), "--port", str(free_port()), "--no-open")
        expect(str(folder / "data") in complaint, True, "complaint about the folder")
        server.stop()
    refused(binary, "dev", "--data", "x", "--ephemeral", code=2)


def parts_of(complaint):
    """What a problem says, by its labels; nothing else may stand on standard error."""
    parts = {}
    for line in complaint.splitlines():
        if line[:6] in ("error:", "  why:", " next:"):
            label = line[:5].strip()
            parts[label] = line[7:]
        else:
            expect(bool(parts) and line.startswith(" " * 8), True, f"`{line}` as a part of the problem")
            parts[label] += "\n" + line.strip()
    return parts


@server_test
def dev_tells_programs_where_it_is(binary, folder):
    port = free_port()
    data = folder / "data"
    # Standard output by itself: what a program reads.
    process = Cauce(binary, "").start("dev", "--port", str(port), "--data", str(data), "-o", "json")
    try:
        told = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
        ready = json.loads(told)
        expect((ready["bootstrap_servers"], ready["data_directory"], ready["is_ephemeral"]), (f"127.0.0.1:{port}", str(data), False),
               "what it tells")
        expect(sorted(ready), ["bootstrap_servers", "data_directory", "http", "is_ephemeral", "version"], "fields")
        Cauce(binary, ready["bootstrap_servers"]).call("topic", "list")
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    expect((process.returncode, out), (0, b""), "exit code and what else it tells")
    expect("Kafka Server started" in said.decode() and "Ctrl-C stops it" in said.decode(), True, "talk on standard error")


@server_test
def ephemeral_data_is_gone_at_the_end(binary, folder):
    port = free_port()
    with Server(binary, ["dev", "--port", str(port), "--ephemeral", "--no-open"], port, folder) as server:
        server.cauce.call("produce", "gone", text=b"a line\n")
        wait_until(lambda: "Ctrl-C stops it" in server.said(), "saying that it is ready")
        data = pathlib.Path(re.search(r"^data +(.*) \(removed at the end\)$", server.said(), re.MULTILINE)[1])
        expect(data.is_dir(), True, "data while it runs")
        server.stop(signal.SIGINT)
        expect(data.exists(), False, "data afterwards")


@server_test
def a_broker_is_formatted_and_started(binary, folder):
    cauce = Cauce(binary, "127.0.0.1:1")
    cluster = cauce.out("storage", "random-uuid").decode().strip()
    expect(len(cluster), 22, "length of an id")
    expect(len(cauce.json("storage", "random-uuid")["uuid"]), 22, "length of an id in JSON")
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(f"process.roles=broker,controller\nnode.id=7\nlog.dirs={folder}/data\n"
                      f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n"
                      "controller.listener.names=CONTROLLER\n")
    start = ["broker", "start", "-c", str(config)]
    format_words = ["storage", "format", "--standalone", "-c", str(config)]
    complaint = refused(binary, *start)
    expect("is not formatted; run: cauce storage format" in complaint, True, "complaint before formatting")
    expect("error: the broker did not start\n  why: " in complaint and f"\n next: cauce doctor -c {config}  " in complaint, True,
           "the shape of it")
    said = cauce.out(*format_words, "-t", cluster).decode()
    expect(said.startswith("Formatting dynamic metadata voter directory "), True, "what formatting says")
    expect(f"cluster.id={cluster}" in (folder / "data" / "meta.properties").read_text(), True, "the id in meta.properties")
    expect("already formatted" in refused(binary, *format_words, "-t", cluster), True, "complaint about a second format")
    expect(cauce.call(*format_words, "-t", cluster, "--ignore-formatted")[1], b"", "complaint when that is ignored")
    other = cauce.out("storage", "random-uuid").decode().strip()
    expect(f"belongs to cluster {cluster}" in refused(binary, *format_words, "-g", "-t", other), True, "complaint about the id")
    formats = lambda *more: cauce.json(*format_words, "-t", cluster, "--ignore-formatted", *more)
    expect(formats(), [{"directory": f"{folder}/data", "metadata_version": None, "cluster_id": cluster,
                        "status": "already formatted"}], "formatting in JSON")
    refused(binary, "storage", "format", "-t", cluster, code=2)
    complaint = refused(binary, "storage", "format", "-t", cluster, "-c", str(config), code=2)
    expect(parts_of(complaint)["error"], "nothing says who votes first", "complaint about voters")
    refused(binary, "broker", "start", code=2)
    # A folder is no configuration either.
    for none in (folder / "none", folder):
        for words in (["broker", "start"], ["storage", "format", "--standalone", "-t", cluster]):
            complaint = refused(binary, *words, "-c", str(none), code=3)
            expect((list(parts_of(complaint)), str(none) in parts_of(complaint)["why"]), (["error", "why", "next"], True), complaint)
    expect("did you mean log.retention.hours?" in refused(binary, *start, "--set", "log.retention.hourz=1"), True, "suggestion")
    with Server(binary, [*start, "--set", "num.partitions=3"], port, folder) as server:
        info = server.cauce.json("cluster", "info")
        expect((info["cluster_id"], [b["node_id"] for b in info["brokers"]]), (cluster, [7]), "cluster")
        server.cauce.call("produce", "made-by-itself", text=b"x\n")
        topic, = server.cauce.json("topic", "describe", "made-by-itself")
        expect(topic["partition_count"], 3, "num.partitions")
        server.stop()


@server_test
def a_broker_has_several_log_directories(binary, folder):
    port = free_port()
    config = folder / "directories.properties"

    def configure(*names):
        config.write_text("process.roles=broker,controller\nnode.id=7\n"
                          f"log.dirs={','.join(str(folder / name) for name in names)}\nmetadata.log.dir={folder}/metadata\n"
                          f"listeners=PLAINTEXT://127.0.0.1:{port}\n")

    configure("one", "two")
    cauce = Cauce(binary, "127.0.0.1:1")
    said = cauce.out("storage", "format", "--standalone", "-c", str(config), "-t", "dLfCc2p6Rkqg0Hk0TjBiow").decode()
    expect([line.split(" directory ")[0] for line in said.splitlines()],
           ["Formatting data", "Formatting data", "Formatting dynamic metadata voter"], "what formatting says")
    identities = {re.search("directory.id=(.*)", (folder / name / "meta.properties").read_text())[1]
                  for name in ("one", "two", "metadata")}
    expect(len(identities), 3, "number of directory ids")

    def folders(name):
        return sorted(entry.name for entry in (folder / name).glob("spread-*"))

    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        server.cauce.call("topic", "create", "spread", "-p", "4")
        for partition in range(4):
            server.cauce.call("produce", "spread", "-p", str(partition), text=b"line %d\n" % partition)
        server.stop()
    expect((folders("one"), folders("two")), (["spread-0", "spread-2"], ["spread-1", "spread-3"]), "where partitions are")
    configure("one", "two", "three")
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        expect(f"the log directory {folder}/three is new" in server.said(), True, "what it says of a new directory")
        read = server.cauce.out("consume", "spread", "--exit")
        expect(sorted(read.splitlines()), [b"line %d" % partition for partition in range(4)], "what was kept")
        server.stop()
    meta = folder / "two" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=7", "node.id=8"))
    complaint = refused(binary, "broker", "start", "-c", str(config))
    expect(f"{folder}/two belongs to node 8, but node.id is 7" in complaint, True, "complaint about another node's directory")


@server_test
def a_configuration_is_checked_before_it_is_used(binary, folder):
    cauce = Cauce(binary, "127.0.0.1:1")
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    lines = ["process.roles=broker,controller", "node.id=7", f"log.dirs={folder}/data",
             f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
             "controller.listener.names=CONTROLLER", "log.retention.ms=5000", "num.io.threads=3"]
    config.write_text("\n".join([*lines, "log.segment.bites=1"]))
    validate = ["config", "validate", str(config)]
    out, said = cauce.call(*validate, code=1)
    expect(f"{config}:8  error" in out.decode() and "did you mean log.segment.bytes?" in out.decode(), True, "the line")
    expect(said.startswith(b"error: no broker starts with"), True, "complaint")
    config.write_text("\n".join(lines))
    expect([(f["place"], f["severity"]) for f in cauce.json(*validate)], [(f"{config}:7", "note")], "no effect yet")
    cauce.call("config", "validate", str(folder / "none"), code=3)
    place, = cauce.json("config", "explain", "log.retention.ms", "-c", str(config))[0]["values"]
    expect((place["value"], place["place"]), ("5000", f"{config}:6"), "where it is set")
    differs = {d["name"]: d["value"] for d in cauce.json("config", "diff", str(config), "--defaults")}
    expect((differs.get("node.id"), differs.get("num.io.threads")), ("7", "3"), "the file against the defaults")
    format_words = ["storage", "format", "--standalone", "-c", str(config), "-t", cauce.out("storage", "random-uuid").decode().strip()]
    expect(cauce.out(*format_words, "--dry-run").startswith(b"Would format "), True, "preview of formatting")
    expect((folder / "data").exists(), False, "data after the preview")
    cauce.call(*format_words)
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        # The controller itself keeps min.insync.replicas for the cluster (KIP-966).
        compare = lambda: {d["name"]: (d["file_value"], d["value"], d["status"]) for d in
                           server.cauce.json("config", "diff", str(config)) if d["name"] != "min.insync.replicas"}
        expect(compare(), {}, "file and broker")
        expect(f"without effect yet, and kept: num.io.threads ({config}:7)" in server.said(), True, "the log")
        config.write_text("\n".join([*lines, "num.partitions=4"]).replace("retention.ms=5000", "retention.ms=6000"))
        expect(compare(),
               {"log.retention.ms": ("6000", "5000", "changed in the file"), "num.partitions": ("4", "1", "new in the file")},
               "file and broker after a change")
        server.cauce.call("config", "diff", str(config), "-b", "127.0.0.1:1", code=5)
        server.stop()


@server_test
def files_of_a_broker_are_shown_and_verified(binary, folder):
    port = free_port()
    data = folder / "made" / "with" / "it"
    with Server(binary, ["dev", "--port", str(port), "--data", str(data), "--no-open"], port, folder) as server:
        server.cauce.call("topic", "create", "shown")
        server.cauce.call("produce", "shown", text=b"one\ntwo\n")
        cauce = server.cauce
        expect(cauce.json("storage", "info", str(data))[0]["in_use"], True, "in use")
        expect("a broker uses it" in refused(binary, "storage", "verify", str(data)), True, "complaint about the broker")
        server.stop()
    info, = cauce.json("storage", "info", str(data))
    expect((info["opens"], info["clean_shutdown"], info["node_id"], info["voters"]), (True, True, 1, [1]), "info")
    shown, = [one for one in info["partitions"] if one["folder"] == "shown-0"]
    expect((shown["start_offset"], shown["end_offset"]), (0, 2), "offsets of a partition")
    expect(cauce.json("storage", "verify", str(data))["damages"], 0, "damages")
    segment = data / "shown-0" / f"{0:020d}.log"
    expect([record["value"] for record in cauce.json("storage", "dump", str(segment))], ["one", "two"], "records")
    told = cauce.out("storage", "dump", str(data / "__cluster_metadata-0" / f"{0:020d}.log")).decode()
    expect('TopicRecord {"name":"shown"' in told, True, "the metadata log")
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(content)
    expect("is damaged" in refused(binary, "storage", "verify", str(data), code=6), True, "complaint about damage")
    expect("is damaged" in refused(binary, "storage", "dump", str(segment), code=6), True, "complaint about the segment")


def findings(binary, *words, code=6, environment=None, before=()):
    """What `cauce doctor` finds, by check."""
    ended = subprocess.run([*before, binary, "doctor", *words, "-o", "json"], stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=PATIENCE, check=False, env={**os.environ, **(environment or {})})
    expect(ended.returncode, code, f"exit code of `doctor {' '.join(words)}` ({ended.stdout.decode()} {ended.stderr.decode()})")
    return json.loads(ended.stdout)


@server_test
def doctor_names_the_line_of_every_mistake(binary, folder):
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    right = {"process.roles": "broker,controller", "node.id": "7", "log.dirs": f"{folder}/data",
             "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
             "controller.listener.names": "CONTROLLER", "num.partitions": "1"}
    words = ["-c", str(config), "--timeout", "2s"]

    def write(**changes):
        """The configuration with some keys changed (dots as underlines); returns the line of the first of them."""
        keys = {**right, **{key.replace("_", "."): value for key, value in changes.items()}}
        config.write_text("# A comment.\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))
        return f"{config}:{list(keys).index(next(iter(changes)).replace('_', '.')) + 2}" if changes else ""

    def mistake(check, place, severity="error", found=None):
        """Doctor finds it: the check, how bad it is, and the line to change."""
        found = findings(binary, *words, code=6 if severity == "error" else 0) if found is None else found
        for each in found:
            if (each["check"], each["severity"], each["place"]) == (check, severity, place):
                return each["finding"] + " " + (each["change"] or "")
        raise Failure(f"no {severity} {check} at {place} among {found}")

    # Planted in the configuration.
    expect("did you mean log.retention.hours?" in mistake("configuration", write(log_retention_huors="1")), True, "suggestion")
    mistake("configuration", write(num_partitions="many"))
    mistake("configuration", write(advertised_listeners="PLAINTEXT://0.0.0.0:9092"))
    mistake("configuration", write(listeners="SSL://:9092"))
    write()
    text = mistake("data-directory", f"{config}:4")
    expect(f"cauce storage format --standalone -t $(cauce storage random-uuid) -c {config}" in text, True, "the way out")
    cluster = Cauce(binary, "").out("storage", "random-uuid").decode().strip()
    Cauce(binary, "").out("storage", "format", "--standalone", "-c", str(config), "-t", cluster)
    mistake("node-id", write(node_id="8"))
    mistake("data-directory", write(log_dirs=f"{config}/data"))
    mistake("data-directory", write(log_dirs="/proc/data"))
    (folder / "damaged").mkdir()
    (folder / "damaged" / "meta.properties").write_text("version=9\n")
    write(log_dirs=f"{folder}/damaged")
    mistake("data-directory", f"{folder}/damaged/meta.properties")
    mistake("listener-port", write(listeners=f"PLAINTEXT://:{port},CONTROLLER://:{port}"))
    mistake("listener", write(listeners=f"PLAINTEXT://192.0.2.1:{port}"))
    place = write(advertised_listeners=f"PLAINTEXT://no-such-host.invalid:{port}", listeners=f"PLAINTEXT://:{port}")
    mistake("advertised-address", place)
    mistake("advertised-address", write(advertised_listeners=f"PLAINTEXT://localhost:{port}",
                                        listeners=f"PLAINTEXT://0.0.0.0:{port}"), "warning")
    place = write(listeners=f"PLAINTEXT://127.0.0.1:{port}", advertised_listeners=f"PLAINTEXT://192.0.2.1:{port}")
    mistake("advertised-address", place)
    write()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        mistake("listener-port", f"{config}:5")
    second = folder / "second.properties"
    second.write_text("process.roles=broker,controller\nnode.id=7\nlisteners=PLAINTEXT://127.0.0.1:0\n"
                      f"log.dirs={folder}/data\n")
    mistake("node-id", f"{second}:2", found=findings(binary, *words, "-c", str(second)))
    if shutil.which("prlimit"):
        mistake("open-files", "ulimit -n", "warning", findings(binary, *words, code=0, before=["prlimit", "--nofile=512:512"]))
    found = findings(binary, "--container", "--set", f"log.dirs={folder}/data", "--set", "node.id=7", "--set",
                     f"listeners=PLAINTEXT://127.0.0.1:{port}", code=0, environment={"CLUSTER_ID": "MkU3OEVBNTcwNTJENDM2Qg"})
    mistake("cluster-id", "CLUSTER_ID", "warning", found)

    # With the broker running: right, and with an address that leads nowhere.
    write()
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        found = findings(binary, *words, code=0)
        about_the_machine = ("open-files", "disk-space", "clock")
        expect([f for f in found if f["severity"] in ("error", "warning") and f["check"] not in about_the_machine], [],
               "complaints about what is right")
        expect(sum("and it answers" in f["finding"] for f in found), 1, "advertised addresses that were dialed")
        mistake("advertised-address", write(advertised_listeners=f"PLAINTEXT://127.0.0.1:{controller_port}"))
        table = server.cauce.out("doctor").decode()
        expect((table.split()[0], "which answers" in table), ("STATUS", True), f"the table ({table})")
        found = findings(binary, "-b", f"127.0.0.1:{port},127.0.0.1:{controller_port}")
        expect([f["check"] for f in found if f["severity"] == "error"], ["bootstrap"], "what a client finds")
        server.stop()
    write()
    with Server(binary, ["broker", "start", "-c", str(config), "--set", f"advertised.listeners=PLAINTEXT://127.0.0.1:{controller_port}"],
                port, folder) as server:
        found = findings(binary, "-b", f"127.0.0.1:{port}")
        mistake("advertised-address", "advertised.listeners in the configuration of node 7", found=found)
        server.stop()


@test
def shells_complete_commands_and_names(cauce):
    cauce.call("topic", "create", "cli-completion-1")
    cauce.call("topic", "create", "cli-completion-2")
    expect(cauce.out("__complete", "cauce topic describe cli-completion-").split(),
           [b"cli-completion-1", b"cli-completion-2"], "names of topics")
    expect(cauce.out("__complete", "cauce clus"), b"cluster\n", "commands")
    # Readline takes host:port apart; the function has to put it together again.
    script = ("source <(\"$1\" completion bash)\nCOMP_WORDS=(\"$1\" -b 127.0.0.1 : \"$2\" topic describe cli-completion-)\n"
              "COMP_CWORD=7 COMP_LINE=\"cauce -b 127.0.0.1:$2 topic describe cli-completion-\"\nCOMP_POINT=${#COMP_LINE}\n"
              "_cauce\necho \"${COMPREPLY[*]}\"\n")
    port = cauce.environment["CAUCE_BOOTSTRAP"].split(":")[-1]
    said = subprocess.run(["bash", "-c", script, "bash", cauce.binary, port], capture_output=True, check=False, timeout=PATIENCE)
    expect(said.stdout.split(), [b"cli-completion-1", b"cli-completion-2"], f"what bash offers ({said.stderr.decode()})")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            checked = subprocess.run([shell, "-n"], input=cauce.out("completion", shell), capture_output=True, check=False)
            expect((checked.returncode, checked.stderr), (0, b""), f"what {shell} thinks of its script")
    cauce.call("topic", "delete", "cli-completion-1", "cli-completion-2", "-y")


@test
def profiles_keep_settings(cauce):
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": ""}
        environment.pop("CAUCE_BOOTSTRAP", None)
        mine = Cauce(cauce.binary, "")
        mine.environment = environment
        mine.call("profile", "current", code=3)
        mine.call("profile", "create", "here", "-b", cauce.environment["CAUCE_BOOTSTRAP"], "-X", "client.id=me")
        mine.call("profile", "create", "nowhere", "-b", "127.0.0.1:1")
        expect(mine.out("profile", "current"), b"here\n", "the first one made")
        expect(mine.json("cluster", "info")["broker_count"], cauce.json("cluster", "info")["broker_count"], "brokers")
        mine.call("topic", "list", "--profile", "nowhere", code=5)
        mine.call("profile", "use", "nowhere")
        mine.call("topic", "list", code=5)
        expect({row["name"]: row["origin"] for row in mine.json("profile", "show", "here")},
               {"bootstrap": "profile here", "client.id": "profile here"}, "origins")
        mine.call("profile", "delete", "nowhere")
        expect([row["profile"] for row in mine.json("profile", "list")], ["here"], "profiles")


@test
def errors_and_keys_are_explained(cauce):
    expect(cauce.json("explain", "19")[0]["name"], "NOT_ENOUGH_REPLICAS", "error 19")
    expect([key["scope"] for key in cauce.json("explain", "min.insync.replicas")], ["broker", "topic"], "scopes of a key")
    cauce.call("explain", "NOT_ENOUGH_COFFEE", code=3)
    name = "kafka_server_brokertopicmetrics_messagesin_total"
    metric, = cauce.json("explain", name)
    expect([metric[field] for field in ("name", "kind", "type", "unit", "labels")],
           [name, "metric", "counter", "records", ["topic"]], "a metric")
    lines = cauce.out("explain", name).decode().splitlines()
    expect([line.split()[0] for line in lines], ["metric", "means", "type", "unit", "labels", "worry"], "a metric's lines")
    expect(f"- name: {name}" in cauce.out("explain", name, "-o", "yaml").decode(), True, "a metric in YAML")
    expect(cauce.out("explain", name + '{topic="a"}', "-o", "name").decode(), name + "\n", "a metric by its sample")
    expect(name in cauce.out("__complete", f"cauce explain {name[:-8]}").decode().split(), True, "a metric is completed")
    error = cauce.call("explain", name.replace("messages", "mesages"), code=3)[1].decode()
    expect(f"did you mean `{name}`?" in error, True, f"the nearest metric in {error!r}")
    # tests/hostile holds the same list against what a broker serves.
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    listed = {name: (kind, re.findall(r"\w+", labels))
              for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", text, re.MULTILINE)}
    explained = {metric["name"]: (metric["type"], metric["labels"]) for metric in cauce.json("explain", *listed)}
    expect_all(map(repr, explained.items()), map(repr, listed.items()), "metrics explained and listed in docs/metrics.md")
    offered = cauce.out("__complete", "cauce explain ").decode().split()
    expect_all([word for word in offered if word.startswith(("kafka_", "cauce_"))], list(listed), "metrics offered")


@server_test
def a_container_needs_no_configuration(binary, folder):
    port = free_port()
    environment = {"KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}", "KAFKA_LOG_DIRS": f"{folder}/data",
                   "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw", "KAFKA_NUM_PARTITIONS": "3"}
    words = [f"{name}={value}" for name, value in environment.items()]
    ready = lambda code: subprocess.run(["env", *words, binary, "broker", "ready", "--container"], check=False,
                                        capture_output=True, timeout=PATIENCE).returncode == code
    expect(ready(5), True, "not ready before it runs")
    for _ in range(2):  # an empty directory is formatted; a formatted one is taken as it is
        with Server("env", [*words, binary, "broker", "start", "--container"], port, folder) as server:
            server.cauce.binary = binary
            wait_until(lambda: ready(0), "broker ready")
            expect(server.cauce.json("cluster", "info")["cluster_id"], "4L6g3nShT-eMCtK--X86sw", "cluster id")
            server.cauce.call("produce", "made-by-itself", text=b"x\n")
            expect(server.cauce.json("topic", "describe", "made-by-itself")[0]["partition_count"], 3, "num.partitions")
            expect(server.cauce.json("cluster", "health", "--exit-when-healthy")["is_healthy"], True, "health")
            server.stop()


@server_test
def kafkas_tools_format_start_ask_and_stop_by_their_names(binary, folder):
    # A file of its own: kafka-server-stop ends every server of the program it is a link to.
    program = folder / "cauce"
    shutil.copy(binary, program)

    def tool(name, *words, text=b"", code=0):
        link = folder / name
        if not link.exists():
            link.symlink_to(program)
        return Cauce(link, "127.0.0.1:1").call(*words, text=text, code=code)

    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(f"process.roles=broker,controller\nnode.id=1\nlog.dirs={folder}/data\n"
                      f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n"
                      "controller.listener.names=CONTROLLER\n")
    cluster = tool("kafka-storage.sh", "random-uuid")[0].decode().strip()
    tool("kafka-storage", "format", "--standalone", "-t", cluster, "-c", str(config))
    expect(tool("kafka-server-stop.sh", code=1)[0], b"No kafka server to stop\n", "stopping nothing")
    (folder / "kafka-server-start.sh").symlink_to(program)
    words = [str(config), "--override", "num.partitions=2"]
    with Server(folder / "kafka-server-start.sh", words, port, folder) as server:
        broker = ["--bootstrap-server", f"127.0.0.1:{port}"]
        expect(tool("kafka-topics.sh", *broker, "--create", "--topic", "cli-kafka")[0], b"Created topic cli-kafka.\n", "creating")
        tool("kafka-console-producer", *broker, "--topic", "cli-kafka", "--reader-property", "parse.key=true",
             text=b"a\tone\na\ttwo\n")
        out, said = tool("kafka-console-consumer", *broker, "--topic", "cli-kafka", "--from-beginning", "--max-messages", "2",
                         "--group", "cli-kafka")
        expect((out, said), (b"one\ntwo\n", b"Processed a total of 2 messages\n"), "consuming")
        expect(tool("kafka-get-offsets", *broker, "--topic", "cli-kafka")[0].count(b"\n"), 2, "partitions")
        described = tool("kafka-consumer-groups", *broker, "--describe", "--group", "cli-kafka")[0].decode().split()
        expect(described[:3], ["GROUP", "TOPIC", "PARTITION"], "titles of the group's table")
        out = tool("kafka-topics.sh", *broker, "--describe", "--topic", "none", code=1)[0]
        expect(out, b"Error while executing topic command : Topic 'none' does not exist as expected\n", "complaint")
        tool("kafka-server-stop.sh")
        expect(server.process.wait(PATIENCE), 0, "exit code of the server")


def run(name, function, *arguments):
    try:
        function(*arguments)
        print(f"ok {name}", flush=True)
        return True
    except Exception as failure:  # whatever it is, the other tests are to run
        text = str(failure).replace("\n", " | ")
        print(f"not ok {name}: {text if isinstance(failure, Failure) else repr(failure)}", flush=True)
        return False


def main():
    binary = os.path.abspath(sys.argv[1])
    name_of = lambda function: function.__name__.replace("_", " ")
    server_tests = SERVER_TESTS if len(sys.argv) == 2 else []
    for function in TESTS + server_tests:
        print(f"will {name_of(function)}", flush=True)
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if len(sys.argv) > 2:
            for function in TESTS:
                good &= run(name_of(function), function, Cauce(binary, sys.argv[2]))
        else:
            port = free_port()
            with Server(binary, ["dev", "--ephemeral", "--no-open", "--port", str(port)], port, folder) as server:
                for function in TESTS:
                    good &= run(name_of(function), function, server.cauce)
                server.stop()
            for function in server_tests:
                own = folder / function.__name__
                own.mkdir()
                good &= run(name_of(function), function, binary, own)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
