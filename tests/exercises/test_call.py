"""Functions that misbehave, really run in their own process: each is a plain failure, and none harms this process."""

import ctypes
import json
import os
import re
import threading
import time

import numpy as np
import pytest

from toolkit.exercises.call import CallFailed, call


def learners(code: str, name: str = "f"):
    """A function as a notebook cell defines it: in a namespace that no other process can import."""
    namespace = {"__name__": "__main__"}
    exec(compile(code, "<cell>", "exec"), namespace)
    return namespace[name]


def test_results_come_back_in_order_as_plain_data():
    answers = call(learners("def f(a, b=2):\n    return {a: (b, [a / 2])}"), [(1,), (2, 3)])
    assert [answer.value for answer in answers] == [{"pairs": [[1, [2, [0.5]]]]}, {"pairs": [[2, [3, [1.0]]]]}]
    assert answers[1].shown == "{2: (3, [1.0])}"


def test_numpy_comes_back_as_numbers():
    (answer,) = call(learners("import numpy\ndef f():\n    return numpy.arange(3), numpy.float64(0.5)"), [()])
    assert answer.value == [[0, 1, 2], 0.5]


def test_it_runs_in_another_process_and_changes_nothing_here():
    seen: list[int] = []
    code = "import os\ndef f(seen):\n    seen.append(1)\n    return os.getpid()"
    (answer,) = call(learners(code), [(seen,)])
    assert answer.value != os.getpid()
    assert seen == []


def test_an_exception_names_the_learners_own_line():
    code = "import json\ndef f(text):\n    x = 1\n    return json.loads(text)\n"
    good, bad = call(learners(code), [("7",), ("{",)])
    assert good.value == 7
    assert bad.raised == "JSONDecodeError"
    assert "line 4 of your cell" in str(bad.problem)


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "raise SystemExit", "quit()"])
def test_leaving_early_is_told_as_such(leave):
    (answer,) = call(learners(f"def f():\n    {leave}\n"), [()])
    assert "ended the whole process" in str(answer.problem)


def test_a_hard_exit_is_no_answer():
    with pytest.raises(CallFailed, match=r"exit code 0.*No answer counts as a wrong answer"):
        call(learners("import os\ndef f():\n    os._exit(0)"), [()])


def test_answers_before_a_hard_exit_do_not_count():
    with pytest.raises(CallFailed, match="exit code 0"):
        call(learners("import os\ndef f(n):\n    return n if n < 2 else os._exit(0)"), [(0,), (1,), (2,)])


@pytest.mark.skipif(os.name != "posix", reason="signals end a process on POSIX only")
def test_a_segmentation_fault_is_no_answer():
    with pytest.raises(CallFailed, match="SIGSEGV"):
        call(lambda: ctypes.string_at(0), [()])


@pytest.mark.parametrize(
    "wait", ["while True:\n        pass", "time.sleep(1000)", "while True:\n        print('x' * 100)"]
)
def test_a_hang_is_stopped_and_its_line_told(wait):
    began = time.monotonic()
    with pytest.raises(CallFailed, match=r"still running after 0\.5 s") as failure:
        call(learners(f"import time\ndef f():\n    {wait}\n"), [()], seconds=0.5)
    assert time.monotonic() - began < 20
    if "print" not in wait:
        assert "of your cell" in str(failure.value)


def test_a_hang_that_disarms_the_watch_is_stopped_from_outside(monkeypatch):
    monkeypatch.setattr("toolkit.exercises.call.STARTUP", 1.0)
    code = "import faulthandler, time\ndef f():\n    faulthandler.cancel_dump_traceback_later()\n    time.sleep(1000)"
    with pytest.raises(CallFailed, match="still running"):
        call(learners(code), [()], seconds=0.5)


def test_a_hang_that_ignores_signals_is_stopped():
    code = (
        "import signal, time\ndef f():\n    for s in (signal.SIGTERM, signal.SIGINT):\n"
        "        signal.signal(s, signal.SIG_IGN)\n    time.sleep(1000)"
    )
    with pytest.raises(CallFailed, match="still running"):
        call(learners(code), [()], seconds=0.5)


