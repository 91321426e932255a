"""Programs that misbehave, really run: each ends at its limit, and leaves no process behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from toolkit.exercises import run_program
from toolkit.exercises.sandbox import KEPT, memory_in_bytes

posix = pytest.mark.skipif(os.name != "posix", reason="forks, sessions and signals are POSIX only")


def gone(pid: int) -> bool:
    """Whether no such process runs any more, after a bounded wait."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


def in_group(pid: int, group: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid) == group
    return False


def test_a_program_that_ends_by_itself():
    outcome = run_program("import sys\nprint('héllo')\nprint('complaint', file=sys.stderr)\nsys.exit(3)")
    assert (outcome.stdout, outcome.stderr, outcome.returncode) == ("héllo\n", "complaint\n", 3)
    assert outcome.stopped is None
    assert not outcome.timed_out
    assert not outcome.out_of_memory


def test_a_file_is_run_as_it_stands(tmp_path):
    program = tmp_path / "hello.py"
    program.write_text("print(__name__, __file__)")
    for path in (program, str(program)):
        assert run_program(path).stdout == f"__main__ {program}\n"


def test_it_runs_in_a_directory_of_its_own_that_is_gone_afterwards():
    folder = run_program("import os; open('left', 'w').write('x'); print(os.getcwd())").stdout.strip()
    assert folder != os.getcwd()
    assert not Path(folder).exists()


def test_it_waits_for_nobody_on_standard_input():
    assert "EOFError" in run_program("input()", seconds=20).stderr


def test_a_program_that_waits_for_ever_is_stopped():
    began = time.monotonic()
    outcome = run_program("import time; print('here', flush=True); time.sleep(1000)", seconds=0.5)
    assert outcome.timed_out
    assert outcome.stdout == "here\n"
    assert time.monotonic() - began < 15


def test_its_children_are_stopped_too():
    outcome = run_program(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(1000)",
        seconds=1,
    )
    assert outcome.timed_out
    assert gone(int(outcome.stdout))


def test_children_that_it_leaves_behind_do_not_keep_us_waiting():
    began = time.monotonic()
    outcome = run_program(
        "import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)']).pid)",
        seconds=60,
    )
    assert outcome.stopped is None
    assert gone(int(outcome.stdout))
    assert time.monotonic() - began < 30


@posix
def test_an_orphan_in_a_session_of_its_own_is_found():
    outcome = run_program(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        print(os.getpid(), flush=True)\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "os.wait()\ntime.sleep(0.3)",
        seconds=60,
    )
    assert outcome.returncode == 0
    assert gone(int(outcome.stdout))


@posix
def test_a_fork_bomb_is_stopped():
    outcome = run_program(
        "import os, time\nprint(os.getpgid(0), flush=True)\nfor _ in range(150):\n    if os.fork() == 0:\n"
        "        time.sleep(1000)\ntime.sleep(1000)",
        seconds=60,
    )
    assert outcome.stopped == "processes"
    group = int(outcome.stdout.split()[0])
    assert all(gone(pid) for pid in psutil.pids() if in_group(pid, group))


@pytest.mark.parametrize("bite", [10**6, 10**8])
def test_a_program_that_eats_memory_is_stopped(bite):
    outcome = run_program(f"held = []\nwhile True:\n    held.append(b'x' * {bite})", seconds=60, memory="200 MiB")
    assert outcome.out_of_memory or "MemoryError" in outcome.stderr
    assert not outcome.timed_out


def test_the_memory_of_its_children_counts():
    outcome = run_program(
        "import subprocess, sys, time\n"
        "eat = 'import time; held = b\"x\" * 120_000_000; time.sleep(1000)'\n"
        "for _ in range(3):\n    subprocess.Popen([sys.executable, '-c', eat])\ntime.sleep(1000)",
        seconds=60,
        memory="250 MiB",
    )
    assert outcome.out_of_memory


@posix
def test_memory_that_forked_children_share_counts_once():
    outcome = run_program(
        "import os, time\nheld = b'x' * 100_000_000\n"
        "for _ in range(8):\n    if os.fork() == 0:\n        time.sleep(0.5)\n        os._exit(0)\n"
        "time.sleep(0.5)\nprint('done')",
        seconds=60,
        memory="300 MiB",
    )
    assert outcome.stdout == "done\n", outcome


def test_numpy_fits_into_a_small_limit():
    outcome = run_program("import numpy; print(float((numpy.eye(300) @ numpy.eye(300)).sum()))", memory="300 MiB")
    assert outcome.stdout == "300.0\n", outcome


def test_a_program_that_prints_for_ever_fills_nothing():
    before = psutil.Process().memory_info().rss
    outcome = run_program("import os\nwhile True:\n    os.write(1, b'x' * 65536)", seconds=1)
    assert outcome.timed_out
    assert len(outcome.stdout) < KEPT + 100
    assert "cut after 100,000 characters" in outcome.stdout
    assert psutil.Process().memory_info().rss - before < 100_000_000


@posix
def test_a_crash_is_told_by_its_signal():
    outcome = run_program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert "SIGSEGV" in outcome.ending
    assert "SIGSEGV" in str(outcome)


def test_an_outcome_displays_itself():
    bundle = run_program("print('<b>1 & 2</b>')")._repr_mimebundle_()
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in bundle["text/html"]
    assert "<b>1 & 2</b>" in bundle["text/plain"]
    assert "ended by itself" in bundle["text/plain"]
    assert "printed nothing" in run_program("")._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 10**6])
def test_a_senseless_time_limit_starts_nothing(seconds):
    with pytest.raises(ValueError, match="time limit"):
        run_program("print(1)", seconds=seconds)


def test_senseless_arguments_are_named():
    with pytest.raises(TypeError, match="seconds is a str"):
        run_program("print(1)", seconds="ten")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path_or_source is a int"):
        run_program(7)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match=r"no program at .*missing\.py"):
        run_program("missing.py")
    for memory in ("lots", "1 TB/s", True, "", -5, "1 MiB"):
        with pytest.raises(ValueError, match="memory is"):
            run_program("print(1)", memory=memory)


def test_sizes_in_words():
    assert memory_in_bytes("1 GiB") == 2**30
    assert memory_in_bytes("1.5GB") == 1_500_000_000
    assert memory_in_bytes(2**29) == memory_in_bytes("512 MiB")


@posix
def test_an_interrupted_wait_leaves_nothing(tmp_path):
    """The learner presses Interrupt: the program dies with the cell, not at its own time limit."""
    note = tmp_path / "pid"
    source = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    kernel = subprocess.Popen(
        [sys.executable, "-c", f"from toolkit.exercises import run_program\nrun_program({source!r}, seconds=600)"],
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        kernel.send_signal(signal.SIGINT)
        kernel.wait(timeout=30)
        assert gone(int(note.read_text()))
    finally:
        kernel.kill()
