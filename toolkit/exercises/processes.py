"""The exercises of notebook 01: queues, splitting work, the serial fraction, and a test for a parallel sum."""

from __future__ import annotations

from toolkit.exercises.exercise import Exercise, NotYet, StillBlank
from toolkit.exercises.harness import with_queues
from toolkit.exercises.judging import answers, catches, returns


def _judge_consumer(function: object) -> None:
    """A consumer must stop at the last None and no earlier, and answer in the other queue."""
    sent: list[list[int | None]] = [
        [1, 2, 3, None],
        [1, None, 2, None],
        [None, 4, None, 0, 5, None],
        [6, -6, 1, None],
        [7, None, 8, None, 9, None],
    ]
    cases = [(sent[0], 1), (sent[1], 2), (sent[2], 3), (sent[3], 1), (sent[4], 2)]
    totals, rests = [6, 3, 9, 1, 15], [[], [], [], [], [9, None]]
    found = [dict(answer.value["pairs"]) for answer in answers(function, cases, harness=with_queues)]
    if all(lanes["inbox"] == s and not lanes["outbox"] for lanes, s in zip(found, sent, strict=True)):
        raise StillBlank("It takes nothing out of the inbox so far: fill in the blank, run that cell, then this one.")
    for lanes, (messages, producers), rest, total in zip(found, cases, rests, totals, strict=True):
        case = f"With {producers} producer{'s' * (producers > 1)} and `{messages}` in the inbox"
        if not lanes["outbox"] and total in lanes["inbox"]:
            raise NotYet(f"{case}, the total ends up in the *inbox*, where the worker itself could take it out again.")
        if lanes["outbox"] != [total]:
            raise NotYet(f"{case}, the outbox should hold `[{total}]` afterwards; it holds `{lanes['outbox']}`.")
        if lanes["inbox"] != rest:
            raise NotYet(f"{case}, `{rest}` should be left there afterwards; what is left is `{lanes['inbox']}`.")


CONSUMER = Exercise(
    id="01.1",
    title="A consumer with several producers",
    minutes=10,
    task="""\
One producer and several consumers needed one `None` for each consumer. Now it is the other way round: several
producers put numbers into one inbox, and each of them puts a `None` after its last number.

Write `consume(inbox, outbox, producers)`. It takes messages from `inbox` (`inbox.get()` waits for one), adds up the
numbers until **every** producer has said that it has finished, and then puts the total into `outbox`. Whatever comes
later is meant for another consumer: leave it there.""",
    blank="""\
def consume(inbox, outbox, producers):
    # inbox.get() takes the next message out, outbox.put(total) sends one
    ...""",
    solution="""\
def consume(inbox, outbox, producers):
    total = 0
    while producers > 0:
        message = inbox.get()
        if message is None:
            producers -= 1
        else:
            total += message
    outbox.put(total)""",
    hints=(
        "When may it stop? Not at the first `None`: other producers' numbers may still be on their way.",
        "Count the producers that have finished. Is 0 an end or a number? Compare with `is None`, not with `not`.",
        "`while producers > 0:` take a message; if it is `None` count one producer less, else add it. Then `put`.",
    ),
    answer="consume",
    judge=_judge_consumer,
)


def _judge_split(function: object) -> None:
    """The parts must cover every item once, in order, and differ by at most one in size."""
    cases = [(12, 4), (10, 3), (7, 7), (3, 5), (0, 2), (1000, 7), (5, 1)]
    for (n, parts), answer in zip(cases, answers(function, cases), strict=True):
        called = f"`split({n}, {parts})` returned `{answer.shown}`"
        ranges = answer.value
        if not isinstance(ranges, list) or not all(
            isinstance(r, list) and len(r) == 2 and all(isinstance(i, int) for i in r) for r in ranges
        ):
            raise NotYet(f"{called}. A list of pairs (start, stop) of whole numbers is asked for.")
        if len(ranges) != parts:
            raise NotYet(f"{called}: {len(ranges)} parts, not {parts}. A part may be empty, but each worker gets one.")
        covered = [item for start, stop in ranges for item in range(start, min(stop, start + n + 1))]
        if lost := sorted(set(range(n)) - set(covered)):
            raise NotYet(f"{called}. Nobody does item {lost[0]} ({len(lost)} of {n} items are lost).")
        if sorted(covered) != list(range(n)):
            raise NotYet(f"{called}. Some item is done twice, or doesn't exist.")
        sizes = [stop - start for start, stop in ranges]
        if max(sizes) - min(sizes) > 1:
            raise NotYet(f"{called}, parts of {max(sizes)} and {min(sizes)} items. The largest part decides the time.")


SPLIT = Exercise(
    id="01.2",
    title="Split the work, lose nothing",
    minutes=15,
    task="""\
Before work can be shared out, it has to be cut. Write `split(n, parts)`: a list of exactly `parts` pairs
`(start, stop)`, so that `range(start, stop)` of all pairs together is every number from 0 to n − 1, once.
No part may be more than one item larger than another: everybody waits for the largest. There may be more parts than
items; then some are empty.""",
    blank="""\
def split(n, parts):
    return ...  # split(10, 3) could be [(0, 4), (4, 7), (7, 10)]""",
    solution="""\
def split(n, parts):
    borders = [n * i // parts for i in range(parts + 1)]
    return [(borders[i], borders[i + 1]) for i in range(parts)]""",
    hints=(
        "`n // parts` is the size of a part when it divides evenly. What becomes of the remainder, `n % parts` items?",
        "The remainder is smaller than `parts`: give one item more to each of the first `n % parts` parts.",
        "Or think of borders, not sizes: border i lies at `n * i // parts`, and part i goes from border i to i + 1.",
    ),
    answer="split",
    judge=_judge_split,
)

