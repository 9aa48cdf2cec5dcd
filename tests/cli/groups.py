"""Groups: their positions, and their members among themselves."""

import json
import tempfile

from calling import Failure, end_by_ctrl_c, expect, expect_all, test, wait_until


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
