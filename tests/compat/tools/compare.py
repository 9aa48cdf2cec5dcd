"""Calls Kafka's tools and ours with the same flags and compares; tests/compat/tools/run says how it is called."""

import base64
import pathlib
import re
import select
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 120  # seconds that a call may take, however busy the machine is
TOOLS = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
}
# Each call in its order, later ones stand on earlier ones. "@" is the side's own "jav-" or "cau-", as long as each other, so
# that columns get as wide. A call is: the words after tool and --bootstrap-server; "<text" as its last word is its input.
CALLS = """
kafka-topics --create --topic @t --partitions 3 --config retention.ms=3600000
kafka-topics --create --topic @t
kafka-topics --create --topic @t --if-not-exists
kafka-topics --create --topic @under_score --replication-factor 1
kafka-topics --create --topic @placed --replica-assignment 1,1
kafka-topics --create --topic @bad --partitions 0
kafka-topics --create --topic @bad --partitions x
kafka-topics --create --topic @bad --replication-factor 40000
kafka-topics --create --topic @bad --replication-factor 9
kafka-topics --create --topic @bad --config a
kafka-topics --create --topic @bad --config retenton.ms=1
kafka-topics --create --topic @bad --config retention.ms=soon
kafka-topics --create --topic @bad --replica-assignment 1:1
kafka-topics --create --topic @bad --replica-assignment 1,1:2
kafka-topics --create --topic @bad/name
kafka-topics --list --topic @.*
kafka-topics -list --topic @t extra
kafka-topics --describe --topic @.*
kafka-topics --describe --topic @t|@placed --topics-with-overrides
kafka-topics --describe --topic @.* --under-replicated-partitions
kafka-topics --describe --topic @.* --at-min-isr-partitions
kafka-topics --describe --topic @nothing
kafka-topics --describe --topic @nothing --if-exists
kafka-topics --describe --topic-id abc
kafka-topics --describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ
kafka-topics --describe --topic [
kafka-topics --alter --topic @placed --partitions 3
kafka-topics --alter --topic @placed --partitions 2
kafka-topics --alter --topic @nothing --partitions 2
kafka-topics --describe --topic @placed
kafka-topics --list --describe
kafka-topics --list --partitions 3
kafka-topics --create
kafka-topics --alter --topic @t
kafka-topics --list --topic a --topic b
kafka-topics --topic
kafka-topics --nonsense
kafka-topics -nonsense
kafka-console-producer --topic @t --reader-property parse.key=true <a\\tone\\nb\\ttwo\\nc\\tthree\\nd\\tfour\\n
kafka-console-producer --topic @t --property parse.headers=true --property parse.key=true --compression-codec lz4 --sync <h:1,i:\\te\\tfive\\n
kafka-console-producer --topic @t --reader-property parse.key=true <no key\\n
kafka-console-producer --topic @t --nonsense
kafka-console-producer --topic @t --reader-property a=b --property a=b
kafka-console-producer
kafka-console-consumer --topic @t --from-beginning --max-messages 5 --group @g
kafka-console-consumer --topic @t --from-beginning --max-messages 5 --formatter-property print.key=true --property print.x=1
kafka-console-consumer --topic @t --partition 1 --offset 0 --max-messages 1 --formatter-property print.key=true --formatter-property print.offset=true --formatter-property print.partition=true --formatter-property print.headers=true --formatter-property print.epoch=true
kafka-console-consumer --include @t|@under.* --from-beginning --max-messages 5 --formatter-property key.separator=: --formatter-property print.headers=true
kafka-console-consumer --topic @t --partition 1 --offset earliest --max-messages 1 --value-deserializer org.apache.kafka.common.serialization.StringDeserializer
kafka-console-consumer --topic @placed --partition 0 --timeout-ms 1000
kafka-console-consumer
kafka-console-consumer --topic @t --include @t
kafka-console-consumer --topic @t --offset 3
kafka-console-consumer --topic @t --partition 0 --offset x
kafka-console-consumer --topic @t --partition 0 --from-beginning --offset 1
kafka-console-consumer --topic @t --group a --command-property group.id=b
kafka-console-consumer --topic @t --group a --partition 0
kafka-console-consumer --topic @t --formatter nonsense
kafka-console-consumer --topic @t --nonsense
kafka-get-offsets --topic @.*
kafka-get-offsets --topic @t --time -2
kafka-get-offsets --topic @t --time earliest --partitions 0,2
kafka-get-offsets --topic-partitions @t:1-,@placed:0,@t:-1
kafka-get-offsets --topic @t --time 1
kafka-get-offsets --topic @nothing
kafka-get-offsets --topic @t --time soon
kafka-get-offsets --topic @t --partitions 0,x
kafka-get-offsets --topic @t --topic-partitions @t
kafka-get-offsets --nonsense
kafka-consumer-groups --describe --group @g
kafka-consumer-groups --describe --group @g --offsets --verbose
kafka-consumer-groups --describe --group @g --members
kafka-consumer-groups --describe --group @g --members --verbose
kafka-consumer-groups --describe --group @g --state
kafka-consumer-groups --describe --group @g --state --verbose
kafka-consumer-groups --describe --group @nothing
kafka-consumer-groups --describe
kafka-consumer-groups --describe --group @g --members --state
kafka-consumer-groups --list --state nonsense
kafka-consumer-groups --list --type nonsense
kafka-consumer-groups --list --group @g
kafka-consumer-groups --members
kafka-consumer-groups --nonsense
kafka-consumer-groups --reset-offsets --group @g --topic @t --to-earliest
kafka-consumer-groups --reset-offsets --group @g --topic @t --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --all-topics --to-current --dry-run --export
kafka-consumer-groups --reset-offsets --group @g --topic @t --shift-by -1 --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t:0 --to-offset 0 --execute
kafka-consumer-groups --reset-offsets --group @g --topic @t:0,1 --to-offset 99 --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t --to-datetime 2020-01-01T00:00:00.000 --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t --by-duration PT1H --dry-run
kafka-consumer-groups --reset-offsets --group @new --topic @t --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @nothing --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t:7 --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t:x --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t --to-latest --to-earliest
kafka-consumer-groups --reset-offsets --group @g --to-latest --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t --by-duration 1h --dry-run
kafka-consumer-groups --reset-offsets --group @g --topic @t --to-datetime yesterday --dry-run
kafka-consumer-groups --validate-regex a.*
kafka-consumer-groups --describe --group @g
kafka-consumer-groups --delete-offsets --group @g --topic @t:0
kafka-consumer-groups --delete-offsets --group @nothing --topic @t
kafka-consumer-groups --delete --group @g --group @nothing
kafka-consumer-groups --delete --group @nothing
kafka-delete-records --offset-json-file {records}
kafka-delete-records --offset-json-file {twice}
kafka-delete-records --offset-json-file {broken}
kafka-delete-records --offset-json-file {empty}
kafka-delete-records --offset-json-file {nowhere}
kafka-delete-records
kafka-get-offsets --topic @t --time -2
kafka-configs --describe --topic @t
kafka-configs --alter --topic @t --add-config retention.ms=7200000,cleanup.policy=[compact,delete]
kafka-configs --describe --entity-type topics --entity-name @t
kafka-configs --alter --topic @t --delete-config retention.ms
kafka-configs --alter --topic @t --delete-config segment.ms
kafka-configs --alter --topic @t --add-config a
kafka-configs --alter --topic @t --add-config retention.ms=soon
kafka-configs --alter --topic @t
kafka-configs --describe
kafka-configs --describe --entity-type things
kafka-configs --describe --topic @t --add-config a=b
kafka-configs --alter --broker x --add-config a=b
kafka-configs --alter --broker-defaults --add-config log.retention.ms=86400000
kafka-configs --describe --broker-defaults
kafka-configs --alter --broker-defaults --delete-config log.retention.ms
kafka-broker-api-versions
kafka-topics --delete --topic @under.*
kafka-topics --delete --topic @nothing
kafka-topics --delete --topic @nothing --if-exists
kafka-topics --delete --topic @.*
"""
FILES = {
    "records": '{"partitions": [{"topic": "@t", "partition": 0, "offset": 1}], "version": 1}',
    "twice": '{"partitions": [{"topic": "@t", "partition": 0, "offset": 1}, {"topic": "@t", "partition": 0, "offset": 2}]}',
    "broken": '{"partitions": ',
    "empty": '{"version": 1}',
}


