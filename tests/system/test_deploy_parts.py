"""The parts of a deployment that need no cluster: files, codec, connections, and the making of one trace."""

import asyncio
import os
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.system.deploy import link
from toolkit.system.deploy.codec import complete, packer
from toolkit.system.deploy.files import DiskFile, replay
from toolkit.system.deploy.gather import Lane, merge, read
from toolkit.system.deploy.link import NONCE, Inbound, Link, hello

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(DATA))
def test_plain_data_comes_back_as_it_was(values):
    pack = packer()
    assert complete(b"".join(map(pack, values))) == values


def test_big_numbers_and_odd_text_travel():
    for value in (2**64, -(2**63) - 1, 10**100, -(10**100), "\ud800", {"": [1.5, None]}):
        assert complete(packer()(value)) == [value]


def test_objects_do_not_travel():
    with pytest.raises(TypeError, match="set"):
        packer()({1, 2})


# ---- the disk


@given(st.integers(min_value=0, max_value=200))
def test_a_write_that_was_torn_is_left_out_and_the_next_one_is_sound(tmp_path_factory, torn):
    path = tmp_path_factory.mktemp("disk") / "disk"
    disk = DiskFile(path)
    lengths = []
    for number in range(5):
        disk.store([["append", "numbers", number], ["set", "latest", number]])
        lengths.append(path.stat().st_size)
    disk.close()
    kept = max(0, lengths[-1] - torn)
    os.truncate(path, kept)
    whole = sum(length <= kept for length in lengths)
    disk = DiskFile(path)
    assert disk.content.get("numbers", []) == list(range(whole))
    disk.store([["append", "numbers", "new"]])
    disk.close()
    assert replay(path.read_bytes())[0]["numbers"] == [*range(whole), "new"]


def test_a_damaged_record_ends_the_replay(tmp_path):
    disk = DiskFile(tmp_path / "disk")
    disk.store([["set", "a", 1]])
    first = (tmp_path / "disk").stat().st_size
    disk.store([["set", "b", 2], ["delete", "a"]])
    disk.close()
    data = bytearray((tmp_path / "disk").read_bytes())
    assert replay(bytes(data))[0] == {"b": 2}
    data[-1] ^= 1
    assert replay(bytes(data)) == ({"a": 1}, first)


# ---- connections

TOKEN = b"the run's secret"


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def serve(test: Callable[[str, int, list[Any]], Awaitable[None]]) -> list[Any]:
    """Run `test(host, port, got)` against a listening node called "n1"; returns what it received."""
    got: list[Any] = []

    async def main() -> None:
        def accept() -> Inbound:
            return Inbound("n1", TOKEN, lambda sender, values, _: got.append((sender, values)), lambda _: None)

        server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            host, port = server.sockets[0].getsockname()[:2]
            await test(host, port, got)

    asyncio.run(main())
    return got


async def say(host: str, port: int, opening: Callable[[bytes], bytes], *more: bytes) -> bytes:
    """Dial, answer the random number with `opening(number)`, send more; returns what comes until the end."""
    reader, writer = await asyncio.open_connection(host, port)
    for data in (opening(await reader.readexactly(NONCE)), *more):
        writer.write(data)
        await asyncio.sleep(0.05)
    try:
        return await asyncio.wait_for(reader.read(), 0.3)
    except TimeoutError:
        return b"still open"
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "opening",
    [
        lambda nonce: hello(b"another secret", nonce, "n2", "n1"),
        lambda nonce: hello(TOKEN, nonce, "n2", "n3"),  # meant for a node that had this port before
        lambda nonce: hello(TOKEN, bytes(NONCE), "n2", "n1"),  # overheard on another connection
        lambda nonce: hello(TOKEN, nonce, "n2", "n1")[:-2] + b"n3",  # in another's name
        lambda nonce: b"GET / HTTP/1.1\r\n\r\n" * 10_000,
    ],
    ids=["wrong token", "wrong receiver", "repeated", "wrong name", "a browser"],
)
def test_who_does_not_know_the_token_is_cut_off(opening):
    async def test(host: str, port: int, got: list[Any]) -> None:
        assert await say(host, port, opening, packer()([1, "item", {}, None])) == b""

    assert serve(test) == []


def test_who_knows_the_token_is_heard_and_nothing_is_unpickled(tmp_path):
    message = [1, "item", {"number": 1}, None]
    trap = pickle.dumps(Trap(tmp_path / "sprung"))

    async def test(host: str, port: int, got: list[Any]) -> None:
        await say(host, port, lambda nonce: hello(TOKEN, nonce, "n2", "n1"), packer()(message), trap)

    got = serve(test)
    assert got[0][0] == "n2"
    assert got[0][1][0] == message
    assert not (tmp_path / "sprung").exists()


