"""External programs among the nodes of a system: real processes, in three languages, broken in every way."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.system.programs.nodes import Broadcast, Everything
from toolkit.system import (
    Closed,
    External,
    MessageError,
    Network,
    Open,
    Script,
    System,
    Trace,
    ask,
    crash,
    heal,
    op,
    partition,
    pause,
    restart,
    resume,
    skew_clock,
)
from toolkit.system.external import child

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 30.0
OURS = [sys.executable, "-m", "toolkit.system.maelstrom", f"{PROGRAMS / 'nodes.py'}:Broadcast"]
ALONE = [sys.executable, str(PROGRAMS / "alone.py"), "{disk}"]
BROKEN = [sys.executable, str(PROGRAMS / "broken.py")]
JAVASCRIPT = ["node", str(PROGRAMS / "alone.js")]


def in_every_language():
    """A class, the same class as a program, and programs that have never heard of us."""
    nodes = {"n1": Broadcast, "n2": External(OURS), "n3": External(ALONE)}
    if shutil.which("node") is not None:
        nodes["n4"] = External(JAVASCRIPT)
    return nodes


def broken(way, *arguments, **options):
    """A system with one program that does not keep to the protocol."""
    return System({"n1": External([*BROKEN, way, *arguments], **options), "n2": Everything}, clients=1)


def is_gone(pid):
    """Whether this process ends, within a generous time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def one_each(nodes, type, at=0.1, **fields):
    return [ask(at + 0.02 * i, "c1", name, type, **fields) for i, name in enumerate(nodes)]