def test_a_memory_bomb_is_stopped():
    """By whichever fence stands nearer: ours, which looks now and then, or the system's, which says MemoryError."""
    code = "def f():\n    held = []\n    while True:\n        held.append(b'x' * 10**6)"
    try:
        complaint = str(call(learners(code), [()], seconds=60, memory="150 MiB")[0].problem)
    except CallFailed as failure:
        complaint = str(failure)
    assert re.search("used more memory than it was given|It raised MemoryError, at line 4", complaint)


def test_memory_that_cannot_be_had_at_all_is_an_exception():
    (answer,) = call(learners("def f():\n    return len(bytes(2**62))"), [()])
    assert answer.raised == "MemoryError"
    assert "line 2 of your cell" in str(answer.problem)


@pytest.mark.skipif(os.name != "posix", reason="fork is POSIX only")
def test_a_fork_is_told_as_such():
    with pytest.raises(CallFailed, match="forked"):
        call(learners("import os, time\ndef f():\n    if os.fork():\n        time.sleep(0.5)\n    return 1"), [()])


@pytest.mark.skipif(os.name != "posix", reason="fork is POSIX only")
def test_many_forks_are_stopped():
    code = (
        "import os, time\ndef f():\n    for _ in range(150):\n        if os.fork() == 0:\n"
        "            time.sleep(1000)\n    time.sleep(1000)"
    )
    with pytest.raises(CallFailed, match="dozens of processes"):
        call(learners(code), [()], seconds=60)


def test_much_printing_does_no_harm():
    (answer,) = call(
        learners("def f():\n    for _ in range(100_000):\n        print('x' * 100)\n    return 5"), [()], seconds=60
    )
    assert answer.value == 5


def test_a_printed_report_is_not_believed():
    report = json.dumps({"word": "guess", "case": 0, "value": 42, "shown": "42"})
    code = (
        "import os\ndef f():\n    for fd in range(1, 10):\n        try:\n"
        f"            os.write(fd, {(report + chr(10)).encode()!r})\n"
        "        except OSError:\n            pass\n    os._exit(0)"
    )
    with pytest.raises(CallFailed, match="before it returned"):
        call(learners(code), [()])


def test_closing_the_streams_is_a_failure_or_harmless():
    (answer,) = call(
        learners("import os, sys\ndef f():\n    os.close(1)\n    os.close(2)\n    sys.stdout = None\n    return 3"),
        [()],
    )
    assert answer.value == 3


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f():\n    return (x for x in 'ab')", "returned a generator"),
        ("def f():\n    return object()", "returned a object"),
        (
            "class Bad:\n    def tolist(self):\n        raise OSError('no')\ndef f():\n    return Bad()",
            "OSError",
        ),
        ("def f():\n    loop = []\n    loop.append(loop)\n    return loop", "RecursionError"),
    ],
)
def test_a_result_that_is_no_data_is_told_as_such(code, words):
    (answer,) = call(learners(code), [()])
    assert words in str(answer.problem)


def test_what_cannot_be_sent_is_told_before_anything_starts():
    lock = threading.Lock()
    with pytest.raises(CallFailed, match="can't be sent to a process of its own"):
        call(lambda: lock.locked(), [()])


def test_infinities_and_large_numbers_survive_the_way_back():
    answers = call(learners("def f(x):\n    return x"), [(float("inf"),), (float("nan"),), (10**40,)])
    assert [answer.value for answer in answers] == ["inf", "nan", 10**40]


def test_each_process_has_a_hash_seed_of_its_own(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    hashes = {call(learners("def f():\n    return hash('AA')"), [()])[0].value for _ in range(3)}
    assert len(hashes) > 1


def test_cases_that_are_numpy_arrays_can_be_sent():
    (answer,) = call(learners("def f(column):\n    return int(column.sum())"), [(np.arange(4),)])
    assert answer.value == 6


def test_the_solutions_are_not_in_the_process_that_runs_the_code():
    code = "import sys\ndef f():\n    return sorted(m for m in sys.modules if 'toolkit' in m)"
    (answer,) = call(learners(code), [()])
    assert answer.value == ["toolkit", "toolkit.exercises", "toolkit.exercises.harness"]