def test_rubbish_ends_the_connection():
    async def test(host: str, port: int, got: list[Any]) -> None:
        assert await say(host, port, lambda nonce: hello(TOKEN, nonce, "n2", "n1"), b"\xc1" * 100) == b""

    serve(test)


def test_a_stranger_who_says_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr(link, "PATIENCE", 0.1)

    async def test(host: str, port: int, got: list[Any]) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        await reader.readexactly(NONCE)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()

    assert serve(test) == []


def test_a_link_keeps_the_order_and_tells_what_it_could_not_send():
    dropped: list[tuple[int, str]] = []

    async def test(host: str, port: int, got: list[Any]) -> None:
        to = Link("n2", "n1", TOKEN, lambda number, why: dropped.append((number, why)))
        to.put(1, packer()(1))
        to.flush()  # nobody is known to be there
        to.locate((host, port))
        for number in range(2, 1000):
            to.put(number, packer()(number))
            to.flush()
        while sum(len(values) for _, values in got) < 998:
            await asyncio.sleep(0.01)
        to.locate((host, 1))  # nobody answers there
        to.put(1000, packer()(1000))
        to.flush()
        while len(dropped) < 2:
            await asyncio.sleep(0.01)
        to.close()

    got = serve(test)
    assert [number for _, values in got for number in values] == list(range(2, 1000))
    assert dropped == [(1, "crashed"), (1000, "crashed")]


def test_what_waits_for_one_peer_is_bounded(monkeypatch):
    monkeypatch.setattr(link, "FULL", 1000)
    dropped: list[tuple[int, str]] = []

    async def main() -> None:
        to = Link("n2", "n1", TOKEN, lambda number, why: dropped.append((number, why)))
        for number in range(3):
            to.put(number, bytes(600))
        to.close()

    asyncio.run(main())
    assert dropped == [(2, "overflow")]


# ---- one trace of many logs


def log(*records: Any) -> bytes:
    return b"".join(map(packer(), records))


def sent(at: float, number: int, to: str) -> list[list[Any]]:
    return [[at, "send", to], [number, "item", {}, None]]


def test_an_unfinished_log_is_read_as_far_as_it_goes():
    data = log(*sent(0.1, 1, "b"), *sent(0.2, 2, "b"))
    whole = read(data)
    assert [record[-4] for record in whole] == [1, 2]
    for length in range(len(data)):
        records = read(data[:length])
        assert records == whole[: len(records)]


def test_clocks_that_disagree_never_reverse_cause_and_effect():
    a = Lane("a", {0: read(log(*sent(5.0, 1, "b"), [5.2, "deliver", 2], [5.3, "log", "late"]))})
    b = Lane("b", {0: read(log([1.0, "deliver", 1], *sent(1.1, 2, "a"), [1.2, "log", "early"]))})
    rows = merge([a, b], [])
    assert [(row[2], row[3]) for row in rows] == [
        ("send", "a"), ("deliver", "b"), ("send", "b"), ("log", "b"), ("deliver", "a"), ("log", "a"),
    ]  # fmt: skip
    assert [row[0] for row in rows] == [5.0, 5.0, 5.0, 5.0, 5.2, 5.3]


def test_what_was_done_to_a_node_stands_between_its_lives():
    lives = {0: read(log([0.1, "log", "one"])), 1: read(log([0.5, "restart"], [0.6, "log", "two"]))}
    lane = Lane("a", lives, [(0.05, 0, "pause"), (0.07, 0, "resume"), (0.09, 0, "crash", "fault")])
    rows = merge([lane], [(0.3, "heal")])
    assert [row[2] for row in rows] == ["pause", "resume", "log", "crash", "heal", "restart", "log"]
    assert [row[0] for row in rows] == [0.05, 0.07, 0.1, 0.1, 0.3, 0.5, 0.6]


def test_what_was_lost_with_a_process_is_dropped_and_the_rest_is_under_way():
    a = Lane("a", {0: read(log(*sent(0.1, 1, "b"), *sent(0.4, 2, "b"), *sent(0.9, 3, "b")))})
    b = Lane("b", {0: [], 1: read(log([0.6, "restart"]))}, [(0.3, 0, "crash", "fault")])
    rows = merge([a, b], [])
    drops = [(row[0], row[4][1], row[5]) for row in rows if row[2] == "drop"]
    assert drops == [(0.3, 1, "crashed"), (0.4, 2, "crashed")]


def test_a_lost_log_costs_only_its_own_messages():
    b = Lane("b", {0: read(log([0.1, "deliver", 7], [0.2, "log", "still here"]))})
    assert [row[2] for row in merge([Lane("a"), b], [])] == ["log"]
