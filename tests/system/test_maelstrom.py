"""Our nodes as Maelstrom programs: driven through standard input and output, as Maelstrom itself would."""

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.system.maelstrom.lines import ENVELOPE, body_of, fields_in, line_of, parse

NODES = Path(__file__).parent / "programs" / "nodes.py"
PATIENCE = 30.0


class Conversation:
    """Maelstrom's part: starts the program, writes messages to it, and reads what it answers."""

    def __init__(self, node="Everything", *options, command=("toolkit.system.maelstrom",), name="n1"):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, f"{NODES}:{node}", *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.errors = b""
        self.threads = [threading.Thread(target=read, daemon=True) for read in (self._read, self._listen)]
        for thread in self.threads:
            thread.start()
        self.sent = 0

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def _listen(self):
        self.errors = self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE)
        for thread in self.threads:
            thread.join(PATIENCE)
        self.process.stdin.close()

    def write(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def tell(self, type, src="c1", **fields):
        """Send a message, and return its number."""
        self.sent += 1
        body = {"type": type, "msg_id": self.sent, **fields}
        self.write(json.dumps({"src": src, "dest": self.name, "body": body}).encode() + b"\n")
        return self.sent

    def hear(self):
        """The next line on standard output: only ever a message."""
        message = json.loads(self.lines.get(timeout=PATIENCE))
        assert set(message) == {"src", "dest", "body"}
        return message

    def ask(self, type, **fields):
        """Send a request, and return the body of the answer to it, without numbers."""
        number = self.tell(type, **fields)
        answer = self.hear()
        assert (answer["src"], answer["dest"]) == (self.name, fields.get("src", "c1"))
        assert answer["body"].pop("in_reply_to") == number
        answer["body"].pop("msg_id", None)
        return answer["body"]

    def begin(self, *others):
        assert self.ask("init", node_id=self.name, node_ids=[self.name, *others]) == {"type": "init_ok"}
        return self

    def end(self):
        """End of the input: returns the exit status and what was written to standard error."""
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        for thread in self.threads:
            thread.join(PATIENCE)
        assert self.lines.empty()
        return status, self.errors.decode()


@pytest.fixture(scope="module")
def node():
    with Conversation() as conversation:
        yield conversation.begin("n2", "n3")


def test_init_gives_the_node_its_name_and_its_peers(node):
    answer = node.ask("who")
    assert (answer["name"], answer["peers"], answer["pid"]) == ("n1", ["n2", "n3"], node.process.pid)


@pytest.mark.parametrize("echo", [1, -0.5, None, True, "ä \U0001f600 \n", [1, [2, {}]], {"a": {"b": []}}, 2**80])
def test_a_request_is_handled_and_answered(node, echo):
    assert node.ask("echo", echo=echo) == {"type": "echo_ok", "echo": echo}


def test_every_message_that_a_node_sends_has_a_number_of_its_own(node):
    for _ in range(5):
        node.tell("echo", echo=0)
    numbers = [node.hear()["body"]["msg_id"] for _ in range(5)]
    assert len(set(numbers)) == 5


def test_names_that_python_reserves_are_fields_all_the_same(node):
    values = {"from": 1, "to": 2}
    assert node.ask("cas", key="k", **values) == {"type": "cas_ok", "key": "k", "values": values}


def test_an_unknown_type_is_error_10_and_names_the_nearest(node):
    answer = node.ask("ecko", echo=1)
    assert (answer["type"], answer["code"]) == ("error", 10)
    assert "on_echo" in answer["text"]


@pytest.mark.parametrize("fields", [{}, {"echo": 1, "loud": True}])
def test_fields_that_do_not_fit_are_error_12(node, fields):
    answer = node.ask("echo", **fields)
    assert (answer["type"], answer["code"]) == ("error", 12)
    assert "echo" in answer["text"]


def test_a_handler_that_raises_is_error_13_and_the_node_goes_on(node):
    answer = node.ask("divide", by=0)
    assert (answer["type"], answer["code"]) == ("error", 13)
    assert answer["text"].startswith("ZeroDivisionError")
    assert node.ask("divide", by=4) == {"type": "divide_ok", "value": 0.25}


def test_a_field_named_like_a_part_of_the_protocol_cannot_be_sent(node):
    answer = node.ask("reserved")
    assert answer["code"] == 13
    assert "msg_id" in answer["text"]


def test_a_second_init_is_refused(node):
    answer = node.ask("init", node_id="n7", node_ids=["n7"])
    assert (answer["type"], answer["code"]) == ("error", 22)
    assert node.ask("who")["name"] == "n1"


def test_replies_and_messages_without_a_number_are_never_complained_about(node):
    """Two nodes that complain about each other's complaints would never end."""
    for body in (
        {"type": "error", "in_reply_to": 1, "code": 10},
        {"type": "nobody_knows"},
        {"type": "divide", "by": 0},
    ):
        node.write(json.dumps({"src": "n2", "dest": "n1", "body": body}).encode() + b"\n")
    assert node.ask("echo", echo="next")["echo"] == "next"  # the next line is this one


def test_lines_that_are_no_messages_are_passed_over(node):
    for line in (
        b"\n",
        b"nonsense\n",
        b"[1]\n",
        b'{"src": "c1"}\n',
        b"\xff\xfe\n",
        b'{"src":"c1","dest":"n1","body":{}}\n',
    ):
        node.write(line)
    assert node.ask("echo", echo="next")["echo"] == "next"


def test_timers_run_in_real_time_and_a_request_is_answered_later(node):
    first = node.tell("alarm", seconds=0.2)
    second = node.tell("echo", echo="meanwhile")
    answers = [node.hear()["body"] for _ in range(2)]
    assert [(answer["type"], answer["in_reply_to"]) for answer in answers] == [("echo_ok", second), ("alarm_ok", first)]
    assert answers[1]["timer"] == "ring"


def test_a_service_that_no_system_has_can_be_asked(node):
    """Maelstrom has services such as lin-kv beside the nodes, with no other announcement."""
    number = node.tell("ask", service="lin-kv")
    question = node.hear()
    assert question["dest"] == "lin-kv"
    assert fields_in(question["body"]) == {"key": "k", "value": [1, {"a": None}]}
    answer = {"type": "write_ok", "in_reply_to": question["body"]["msg_id"]}
    node.write(line_of("lin-kv", "n1", answer))
    assert node.hear()["body"]["in_reply_to"] == number


def test_what_is_printed_does_not_get_among_the_messages():
    with Conversation() as node:
        node.begin()
        assert node.ask("print") == {"type": "print_ok", "read": ""}
        status, errors = node.end()
    assert status == 0
    for text in ("printed", "written to the descriptor", "by a child", "logged"):
        assert text in errors


def test_before_init_a_request_is_error_11_and_the_end_of_the_input_is_the_end():
    with Conversation() as node:
        assert node.ask("echo", echo=1)["code"] == 11
        assert node.ask("init", node_id=1, node_ids="n1")["code"] == 12
        assert node.end()[0] == 0


def test_the_disk_survives_a_kill(tmp_path):
    with Conversation("Everything", "--disk", tmp_path / "state", name="a/../b") as node:
        node.begin()
        for _ in range(3):
            assert node.ask("add", delta=5) == {"type": "add_ok"}
    assert [path.parent for path in tmp_path.rglob("*.disk")] == [tmp_path / "state"]
    with Conversation("Everything", "--disk", tmp_path / "state", name="a/../b") as node:
        assert node.begin().ask("read") == {"type": "read_ok", "value": 15}


def test_the_command_line_of_the_toolkit_runs_it_and_a_seed_repeats_its_random_numbers():
    numbers = []
    for command in (("toolkit", "maelstrom"), ("toolkit.system.maelstrom",)):
        with Conversation("Everything", "--seed", 5, command=command) as node:
            numbers.append(node.begin().ask("draw")["number"])
            assert node.end()[0] == 0
    assert numbers[0] == numbers[1]


def test_a_node_that_does_not_come_up_says_so_and_ends():
    with Conversation("Stubborn") as node:
        answer = node.ask("init", node_id="n1", node_ids=["n1"])
        assert (answer["type"], answer["code"]) == ("error", 13)
        assert "no configuration" in answer["text"]
        assert node.process.wait(PATIENCE) == 1


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (f"{NODES}:Nobody", "Nobody"),
        (f"{NODES}:Misspelt", "on_echo"),
        (f"{NODES}:os", "Node"),
        (f"{NODES}", "module:Class"),
        ("no_such_module:Echo", "no_such_module"),
        ("no_such_file.py:Echo", "no_such_file.py"),
    ],
)
def test_a_class_that_is_none_is_named(name, word, tmp_path):
    command = [sys.executable, "-m", "toolkit.system.maelstrom", name]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


numbers = st.integers(0, 2**63)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
fields = st.dictionaries(st.text().filter(lambda name: name not in ENVELOPE), values, max_size=4)


@given(st.text(), st.text(), st.text(min_size=1), fields, numbers, st.none() | numbers)
def test_a_message_is_read_as_it_was_written(src, dest, type, fields, id, reply_to):
    line = line_of(src, dest, body_of(type, fields, id, reply_to))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    read = parse(line)
    assert (read[0], read[1], read[2]["type"], read[2]["msg_id"]) == (src, dest, type, id)
    assert read[2].get("in_reply_to") == reply_to
    assert fields_in(read[2]) == fields


@given(st.binary() | st.text().map(str.encode) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_no_message_is_a_value_error(line):
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is json's or ours
        parse(line)


def test_deeply_nested_json_is_a_value_error():
    with pytest.raises(ValueError, match="deep"):
        parse(b"[" * 100_000)
