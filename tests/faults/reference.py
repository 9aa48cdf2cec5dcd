"""Apache Kafka 4.4, one node, as the broker that the same faults are tried on for comparison."""

import pathlib
import subprocess

from broker import Broker, Failure, free_ports

PREPARE = pathlib.Path(__file__).resolve().parent.parent / "compat" / "reference" / "prepare"


class Reference(Broker):
    """Its properties are in `folder`, what it stores is in `data`."""

    START_SECONDS = 120
    STOPPED = 143  # as Java tells of a signal that its program has seen to

    def __init__(self, folder, data, settings):
        folder = pathlib.Path(folder)
        port = free_ports(2)  # the second is the controller's
        pairs = {"log.dirs": data, "offsets.topic.num.partitions": 4, **settings}
        done = subprocess.run([PREPARE, folder, str(port), *(f"{key}={value}" for key, value in pairs.items())],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Failure("Apache Kafka could not be prepared (tests/compat/reference/prepare)")
        super().__init__(["java", "-Xmx1g", f"-Dlog4j2.configurationFile={folder}/log4j2.properties", "-cp",
                          done.stdout.strip() + "/*", "kafka.Kafka", f"{folder}/server.properties"], port, folder)
