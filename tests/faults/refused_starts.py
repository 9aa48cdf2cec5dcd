"""What only an operator can decide on stops the start: the reason names the file, and the place where there is one; the
directory is left as it was found, for people to look at."""

import random
import shutil
import struct
import sys

import cases
from broker import Failure
from kafka_wire import record_batch
from node import Node
from stored import Stored, batches_of, contents, emptied, flip, garbled, halved, zeroed

METADATA = "__cluster_metadata-0"
LOG = f"{METADATA}/{0:020}.log"
BOOTSTRAP = f"{METADATA}/{0:020}-{0:010}.checkpoint"


def refused(node, *words):
    """It does not start, says these words, and changes nothing."""
    before = [contents(directory) for directory in node.directories]
    said = node.refused_start()
    missing = [word for word in words if word not in said]
    if missing:
        raise Failure(f"it did not say {missing}: {node.last_words()}")
    if [contents(directory) for directory in node.directories] != before:
        raise Failure("a directory that was refused has been changed")


def change(path, old, new):
    text = path.read_text()
    if old not in text:
        raise Failure(f"no {old} in {path.name}")
    path.write_text(text.replace(old, new))


def line_of(path, key):
    return next(line for line in path.read_text().splitlines() if line.startswith(key + "="))


@cases.test
def a_damaged_metadata_log_is_refused_with_file_byte_and_offset(program, folder):
    dice = random.Random(1)
    for clean in (True, False):
        stored = Stored(program, folder, clean)
        batches = batches_of(stored.directory / LOG)
        for position, base, size in [batches[0], *dice.sample(batches, 4), batches[-1]]:
            with stored.copy() as node:
                # Behind the checksum, so that all of it is covered.
                flip(node.directories[0] / LOG, position + dice.randrange(21, size))
                refused(node, str(node.directories[0] / LOG), f"at byte {position} (offset {base})")


@cases.test
def a_metadata_log_that_lost_what_was_committed_is_refused(program, folder):
    for clean in (True, False):
        stored = Stored(program, folder, clean)
        position, base, _ = batches_of(stored.directory / LOG)[-1]
        for end in (position, position + 30):
            with stored.copy() as node:
                with open(node.directories[0] / LOG, "r+b") as log:
                    log.truncate(end)
                refused(node, str(node.directories[0] / LOG), f"offset {base}", "had been committed")
        with stored.copy() as node:
            (node.directories[0] / LOG).unlink()
            refused(node, METADATA, "had been committed")


@cases.test
def the_torn_end_of_the_metadata_log_that_nobody_was_told_of_is_cut(program, folder):
    stored = Stored(program, folder, clean=False)
    log = stored.directory / LOG
    position, base, size = batches_of(log)[-1]
    torn = bytearray(log.read_bytes()[position:position + size])
    struct.pack_into(">q", torn, 0, base + 1)
    for tail in (bytes(torn[:size // 2]), bytes(700), b"\x7f" * 100):
        with stored.copy() as node:
            # The broker reserves space ahead: the tail begins where the last batch ends.
            with open(node.directories[0] / LOG, "r+b") as file:
                file.truncate(position + size)
                file.seek(position + size)
                file.write(tail)
            node.launch("kept", 1)
            if "of the metadata log, the rest of a write that was never answered" not in node.said():
                raise Failure("the start did not say that it has cut something off")
            stored.check(node)
            node.stop()


@cases.test
def a_damaged_snapshot_of_the_metadata_is_refused(program, folder):
    stored = Stored(program, folder, clean=True)
    for damage in (emptied, halved, zeroed, garbled, lambda path: flip(path, 100)):
        with stored.copy() as node:
            damage(node.directories[0] / BOOTSTRAP)
            refused(node, str(node.directories[0] / BOOTSTRAP))


@cases.test
def a_damaged_quorum_state_is_refused(program, folder):
    stored = Stored(program, folder, clean=True)
    for damage in (emptied, halved, zeroed, garbled):
        with stored.copy() as node:
            damage(node.directories[0] / METADATA / "quorum-state")
            refused(node, str(node.directories[0] / METADATA / "quorum-state"), "it is no quorum state")


@cases.test
def damaged_meta_properties_are_refused(program, folder):
    stored = Stored(program, folder, clean=True)
    for damage in (emptied, zeroed, garbled):
        with stored.copy() as node:
            damage(node.directories[0] / "meta.properties")
            refused(node, str(node.directories[0] / "meta.properties"))
    for old, new, why in (("version=1", "version=7", "unknown version 7"),
                          ("node.id=1", "node.id=one", "the node id is no number: one")):
        with stored.copy() as node:
            change(node.directories[0] / "meta.properties", old, new)
            refused(node, str(node.directories[0] / "meta.properties"), why)
    with stored.copy() as node:
        (node.directories[0] / "meta.properties").unlink()
        refused(node, str(node.directories[0]), "is not formatted")


@cases.test
def another_nodes_directory_is_refused(program, folder):
    stored = Stored(program, folder, clean=True)
    with stored.copy() as node:
        change(node.directories[0] / "meta.properties", "node.id=1", "node.id=2")
        refused(node, str(node.directories[0]), "belongs to node 2")
    with stored.copy() as node:
        meta = node.directories[0] / "meta.properties"
        change(meta, line_of(meta, "directory.id"), "directory.id=AAAAAAAAAAAAAAAAAAAAAQ")
        refused(node, METADATA, "its voters are")


@cases.test
def directories_that_do_not_belong_together_are_refused(program, folder):
    with Node(program, folder, directories=2) as node:
        first, second = (directory / "meta.properties" for directory in node.directories)
        sound = second.read_text()
        for key, value, why in (("cluster.id", "4L6g3nShT-eMCtK--X86sw", "belongs to cluster 4L6g3nShT-eMCtK--X86sw"),
                                ("directory.id", line_of(first, "directory.id").partition("=")[2], "one is a copy"),
                                ("node.id", "3", "belongs to node 3")):
            change(second, line_of(second, key), f"{key}={value}")
            refused(node, str(node.directories[1]), why)
            second.write_text(sound)
        node.launch()
        connection = node.make_topic("both", 1)
        code, _ = connection.receive_produce(connection.send_produce("both", 0, record_batch([b"one"])))
        if code != 0:
            raise Failure(f"error {code}")
        connection.close()
        node.stop()
        # One partition in two places: which one is right nobody can tell.
        place = next(path for directory in node.directories for path in directory.glob("both-0"))
        other = next(directory for directory in node.directories if directory != place.parent)
        shutil.copytree(place, other / "both-0")
        said = node.refused_start()
        if "both-0" not in said or not all(str(directory) in said for directory in node.directories):
            raise Failure(f"it did not name the folder and both places: {node.last_words()}")


@cases.test
def a_directory_in_use_is_refused(program, folder):
    stored = Stored(program, folder, clean=True)
    with stored.copy() as node:
        node.launch("kept", 1)
        home = node.directories[0].parent / "second"
        home.mkdir()
        with Node(program, home, [node.directories[0]]) as second:
            said = second.refused_start()
            if f"another process uses the log directory {node.directories[0]}" not in said:
                raise Failure(second.last_words())
        stored.check(node)
        node.stop()


if __name__ == "__main__":
    sys.exit(cases.main())
