"""A disk keeps what was synced, and only that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.system import MessageError
from toolkit.system.disk import Disk, apply

keys = st.sampled_from(["a", "b", "c"])
values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=4)
steps = st.one_of(
    st.tuples(st.just("set"), keys, values),
    st.tuples(st.just("append"), keys, values),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("sync")),
)


@given(st.lists(steps, max_size=30))
def test_what_is_read_is_what_was_written_and_what_is_kept_what_was_synced(taken):
    durable = {}
    disk = Disk({}, lambda writes: [apply(durable, write) for write in writes])
    now, kept = {}, {}
    for kind, *rest in taken:
        if kind == "sync":
            disk.sync()
            kept = {key: list(value) if isinstance(value, list) else value for key, value in now.items()}
            assert disk.unsynced == 0
        elif kind == "set":
            disk[rest[0]] = now[rest[0]] = rest[1]
        elif kind == "append" and isinstance(now.get(rest[0], []), list):
            disk.append(*rest)
            now[rest[0]] = [*now.get(rest[0], []), rest[1]]
        elif kind == "delete" and rest[0] in now:
            del disk[rest[0]], now[rest[0]]
        assert dict(disk) == now
        assert durable == kept
    assert dict(Disk(durable, lambda writes: None)) == kept


def test_what_a_disk_does_not_take():
    disk = Disk({"a": 1}, lambda writes: None)
    with pytest.raises(MessageError, match=r"disk\['a'\] is 1, not a list"):
        disk.append("a", 2)
    with pytest.raises(KeyError):
        del disk["b"]
    with pytest.raises(MessageError, match="use sorted"):
        disk["a"] = {1}
    assert "1 writes not synced" not in repr(disk)