def test_javascript_takes_part():
    """The other tests leave it out where it is missing; here that is said."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: there is no JavaScript to run")
    run = System({"n1": External(JAVASCRIPT)}, clients=1).emulate(
        0.5, workload=Script(one_each(["n1"], "echo", echo="ä"))
    )
    assert [operation.result for operation in run.history] == [{"type": "echo_ok", "echo": "ä"}]


def test_broadcast_reaches_everybody_across_languages_and_a_partition():
    nodes = in_every_language()
    names = list(nodes)
    told = [ask(0.1 + 0.1 * i, "c1", names[i % len(names)], "broadcast", message=i) for i in range(8)]
    read = one_each(names, "read", at=2.4)
    faults = [partition(0.3, names[:2], names[2:]), heal(1.2)]
    run = System(nodes, clients=["c1"]).emulate(3.0, faults, Script([*told, *read], timeout=0.5))
    assert [operation.outcome for operation in run.history.of(operation="broadcast")] == ["ok"] * 8
    assert [operation.result["messages"] for operation in run.history.of(operation="read")] == [[*range(8)]] * len(
        names
    )
    lost = {(m.sender, m.to) for m in run.trace.messages if m.dropped == "partition"}
    assert ("n3", "n1") in lost
    assert ("n1", "n3") in lost
    assert not run.errors


def test_unique_ids_are_unique_and_echoes_true_in_every_language():
    names = list(in_every_language())
    mix = Closed([op("generate"), op("echo", echo={"deep": [1, None, "ä"]})], think=0.01)
    run = System(in_every_language(), clients=3).emulate(1.0, workload=mix)
    ids = [operation.result["id"] for operation in run.history.of(operation="generate", outcome="ok")]
    assert len(set(ids)) == len(ids) > 10
    echoes = [(o.to, o.result["echo"]) for o in run.history.of(operation="echo", outcome="ok")]
    assert all(echo == {"deep": [1, None, "ä"]} for _, echo in echoes)
    assert {to for to, _ in echoes} == set(names)


def test_a_run_of_programs_is_a_trace_like_any_other(tmp_path):
    run = System(in_every_language(), clients=1).emulate(0.4, workload=Closed(op("echo", echo=1), think=0.02), seed=3)
    assert (run.trace.kind, run.seed) == ("emulated", 3)
    assert run.trace.nodes == (*in_every_language(), "c1")
    assert abs(time.time() - run.trace.began) < 60
    times = [event.at for event in run.trace]
    assert times == sorted(times)
    assert 0 <= min(times) <= max(times) <= 0.4
    assert all(m.delivered is None or m.delivered >= m.sent for m in run.trace.messages)
    run.trace.save(tmp_path / "trace.jsonl")
    assert Trace.load(tmp_path / "trace.jsonl") == run.trace
    assert "<svg" in run.picture().svg
    for again in (run.fork, lambda: run.rewind(0.1)):
        with pytest.raises(ValueError, match="emulated"):
            again()


def test_programs_and_classes_ask_each_other():
    """Each numbers its messages in its own way, and finds the answers to its questions all the same."""
    nodes = {"n1": External(ALONE), "n2": Broadcast, "n3": External(ALONE)}
    asked = [
        ask(0.1, "c1", one, "relay", via=other, echo=other) for one, other in (("n1", "n2"), ("n1", "n3"), ("n3", "n1"))
    ]
    run = System(nodes, clients=1).emulate(0.6, workload=Script(asked))
    assert [o.result for o in run.history] == [{"type": "relay_ok", "echo": name} for name in ("n2", "n3", "n1")]


def test_a_message_that_the_network_doubled_comes_twice_under_one_number():
    system = System({"n1": External(ALONE)}, clients=1, network=Network(duplicate=1.0))
    run = system.emulate(0.5, workload=Script(one_each(["n1"], "echo", echo=1)))
    request, answers = run.trace.messages[0], [m for m in run.trace.messages if m.type == "echo_ok" and not m.copy_of]
    assert [answer.reply_to for answer in answers] == [request.id, request.id]


def test_an_error_is_a_failure_unless_it_leaves_open_what_happened():
    asked = [*one_each(["n1"], "nonsense"), *one_each(["n1"], "perhaps", at=0.2)]
    run = System({"n1": External(ALONE)}, clients=1).emulate(0.5, workload=Script(asked))
    assert [operation.outcome for operation in run.history] == ["failed", "unknown"]
    assert run.history[0].result["code"] == 10


def test_a_crash_kills_the_process_and_a_restart_starts_another_with_its_disk():
    workload = Closed(op("add", delta=1), think=0.01, timeout=0.2)
    system = System({"n1": External(ALONE)}, clients=1)
    run = system.emulate(2.5, [crash(0.5, "n1"), restart(0.7, "n1")], workload)
    assert [event.kind for event in run.trace if event.kind in ("crash", "restart", "error")] == ["crash", "restart"]
    answers = [(o.returned, o.result["pid"], o.result["value"]) for o in run.history.of(outcome="ok")]
    before, after = (
        {pid for at, pid, _ in answers if at < 0.5},
        {pid for at, pid, _ in answers if at > 0.7},
    )
    assert len(before) == len(after) == 1
    assert before != after
    assert not any(0.55 < at < 0.7 for at, _, _ in answers)
    sums = [value for _, _, value in answers]
    assert sums == sorted(set(sums))
    assert len(sums) <= sums[-1] <= len(run.history)
    assert all(is_gone(pid) for pid in before | after)
    assert run.nodes["n1"].pid in after


def test_a_pause_stops_the_process_where_it_is():
    system = System({"n1": External([*ALONE, "beat"])})
    run = system.emulate(1.6, [pause(0.4, "n1"), resume(1.2, "n1")])
    clocks = [message.fields["clock"] for message in run.trace.messages if message.type == "beat"]
    gaps = [later - earlier for earlier, later in pairwise(clocks)]
    assert max(gaps) > 0.5  # its own clock went on, and it could not
    assert not [m for m in run.trace.messages if 0.4 < m.sent < 1.2]


def test_a_crash_in_a_pause_kills_what_is_suspended():
    run = broken("hangs").emulate(0.6, [pause(0.1, "n1"), crash(0.2, "n1")])
    assert is_gone(run.nodes["n1"].pid)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("rubbish", ["Listening on port 8080", "standard error"]),
        ("other-name", ["'n2'", "'n1'"]),
        ("nowhere", ["'n9'", "not a node"]),
        ("typo", ["ecko", "on_echo"]),
        ("never-asked", ["4711"]),
        ("endless-line", ["xxx", "longer than"]),
        ("refuses", ["not today", "init_ok"]),
    ],
)
def test_a_line_that_is_no_message_stops_the_run_and_is_shown(way, words):
    with pytest.raises(MessageError) as caught:
        broken(way).emulate(PATIENCE)
    for word in ["n1", "broken.py", *words]:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_a_program_that_does_not_come_up_is_an_error_with_its_last_words():
    with pytest.raises(RuntimeError, match="status 3") as caught:
        broken("exits-at-once").emulate(PATIENCE)
    assert "no licence found" in str(caught.value)
    with pytest.raises(TimeoutError, match="init") as late:
        broken("silent", ready=2.0).emulate(PATIENCE)
    assert "warming up" in str(late.value)
    assert "flush" in str(late.value)


def test_a_program_that_exits_is_down_with_its_last_words_and_can_be_restarted():
    workload = Script([ask(0.1, "c1", "n1", "echo", echo=1), ask(1.9, "c1", "n1", "echo", echo=1)], timeout=0.3)
    run = broken("exits").emulate(2.2, [restart(0.8, "n1")], workload)
    kinds = [event.kind for event in run.trace if event.kind in ("error", "crash", "restart")]
    assert kinds[:3] == ["error", "crash", "restart"]
    assert [operation.outcome for operation in run.history] == ["ok", "ok"]
    for word in ("n1", "status 7", "out of ideas"):
        assert word in run.errors[0]
    assert "None" not in run.errors[0]


def test_a_program_that_closes_its_output_is_over():
    run = broken("closes").emulate(1.5)
    assert "closed its standard output" in run.errors[0]
    assert is_gone(run.nodes["n1"].pid)


def test_a_program_that_is_late_with_init_after_a_restart_is_down(tmp_path):
    """The first time it comes up; the second time it finds its file, and says nothing."""
    program = tmp_path / "once.py"
    program.write_text(
        "import pathlib, sys, time\n"
        "seen = pathlib.Path(sys.argv[1], 'seen')\n"
        "if seen.exists(): time.sleep(600)\n"
        "seen.touch()\n"
        "sys.stdin.readline()\n"
        """print('{"src": "n1", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": 1}}', flush=True)\n"""
        "time.sleep(600)\n"
    )
    system = System({"n1": External([sys.executable, program, "{disk}"], ready=2.0)})
    run = system.emulate(2.6, [crash(0.1, "n1"), restart(0.2, "n1")])
    assert "has not answered init within 2 s" in run.errors[0]
    assert is_gone(run.nodes["n1"].pid)


def test_a_program_that_never_answers_leaves_its_operations_unknown():
    run = broken("hangs").emulate(0.8, workload=Closed(op("echo", echo=1), to="n1", timeout=0.2))
    assert {operation.outcome for operation in run.history} == {"unknown"}
    assert not run.errors


def test_a_flood_is_the_end_of_the_program_and_not_of_the_run():
    workload = Closed(op("echo", echo=1), to="n2", think=0.01)
    run = broken("flood", messages=2_000).emulate(1.5, workload=workload)
    assert "2,000 messages" in run.errors[0]
    assert len(run.trace.messages) < 5_000
    assert [o for o in run.history.of(outcome="ok") if o.invoked > run.trace.of("crash")[0].at]


def test_a_program_that_does_not_read_is_noticed(monkeypatch):
    monkeypatch.setattr(child, "UNREAD", 50)
    workload = Open(op("echo", echo="x" * 4_000), to="n1", rate=500)
    run = broken("deaf").emulate(1.5, workload=workload)
    assert "does not read" in run.errors[0]


def test_standard_error_is_the_nodes_log_and_bounded():
    run = broken("chatty").emulate(1.0)
    texts = [event.detail["text"] for event in run.trace.of("log", "n1")]
    assert texts[:2] == ["line 0", "line 1"]
    assert len(texts) == child.NOTED + 1


def test_what_a_program_started_ends_with_it():
    run = broken("parent").emulate(1.0)
    (born,) = (message.fields["pid"] for message in run.trace.messages if message.type == "born")
    assert is_gone(born)


def test_nothing_is_left_running_after_an_error(tmp_path):
    with pytest.raises(MessageError):
        broken("rubbish", str(tmp_path / "pid")).emulate(PATIENCE)
    assert is_gone(int((tmp_path / "pid").read_text()))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("_read ", "_write ", "_listen "))]


@pytest.fixture
def notebook(tmp_path):
    """A process in which a long run with a program is under way: (process, the program's id)."""
    command = [*BROKEN, "deaf", str(tmp_path / "pid")]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from toolkit.system import *; System([External({command!r})]).emulate(600, [pause(0.1, 'n1')])",
        ],
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "pid").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        pid = int((tmp_path / "pid").read_text())
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
            time.sleep(0.02)
        yield process, pid
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="one process cannot send another Ctrl-C on Windows")
def test_an_interrupt_ends_the_programs_too(notebook):
    process, pid = notebook
    process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=PATIENCE)[1]
    assert is_gone(pid)


