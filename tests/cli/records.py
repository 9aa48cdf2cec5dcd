"""Records: produced and consumed, in every form."""

import base64
import json
import os
import tempfile

from calling import PATIENCE, end_by_ctrl_c, expect, test, wait_until


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