class Java:
    """One Java machine for all calls."""

    def __init__(self, classes):
        self.process = subprocess.Popen(
            ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m",
             f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{classes}/*", str(HERE / "Tools.java")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, tool, words, text):
        fields = [TOOLS[tool].encode(), text, *(word.encode() for word in words)]
        self.process.stdin.write(" ".join(base64.b64encode(field).decode() for field in fields) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            raise TimeoutError(f"the Java tool did not end within {PATIENCE} s")
        code, out, err = self.process.stdout.readline().rstrip("\n").split(" ")
        return int(code), base64.b64decode(out).decode(), base64.b64decode(err).decode()

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)


class Ours:
    """The program by the tool's name, as the links of an image call it, with and without .sh by turns."""

    def __init__(self, binary, folder):
        self.folder, self.calls = folder, 0
        for tool in TOOLS:
            for name in (tool, f"{tool}.sh"):
                (folder / name).symlink_to(pathlib.Path(binary).resolve(strict=True))

    def call(self, tool, words, text):
        self.calls += 1
        program = self.folder / (tool if self.calls % 2 else f"{tool}.sh")
        done = subprocess.run([program, *words], input=text, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def usage_of(text):
    """{flag: its value} of a usage's left column, whose cells may go over several lines."""
    lines = text.splitlines()
    width = lines[1].index("-----------")
    flags, name = {}, None
    for line in lines[2:]:
        left = line[:width].rstrip()
        if left.startswith("--"):
            name, _, value = left.partition(" ")
            # A name that is as wide as its column.
            flags[name] = value
        elif name and left:
            flags[name] += left
    return {flag: value.replace(" ", "") for flag, value in flags.items()}


# What differs without being a difference: logs and traces of Java, names that chance gives, versions of the protocol that
# the two releases reach.
NOISE = re.compile(r"^(\tat |\t\.\.\. |Caused by: |(WARN|ERROR|INFO) |[a-z]+(\.[A-Za-z$]+)+(Exception|Error)\b|"
                   r"The consumer rebalance protocol )")
NORMAL = [
    (re.compile(r"\b(jav|cau)-"), "@"),
    (re.compile(r"TopicId: [\w-]{22}"), "TopicId: ID"),
    (re.compile(r"\[usable: \d+\]"), "[usable: N]"),
    # Java's set has another order each time.
    (re.compile(r"(?<=Valid states are: ).*"), lambda found: ", ".join(sorted(found[0].split(", ")))),
    (re.compile(r"\[[\w-]+\](, \[[\w-]+\])+"), lambda found: ", ".join(sorted(found[0].split(", ")))),
    # What Kafka 4.3's tool does not know yet, 4.4 has.
    (re.compile(r",?\n\t(StreamsGroupTopologyDescriptionUpdate\(93\)|UnregisterController\(94\)): UNSUPPORTED"), ""),
    # What our broker adds to the refusal of a key that resembles a known one.
    (re.compile(r" \(did you mean [\w.]+\?\)"), ""),
]


def normal(text):
    """(lines, usage): without noise; lines in any order, as Java's maps have none."""
    usage = None
    at = re.search(r"^Option +Description", text, re.MULTILINE)
    if at:
        usage = usage_of(text[at.start():])
        text = text[:at.start()]
    for pattern, instead in NORMAL:
        text = pattern.sub(instead, text)
    lines = [line for line in text.rstrip("\n").split("\n") if not NOISE.match(line)]
    return sorted(lines) if any(lines) else [], usage


def difference(java, ours):
    if java[0] != ours[0]:
        return f"exit code {ours[0]} instead of {java[0]}: {(ours[1] + ours[2]).strip()[-300:]!r}"
    for what, theirs, own in (("output", java[1], ours[1]), ("complaint", java[2], ours[2])):
        (theirs, their_usage), (own, own_usage) = normal(theirs), normal(own)
        if theirs != own:
            missing = [line for line in theirs if line not in own]
            spare = [line for line in own if line not in theirs]
            return f"{what} lacks {missing[:3]!r} and has {spare[:3]!r}"
        if their_usage != own_usage:
            pairs = {flag: ((their_usage or {}).get(flag), (own_usage or {}).get(flag))
                     for flag in {**(their_usage or {}), **(own_usage or {})}}
            wrong = {flag: pair for flag, pair in pairs.items() if pair[0] != pair[1]}
            return f"usage differs (theirs, ours): {wrong!r}"
    return None


def calls():
    for line in CALLS.strip().splitlines():
        command, _, text = line.partition(" <")
        tool, *words = command.split(" ")
        yield line, tool, words, text.encode().decode("unicode_escape").encode()
    for tool in TOOLS:
        yield f"{tool} --help", tool, ["--help"], b""
        yield f"{tool} without a broker", tool, [], b""


def main():
    bootstrap, binary, classes = sys.argv[1:]
    everything = list(calls())
    for name, *_ in everything:
        print(f"will {name}", flush=True)
    good = True
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        sides = {"jav-": Java(classes), "cau-": Ours(binary, folder)}
        for side in sides:
            for file, text in FILES.items():
                (folder / f"{side}{file}").write_text(text.replace("@", side), encoding="utf-8")
        for name, tool, words, text in everything:
            try:
                answers = []
                for side, tools in sides.items():
                    own = [re.sub(r"\{(\w+)\}", rf"{folder}/{side}\1", word).replace("@", side) for word in words]
                    if " without a broker" not in name and own != ["--help"]:
                        own = ["--bootstrap-server", bootstrap, *own]
                    answers.append(tools.call(tool, own, text))
                wrong = difference(*answers)
            except Exception as failure:  # whatever it is, the other calls are to run
                wrong = repr(failure)
            good &= wrong is None
            wrong = (wrong or "").replace("\n", " | ")
            print(f"not ok {name}: {wrong}" if wrong else f"ok {name}", flush=True)
        sides["jav-"].end()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