def test_programs_end_when_the_notebook_is_killed(notebook):
    process, pid = notebook
    process.kill()
    assert is_gone(pid)


def test_folders_are_private_and_removed():
    run = System({"n1": External(ALONE), "n2": External(ALONE)}, clients=1).emulate(
        0.5, workload=Script(one_each(["n1", "n2"], "add", delta=5))
    )
    assert [operation.result["value"] for operation in run.history] == [5, 5]
    folders = [Path(node._child.process.args[-1]) for node in run.nodes.values()]
    assert len(set(folders)) == 2
    assert not any(folder.exists() for folder in folders)


def test_a_system_without_programs_can_be_emulated():
    run = System({"n1": Everything}, clients=1).emulate(0.4, workload=Script(one_each(["n1"], "who")))
    assert run.history[0].result["pid"] == os.getpid()


@pytest.mark.parametrize("do", ["simulation", "simulate", "check_determinism", "sweep", "deploy", "replay"])
def test_what_needs_a_seed_or_a_cluster_refuses_programs(do):
    system = System({"n1": External(BROKEN)})
    arguments = {"sweep": ([1], bool), "deploy": (None,), "replay": (None,)}.get(do, ())
    with pytest.raises(ValueError, match=r"'n1'.*emulate"):
        getattr(system, do)(*arguments)


