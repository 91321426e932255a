"""Keys, and how they are hashed: the same number in every process, on every machine, in every version.

Python's own `hash("LHR")` differs from one process to the next (it is salted, PEP 456), so two workers would
disagree about who owns a key. Placement needs a *stable* hash:

- text is hashed as its UTF-8 bytes, and bytes as they are, with XXH3 (64 bits, Yann Collet, xxhash.com);
- an integer is hashed by value with the mixer of SplitMix64 (Steele, Lea & Flood, "Fast Splittable Pseudorandom
  Number Generators", OOPSLA 2014): a few multiplications and shifts, so that numpy can hash a whole column at once.

A key alone and the same key in a column get the same hash, whatever holds it: `5`, `np.int64(5)` and a `uint8`
column are one key. The text `"5"` is another key than the number `5`. Two pairs share a hash by design: `"a"` and
`b"a"`, and `-1` and `2**64 - 1` (the same 64 bits).

Used by every scheme in this room: notebooks 10-partitioning and 11-consistent-hashing.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

Key: TypeAlias = str | bytes | int
Column: TypeAlias = "NDArray[Any] | list[Key]"  # an integer array, or a list of keys of any kind

MASK = 2**64 - 1
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BLOCK = 1 << 14  # keys per numpy step: 128 KiB, so that the steps of the mixer find their block in the cache


def hash_key(key: Key) -> int:
    """The 64-bit hash of one key: an integer in [0, 2**64).

    Raises TypeError for anything but str, bytes and int, ValueError for an int that 64 bits cannot hold.
    """
    if isinstance(key, str):
        return xxh3_64_intdigest(key.encode())
    if isinstance(key, bytes):
        return xxh3_64_intdigest(key)
    return mix(check_key(key) & MASK)  # type: ignore[operator]  # neither str nor bytes, so an int


def hash_keys(keys: Any) -> NDArray[np.uint64]:
    """The 64-bit hash of each key in a list, numpy array or pandas column: `hash_key` for many at once."""
    values, index = distinct(keys)
    hashes = hash_column(values)
    return hashes if index is None else hashes[index]


def hash_column(column: Column) -> NDArray[np.uint64]:
    """The hashes of a column that `distinct` made."""
    if isinstance(column, np.ndarray):
        return mix_column(column.astype(np.int64 if column.dtype.kind == "i" else np.uint64).view(np.uint64))
    try:  # nearly always all are text, and then two loops in C do it
        hashes = map(xxh3_64_intdigest, map(str.encode, column))  # type: ignore[arg-type]
        return np.fromiter(hashes, np.uint64, len(column))
    except TypeError:  # no: bytes, numbers too large for a signed column, or a mixture
        return np.fromiter(map(hash_key, column), np.uint64, len(column))


def mix(number: int) -> int:
    """Scramble 64 bits so that each bit of the answer depends on every bit of the number (one SplitMix64 step)."""
    number = (number + _STEP) & MASK
    number = ((number ^ number >> 30) * _FIRST) & MASK
    number = ((number ^ number >> 27) * _SECOND) & MASK
    return number ^ number >> 31


def mix_column(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix` for each number of an array; returns a new array."""
    mixed = numbers + np.uint64(_STEP)
    spare = np.empty(min(_BLOCK, mixed.size), np.uint64)
    for start in range(0, mixed.size, _BLOCK):
        block = mixed[start : start + _BLOCK]
        shifted = spare[: block.size]
        for shift, factor in ((30, _FIRST), (27, _SECOND)):
            np.right_shift(block, np.uint64(shift), out=shifted)
            np.bitwise_xor(block, shifted, out=block)
            np.multiply(block, np.uint64(factor), out=block)
        np.right_shift(block, np.uint64(31), out=shifted)
        np.bitwise_xor(block, shifted, out=block)
    return mixed


def distinct(keys: Any) -> tuple[Column, NDArray[np.intp] | None]:
    """Turn whatever holds the keys into (column, index): key number i is `column[index[i]]`.

    A categorical pandas column is dictionary-encoded already: each category needs one look-up, however many rows
    it has. For anything else the index is None and the column holds every key in turn.

    Takes a list, tuple or other iterable in a fixed order, a one-dimensional numpy array, a pandas Series, Index or
    extension array, an Arrow array. Raises TypeError when that, or a key in it, cannot be hashed stably.
    """
    if isinstance(keys, str | bytes):
        raise TypeError(f"keys={keys!r} is one key: ask owner(key), or give a list: [{keys!r}]")
    if isinstance(keys, set | frozenset):
        raise TypeError("keys is a set, whose order differs between processes: give sorted(keys)")
    if not isinstance(keys, Iterable):
        raise TypeError(f"keys={keys!r} is not a column of keys: give a list, a numpy array or a pandas Series")
    if getattr(keys, "ndim", 1) != 1:
        raise TypeError(f"keys has {keys.ndim} dimensions: give one column, such as table['carrier']")  # type: ignore[attr-defined]
    if hasattr(getattr(keys, "dtype", None), "categories"):
        array: Any = getattr(keys, "array", keys)  # what lies under a pandas Series or Index
        if (array.codes < 0).any():
            raise TypeError(_refusal(None))
        used = np.bincount(array.codes, minlength=len(array.categories)) > 0
        return _column(array.categories[used]), (np.cumsum(used) - 1)[array.codes]
    return _column(keys), None


def _column(keys: Any) -> Column:
    if hasattr(keys, "__array__"):
        keys = np.asarray(keys)
    if isinstance(keys, np.ndarray):
        if keys.dtype.kind in "iu":
            return keys
        if keys.dtype.kind not in "USTO":
            missing = keys[keys != keys]  # numbers with gaps become floats in pandas: name the gap, not the float
            raise TypeError(_refusal([*missing[:1], *keys[:1], keys.dtype][0]))
        keys = keys.tolist()
    column = keys if type(keys) is list else list(keys)
    kinds = set(map(type, column))
    if kinds == {int} and min(column) >= -(2**63) and max(column) < 2**63:
        return np.array(column, np.int64)
    if not kinds <= {str, bytes}:
        column = [check_key(key) for key in column]
    return column


def check_key(key: Any) -> Key:
    """Return the key as a plain str, bytes or int; raise TypeError or ValueError when it cannot be hashed stably."""
    if isinstance(key, str | bytes):
        return key
    if not isinstance(key, int | np.integer) or isinstance(key, bool):
        raise TypeError(_refusal(key))
    number = int(key)
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"key {number} does not fit in 64 bits: use str(key)")
    return number


def _refusal(key: Any) -> str:
    kind = type(key).__name__
    if key is None or kind in ("NAType", "NaTType") or (isinstance(key, float | np.floating) and key != key):
        return f"a key is missing ({key!r}): leave such rows out with dropna(), or name them with fillna('unknown')"
    if isinstance(key, float | np.floating):
        remedy = "floats that print alike may differ in their last bit: use a whole number, or format it as text"
    elif isinstance(key, bool | np.bool_):
        remedy = "with two values it is a mask rather than a key: use int(key) if it is meant"
    elif isinstance(key, tuple | list):
        remedy = "join its parts into one text, for instance '/'.join(map(str, key))"
    else:
        remedy = "turn it into text, for instance with str(key) or column.astype(str)"
    return f"a key must be str, bytes or int, not {kind} ({key!r}): {remedy}"
