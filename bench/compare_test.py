#!/usr/bin/python3
"""The arithmetic, the tables and the measuring of bench/compare, without a broker."""

import importlib.machinery
import importlib.util
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import brokers  # noqa: E402
import machine  # noqa: E402
import ratios  # noqa: E402
from ratios import MET, MISSED, UNDECIDED, Bar, Estimate  # noqa: E402


def program(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


compare = program("compare")
compaction = program("compaction")


class Median(unittest.TestCase):
    def test_of_odd_and_even_counts(self):
        self.assertEqual(ratios.median([3]), 3)
        self.assertEqual(ratios.median([9, 1, 5]), 5)
        self.assertEqual(ratios.median([4, 1, 3, 2]), 2.5)


class Ratio(unittest.TestCase):
    def test_of_what_is_not_there(self):
        self.assertEqual(ratios.ratio(1, 4), 0.25)
        self.assertEqual(ratios.ratio(0, 0), 1)
        self.assertEqual(ratios.ratio(1, 0), float("inf"))


class Interval(unittest.TestCase):
    def test_of_equal_values_is_that_value(self):
        self.assertEqual(ratios.estimate([2.0] * 7), Estimate(2.0, 2.0, 2.0, 7))

    def test_lies_within_the_values_around_their_median(self):
        values = [0.19, 0.2, 0.21, 0.18, 0.5, 0.2, 0.22]
        of = ratios.estimate(values)
        self.assertEqual(of.median, 0.2)
        self.assertEqual(of.count, 7)
        self.assertLessEqual(min(values), of.low)
        self.assertLess(of.low, of.median)
        self.assertLess(of.median, of.high)
        self.assertLessEqual(of.high, max(values))

    def test_is_the_same_for_the_same_values(self):
        self.assertEqual(ratios.estimate([1, 2, 3, 4, 5, 6]), ratios.estimate(iter([1, 2, 3, 4, 5, 6])))

    def test_one_outlier_of_many_does_not_move_it(self):
        self.assertLess(ratios.estimate([1.0] * 20 + [100.0]).high, 1.1)

    def test_holds_the_median_about_as_often_as_it_says(self):
        """Of values drawn around 1, in most of the intervals: a bootstrap of few values is known to promise a little much."""
        draw = random.Random(7)
        holds = 0
        for _ in range(40):
            of = ratios.estimate([draw.gauss(1, 0.1) for _ in range(9)])
            holds += of.low <= 1 <= of.high
        self.assertGreaterEqual(holds, 34)
        self.assertLess(of.high - of.low, 0.4)


class Verdict(unittest.TestCase):
    AT_MOST = Bar("r", "f", 0.5)
    AT_LEAST = Bar("r", "f", 6, at_least=True)
    UPPER_END = Bar("r", "f", 1.1, upper_end=True)
    CASES = (
        (AT_MOST, (0.4, 0.3, 0.45, 7), MET),
        (AT_MOST, (0.4, 0.3, 0.5, 7), MET),
        (AT_MOST, (0.4, 0.3, 0.51, 7), UNDECIDED),
        (AT_MOST, (0.6, 0.5, 0.7, 7), UNDECIDED),
        (AT_MOST, (0.6, 0.51, 0.7, 7), MISSED),
        (AT_LEAST, (8, 7, 9, 7), MET),
        (AT_LEAST, (8, 6, 9, 7), MET),
        (AT_LEAST, (8, 5.9, 9, 7), UNDECIDED),
        (AT_LEAST, (5, 4, 5.9, 7), MISSED),
        (UPPER_END, (1.0, 0.9, 1.1, 7), MET),
        (UPPER_END, (1.0, 0.9, 1.11, 7), MISSED),
        (UPPER_END, (1.3, 1.2, 1.4, 7), MISSED),
        (AT_MOST, (0.1, 0.1, 0.1, ratios.PAIRS_MIN - 1), UNDECIDED),
        (AT_MOST, (0.9, 0.9, 0.9, 1), UNDECIDED),
        (UPPER_END, (1.3, 1.3, 1.3, 1), UNDECIDED),
        (AT_MOST, (0.1, 0.1, 0.1, ratios.PAIRS_MIN), MET),
    )

    def test_follows_the_interval(self):
        for bar, of, expected in self.CASES:
            with self.subTest(bar=bar, of=of):
                self.assertEqual(bar.judge(Estimate(*of)), expected)

    def test_six_values_are_the_fewest_that_hold_95_percent(self):
        held = {count: 1 - 2 ** (1 - count) for count in (ratios.PAIRS_MIN - 1, ratios.PAIRS_MIN)}
        self.assertLess(held[ratios.PAIRS_MIN - 1], ratios.LEVEL)
        self.assertGreaterEqual(held[ratios.PAIRS_MIN], ratios.LEVEL)


class Tables(unittest.TestCase):
    def test_every_bar_has_its_figure(self):
        rows = {row.name: row for row in compare.ROWS}
        self.assertEqual(len(rows), len(compare.ROWS))
        for bar in compare.BARS:
            self.assertIn(bar.figure, rows[bar.row].figures)
            if rows[bar.row].reference_pairs is not None:
                self.assertTrue(bar.own, f"{bar.row} has few pairs with Apache Kafka, so no bar of it can be a ratio")
        self.assertEqual(len({(bar.row, bar.figure) for bar in compare.BARS}), len(compare.BARS))

    def test_every_figure_is_known(self):
        for row in compare.ROWS:
            for key in row.figures:
                self.assertIn(key, compare.FIGURES)
                if isinstance(row, compare.Workload):
                    self.assertIsNotNone(compare.FIGURES[key].of, f"{row.name}: {key}")

    def test_a_row_of_the_table(self):
        row = next(row for row in compare.ROWS if row.name == "single-1")
        samples = [{compare.OURS: dict.fromkeys(row.figures, 30_000 + i), compare.THEIRS: dict.fromkeys(row.figures, 4_000),
                    compare.FLOOR: dict.fromkeys(row.figures, 40_000)} for i in range(7)]
        lines, verdicts = compare.table_of(row, samples)
        self.assertEqual(lines[0], "| `single-1` single 100 B record, acks=1, 1 in flight: requests, /s | 30,003 (30,001-30,005) | "
                         "4,000 (4,000-4,000) | 7.5 (7.5-7.5) | at least 6 x | met | 40,000 (40,000-40,000) |")
        # CPU each was to be a fraction, not a multiple; the latencies have no bar.
        self.assertEqual(verdicts, [MET, MISSED, "-", "-"])
        for line in lines:
            self.assertEqual(line.count("|"), compare.HEAD[0].count("|"))

    def test_without_apache_kafka_only_own_bars_are_judged(self):
        row = next(row for row in compare.ROWS if row.name == "partitions")
        samples = [{compare.OURS: dict.fromkeys(row.figures, 0.5)}] * 6
        lines, verdicts = compare.table_of(row, samples)
        self.assertEqual(verdicts, [MET, "-", MET, MET, "-"])
        self.assertTrue(lines[0].endswith(" | met | - |"))
        row = next(row for row in compare.ROWS if row.name == "start")
        _, verdicts = compare.table_of(row, [{compare.OURS: dict.fromkeys(row.figures, 0.5)}] * 6)
        self.assertEqual(verdicts, ["not compared", "-"])

    def test_bars_as_text(self):
        texts = [compare.bar_text(bar) for bar in compare.BARS]
        for expected in ("at most 0.22 x", "at least 20 x", "upper end at most 1.25 x", "at most 1/50 x", "at most 2 KiB"):
            self.assertIn(expected, texts)

    def test_figures_from_what_the_generator_prints(self):
        printed = {"cpu": 2.0, "all_bytes": 4_000_000_000, "all_records": 8_000_000, "all_requests": 500_000,
                   "memory": 3 << 20, "latency_us": {"p50": 1500.0}}
        expected = {"cpu_per_gb": 0.5, "cpu_per_million_records": 0.25, "cpu_per_million_requests": 4, "memory": 3, "p50": 1.5}
        for key, value in expected.items():
            self.assertEqual(compare.FIGURES[key].of(printed), value)
        with self.assertRaises(brokers.Failure):
            compare.FIGURES["cpu_per_gb"].of({"cpu": 1.0, "all_bytes": 0})


class Measuring(unittest.TestCase):
    def test_cpu_of_all_threads_of_a_process(self):
        spin = "import sys, threading\nimport time\nf = lambda: [0 for _ in iter(lambda: time.thread_time() < 0.15, False)]\n" \
               "t = threading.Thread(target=f)\nt.start(); t.join()\nprint(flush=True); sys.stdin.read()"
        with subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            process = brokers.Process(child.pid)
            # It was joined, but may still be on its way out of the kernel.
            end = time.monotonic() + 30
            while process.threads() > 1 and time.monotonic() < end:
                time.sleep(0.001)
            self.assertEqual(process.threads(), 1)
            self.assertGreaterEqual(process.cpu(), 0.15)  # the thread has ended, its time is kept
            self.assertGreater(process.memory(), 1 << 20)
            before, wakeups = process.cpu_by_thread(), process.wakeups_by_thread()
            time.sleep(0.05)
            self.assertLess(brokers.growth(before, process.cpu_by_thread()), 0.02)  # it waits
            self.assertLess(brokers.growth(wakeups, process.wakeups_by_thread()), 5)
            child.stdin.close()

    def test_growth_counts_new_threads_and_not_those_that_ended(self):
        self.assertEqual(brokers.growth({"1": 5, "2": 7}, {"1": 6, "3": 2}), 3)

    def test_ports_in_a_row(self):
        for count in (1, 2):
            port = brokers.free_port(count)
            self.assertGreater(port, 1023)
            self.assertLessEqual(port + count - 1, 65535)

    def test_a_broker_that_does_not_start_is_told_with_its_log(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder, "broken")
            script.write_text("#!/bin/sh\necho no such disk >&2\nexit 3\n")
            script.chmod(0o755)
            broker = brokers.Cauce(pathlib.Path(folder, "data"), str(script))
            with self.assertRaisesRegex(brokers.Failure, "no such disk"):
                broker.start()
            self.assertIsNone(broker.running)

    def test_touching_memory_leaves_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            brokers.touch_memory(folder, gigabytes=0)
            self.assertEqual(os.listdir(folder), [])

    @unittest.skipUnless(os.access("/dev/cpu_dma_latency", os.W_OK), "takes root, and a kernel that has it")
    def test_awake_as_long_as_it_lasts(self):
        def wanted():
            with open("/dev/cpu_dma_latency", "rb", buffering=0) as file:
                return int.from_bytes(file.read(4), sys.byteorder, signed=True)

        before = wanted()
        with machine.awake() as is_awake:
            self.assertTrue(is_awake)
            self.assertEqual(wanted(), 0)
        self.assertEqual(wanted(), before)



class Compaction(unittest.TestCase):
    """What bench/compaction takes for the same work, and for the same result."""

    def both(self, **ours):
        of = {"keys": 5, "tombstones": 1, "records": 20, "digest": "d"}
        return {compaction.OURS: {**of, **ours}, compaction.THEIRS: of}

    def setUp(self):
        self.layout = {compaction.OURS: [(0, 10), (7, 3)], compaction.THEIRS: [(0, 10), (7, 3)]}
        self.left = {name: {**of, "records": 6} for name, of in self.both().items()}

    def refused(self, layout, before, after):
        with self.assertRaises(brokers.Failure):
            compaction.Bench.compare(layout, before, after)

    def test_the_same(self):
        compaction.Bench.compare(self.layout, self.both(), self.left)

    def test_segments_that_differ(self):
        self.refused({**self.layout, compaction.OURS: [(0, 10), (8, 3)]}, self.both(), self.left)

    def test_records_that_differ(self):
        for lost in ({"digest": "e"}, {"keys": 4}, {"tombstones": 0}):
            for name in self.left:
                self.refused(self.layout, self.both(), {**self.left, name: {**self.left[name], **lost}})
            self.refused(self.layout, self.both(**lost), self.left)

    def test_nothing_was_removed(self):
        for name in self.left:
            self.refused(self.layout, self.both(), {**self.left, name: self.both()[name]})

    def test_what_the_checkpoint_says(self):
        with tempfile.TemporaryDirectory() as folder:
            broker = brokers.Broker(folder)
            self.assertEqual(compaction.cleaned_up_to(broker, "t-1"), 0)
            (broker.data / "log").mkdir(parents=True)
            (broker.data / "log" / "cleaner-offset-checkpoint").write_text("0\n3\nt 0 5\nt-1 1 6\nt-1 0 7\n")
            self.assertEqual(compaction.cleaned_up_to(broker, "t-1"), 7)
            self.assertEqual(compaction.cleaned_up_to(broker, "t-2"), 0)


if __name__ == "__main__":
    unittest.main()