def test_bad_arguments_are_named_before_anything_starts(tmp_path):
    for command, error, word in (
        ("./node", TypeError, "list"),
        ([], ValueError, "list of str"),
        ([1], ValueError, "list of str"),
        (["no-such-program"], FileNotFoundError, "no-such-program"),
    ):
        with pytest.raises(error, match=word):
            External(command)
    for name, value in (("ready", 0), ("messages", -1), ("messages", True)):
        with pytest.raises(ValueError, match=name):
            External(BROKEN, **{name: value})
    system = broken("deaf", str(tmp_path / "pid"))
    with pytest.raises(ValueError, match="skew_clock"):
        system.emulate(1.0, [skew_clock(0.1, "n1", 5)])
    with pytest.raises(ValueError, match="n7"):
        system.emulate(1.0, [crash(0.1, "n7")])
    with pytest.raises(ValueError, match="seconds"):
        system.emulate(0)
    assert not (tmp_path / "pid").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission")
def test_a_program_that_cannot_be_started_is_named_with_the_remedy(tmp_path):
    program = tmp_path / "node"
    program.write_text("echo this has no first line that says who runs it")
    with pytest.raises(FileNotFoundError, match="chmod"):
        External([program])
    program.chmod(0o700)
    with pytest.raises(MessageError, match="#!"):
        System([External([program])]).emulate(1.0)


def test_a_child_can_be_killed_twice():
    inbox: child.Inbox = queue.Queue()
    one = child.Child([*BROKEN, "silent"], "n1", inbox)
    one.kill()
    one.kill()
    assert is_gone(one.pid)
    assert one.process.returncode is not None
