"""Tables whose rows lie in worker processes: where they are, how they move, that they come back."""

import os
import time

import numpy
import pandas
import pytest

from tests.cluster.conftest import PATIENCE
from toolkit.partitioning import HashModulo, HashRing, Range, moved

pytestmark = pytest.mark.cluster

ROWS = 5_000


@pytest.fixture(scope="module")
def frame() -> pandas.DataFrame:
    random = numpy.random.default_rng(7)
    keys = [f"key-{n}" for n in random.zipf(1.3, ROWS) % 500]
    return pandas.DataFrame({"key": keys, "hour": random.integers(0, 24, ROWS), "value": numpy.arange(ROWS)})


def everything(table) -> list[int]:
    """All values of all partitions, sorted."""
    return sorted(value for values in table.map(lambda rows: rows["value"].tolist()).values() for value in values)


def test_each_row_lies_in_the_process_of_its_owner(cluster, frame):
    ring = HashRing(cluster.names)
    table = cluster.partition(frame, key="key", by=ring)
    measured = table.measure()
    assert measured.index.tolist() == list(ring.nodes) == list(table.workers)
    assert measured["pid"].to_dict() == cluster.pids
    owners = ring.owners(frame["key"])
    assert measured["rows"].to_dict() == {name: int((owners == name).sum()) for name in ring.nodes}
    for name, (pid, keys) in table.map(lambda rows: (os.getpid(), set(rows["key"]))).items():
        assert pid == cluster.pids[name]
        assert {ring.owner(key) for key in keys} == {name}
    assert everything(table) == list(range(ROWS))
    mine = frame[owners == "w1"].reset_index(drop=True)
    assert measured.loc["w1", "bytes"] == pytest.approx(mine.memory_usage(index=False, deep=True).sum(), rel=0.05)


def test_a_parquet_file_is_read_by_the_workers_themselves(cluster, frame, tmp_path):
    path = tmp_path / "table.parquet"
    frame.to_parquet(path, row_group_size=300)
    for where in (path, str(path)):
        table = cluster.partition(where, key="hour", by=Range(cluster.names, [6, 12, 18]))
        assert table.map(lambda rows: (rows["hour"].min(), rows["hour"].max())) == {
            "w0": (0, 5),
            "w1": (6, 11),
            "w2": (12, 17),
            "w3": (18, 23),
        }
        assert everything(table) == list(range(ROWS))


def test_a_partition_comes_back_with_its_worker(cluster, frame):
    table = cluster.partition(frame, key="key", by=HashRing(cluster.names))
    before = table.measure()
    for name in ("w1", "w3"):
        cluster.kill(name)
    after = table.measure()
    assert after["rows"].to_dict() == before["rows"].to_dict()
    assert after["pid"].to_dict() == cluster.pids
    assert everything(table) == list(range(ROWS))


def test_a_node_joins_and_only_its_rows_move(cluster, frame):
    cluster.scale(3)
    ring = HashRing(cluster.names)
    table = cluster.partition(frame, key="key", by=ring)
    cluster.scale(4)
    bigger = ring.add("w3")
    movement = table.repartition(bigger)
    assert dict(movement.rows) == dict(moved(ring, bigger, frame["key"]).flows)
    assert {to for _, to in movement.rows} == {"w3"}
    measured = table.measure()
    assert movement.total_rows == measured.loc["w3", "rows"]
    assert movement.total_bytes == pytest.approx(measured.loc["w3", "bytes"], rel=0.05)
    assert measured["pid"].to_dict() == cluster.pids
    assert everything(table) == list(range(ROWS))
    again = table.repartition(bigger)
    assert (again.total_rows, again.total_bytes, dict(again.rows)) == (0, 0, {})
    assert "nothing moved" in repr(again)


def test_a_node_leaves_and_the_rows_survive_it_and_a_kill_afterwards(cluster, frame):
    ring = HashRing(cluster.names)
    table = cluster.partition(frame, key="key", by=ring)
    table.repartition(ring.remove("w3"))
    cluster.scale(3)
    assert everything(table) == list(range(ROWS))
    cluster.kill("w0")  # its rows' lineage leads back to w3, which is gone for good
    assert everything(table) == list(range(ROWS))
    assert table.measure()["pid"].to_dict() == cluster.pids


def test_rows_move_from_worker_to_worker_and_not_through_the_notebook(cluster, frame):
    table = cluster.partition(frame, key="key", by=HashRing(cluster.names))
    table.measure()

    movement = table.repartition(HashModulo(cluster.names))
    fetched = cluster.client.run(lambda dask_worker: [entry["who"] for entry in dask_worker.transfer_incoming_log])
    names = {worker.address: worker.name for worker in cluster.snapshot().workers}
    pairs = {(names[source], names[address]) for address, sources in fetched.items() for source in sources}
    assert len(movement.rows) > 3
    assert set(movement.rows) <= pairs


def test_a_partition_may_be_empty(cluster, frame):
    table = cluster.partition(frame, key="hour", by=Range(cluster.names, [100, 200, 300]))
    assert table.measure()["rows"].tolist() == [ROWS, 0, 0, 0]
    assert table.map(lambda rows: list(rows.columns))["w3"] == list(frame.columns)
    table.repartition(Range(cluster.names, [6, 12, 18]))
    assert everything(table) == list(range(ROWS))


def test_the_learners_exception_in_map_arrives(cluster, frame):
    table = cluster.partition(frame, key="key", by=HashRing(cluster.names))
    with pytest.raises(KeyError, match="nothing"):
        table.map(lambda rows: rows["nothing"])


def test_a_frozen_worker_is_named_after_the_time_out(cluster, frame):
    table = cluster.partition(frame, key="key", by=HashRing(cluster.names))
    cluster.freeze("w2")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.3 s from w2: frozen"):
        table.map(len, timeout=0.3)
    assert time.monotonic() - began < PATIENCE
    cluster.thaw("w2")
    assert sum(table.map(len).values()) == ROWS


def test_what_is_no_table_is_refused(cluster, frame, tmp_path):
    ring = HashRing(cluster.names)
    damaged = tmp_path / "damaged.parquet"
    frame.to_parquet(damaged)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"damaged\.parquet' is damaged"):
        cluster.partition(damaged, key="key", by=ring)
    with pytest.raises(FileNotFoundError, match=r"gone\.parquet"):
        cluster.partition(tmp_path / "gone.parquet", key="key", by=ring)
    with pytest.raises(TypeError, match="data is a list"):
        cluster.partition([1, 2], key="key", by=ring)
    with pytest.raises(ValueError, match="key='keys' is not a column of the table: use one of key, hour, value"):
        cluster.partition(frame, key="keys", by=ring)
    with pytest.raises(TypeError, match="by=3 is not a partitioner"):
        cluster.partition(frame, key="key", by=3)
    with pytest.raises(ValueError, match=r"nodes w0, w7 must be workers, which are w0, w1, w2, w3: there is no w7"):
        cluster.partition(frame, key="key", by=HashRing(["w0", "w7"]))
