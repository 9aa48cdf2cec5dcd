"""Topics: made, shown, altered, trimmed, deleted."""

import json
import os
import time

from calling import Failure, columns, expect, test


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
def retention_says_what_goes_next(cauce):
    cauce.call("topic", "create", "cli-kept", "-p", "2", "-c", "retention.ms=3600000", "-c", "segment.bytes=1048576")
    for _ in range(3):
        cauce.call("produce", "cli-kept", "-p", "0", text=os.urandom(350_000).hex().encode() + b"\n")
    kept = cauce.json("topic", "retention", "cli-kept")
    expect((kept["topic"], kept["cleanup_policy"], kept["retention_ms"]), ("cli-kept", "delete", 3600000), "rules")
    full, empty = kept["partitions"]
    expect((full["log_start_offset"], empty["oldest_timestamp"]), (0, None), "oldest records")
    if not 0 <= time.time() * 1000 - full["oldest_timestamp"] < 600_000 or full["size"] < 1_000_000:
        raise Failure(f"the oldest record and the size: {full}")
    # Only brokers of ours tell of segments.
    if full["verdict"] is not None:
        expect((full["verdict"], full["segment_first_offset"]), ("keep", 0), "the next to go")
        expect(full["next_deletion_timestamp"], full["segment_max_timestamp"] + 3600001, "when")
        cauce.call("topic", "alter", "cli-kept", "--set", "retention.ms=-1", "--set", "retention.bytes=1", "-y")
        said = cauce.json("topic", "retention", "cli-kept")["partitions"][0]
        if said["verdict"] not in ("size", "keep") or "retention.bytes" not in said["reason"]:
            raise Failure(f"by size: {said}")
    expect(columns(cauce.out("topic", "retention", "cli-kept").split(b"\n\n")[1])[:1], ["PARTITION"], "table")
    cauce.call("topic", "retention", "cli-nothing", code=3)
    cauce.call("topic", "delete", "cli-kept", "-y")


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