SERIAL = Exercise(
    id="01.3",
    title="How much of it is serial?",
    minutes=20,
    task="""\
You measure a job: `t1` seconds on one worker, `tn` seconds on `n` workers. Amdahl's law says
S = 1 / (s + (1 − s) / n), where S = t1 / tn is the speed-up and s is the part of the work that can't be shared.
Turn it round: write `serial_fraction(t1, tn, n)`, the s that explains the measurement.

This is the Karp–Flatt metric (1990), and it is a good detective. If s stays the same while n grows, a serial part is
to blame; if s *grows* with n, something else is: waiting for one another, which Amdahl's law doesn't know.""",
    blank="""\
def serial_fraction(t1, tn, n):
    return ...  # t1 and tn in seconds, n workers (2 or more)""",
    solution="""\
def serial_fraction(t1, tn, n):
    speedup = t1 / tn
    return (1 / speedup - 1 / n) / (1 - 1 / n)""",
    hints=(
        "Start from 1/S = s + (1 − s)/n and collect what carries an s on one side.",
        "1/S = s·(1 − 1/n) + 1/n. Now solve for s.",
        "Try it on a job without a serial part: t1 = 8, tn = 2, n = 4 must give 0; and t1 = tn must give 1.",
    ),
    answer="serial_fraction",
    judge=returns(
        ((8.0, 2.0, 4), 0.0),
        ((8.0, 8.0, 4), 1.0),
        ((10.0, 5.5, 2), 0.1),
        ((100.0, 20.0, 10), 1 / 9),
        ((60.0, 12.0, 8), (12 / 60 - 1 / 8) / (1 - 1 / 8)),
    ),
)

_CHUNKS = """\
def parallel_sum(numbers, workers):
    borders = [len(numbers) * i // workers for i in range(workers + 1)]
    return sum(sum(numbers[start:stop]) for start, stop in zip(borders, borders[1:]))
"""
_STRIDES = """\
def parallel_sum(numbers, workers):
    return sum(sum(numbers[first::workers]) for first in range(workers))
"""
_WRONG_SUMS = {
    "drops what is left over when the numbers can't be divided evenly": """\
def parallel_sum(numbers, workers):
    size = len(numbers) // workers
    return sum(sum(numbers[i * size : (i + 1) * size]) for i in range(workers))
""",
    "never collects the last worker's part": """\
def parallel_sum(numbers, workers):
    parts = [sum(numbers[first::workers]) for first in range(workers)]
    return sum(parts[: max(1, workers - 1)])
""",
    "counts the number at each border twice": """\
def parallel_sum(numbers, workers):
    borders = [len(numbers) * i // workers for i in range(workers + 1)]
    return sum(sum(numbers[start : stop + 1]) for start, stop in zip(borders, borders[1:]))
""",
    "takes a 0 for the end of the numbers": """\
def parallel_sum(numbers, workers):
    total = 0
    for first in range(workers):
        for value in numbers[first::workers]:
            if not value:
                break
            total += value
    return total
""",
    "can't cope with more workers than numbers": """\
def parallel_sum(numbers, workers):
    size = len(numbers) // workers or len(numbers) + 1
    starts = range(0, max(len(numbers), 1), size)
    parts = [sum(numbers[start : start + size]) for start in starts]
    return sum(parts) if len(numbers) >= workers else 0
""",
    "loses everything below zero": """\
def parallel_sum(numbers, workers):
    return sum(max(0, value) for first in range(workers) for value in numbers[first::workers])
""",
}

TEST_SUM = Exercise(
    id="01.4",
    title="A test that catches wrong sums",
    minutes=45,
    task="""\
Six colleagues wrote `parallel_sum(numbers, workers)`. Each tried it on an example, and the example came out right.
Yet all six functions are wrong, each in a way of its own.

Write `test_parallel_sum(parallel_sum)`, which calls the function it is given and fails (with `assert`) when the
function is wrong. It is tried on the six, and on versions that are right, which it must accept however they cut the
numbers up. `numbers` is a list of whole numbers, `workers` is 1 or more.""",
    blank="""\
def test_parallel_sum(parallel_sum):
    # assert parallel_sum([1, 2, 3, 4], 2) == 10 is a start
    ...""",
    solution="""\
def test_parallel_sum(parallel_sum):
    for numbers in [], [7], [3, 0, 5, 1], list(range(-20, 7)), list(range(100)):
        for workers in range(1, 8):
            found = parallel_sum(list(numbers), workers)
            assert found == sum(numbers), f"{workers} workers, {numbers}: {found}\"""",
    hints=(
        "Don't think of the right answers; Python's own `sum` knows them. Think of inputs: what is at the edges?",
        "Things to try: no numbers, one number, more workers than numbers, lengths that don't divide, 0, negatives.",
        "Two loops, over several lists and over `range(1, 8)` workers, and one `assert` against `sum(numbers)`.",
    ),
    answer="test_parallel_sum",
    judge=catches(
        "parallel_sum",
        right={"it cuts the numbers into runs": _CHUNKS, "it deals them out like cards": _STRIDES},
        wrong=_WRONG_SUMS,
    ),
)

EXERCISES = (CONSUMER, SPLIT, SERIAL, TEST_SUM)
