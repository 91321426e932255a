"""The program that runs a learner's function: started by `toolkit.exercises.call`.

It reads one request (a function and a list of arguments), calls the function once for each, and writes one line of
JSON for each call, signed with the request's random word. Right and wrong are decided elsewhere: what is to be the
answer never comes here.
"""

import faulthandler
import json
import math
import os
import pickle
import sys
import traceback
from pathlib import Path


def plain(value: object) -> object:
    """The same value in JSON's own types: tuples and sets become lists, NumPy's numbers become Python's."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, dict):
        return {"pairs": [[plain(key), plain(item)] for key, item in value.items()]}
    if hasattr(value, "tolist"):  # a NumPy number or array, a pandas column
        return plain(value.tolist())
    raise TypeError(
        f"returned a {type(value).__name__}, which can't be compared: return numbers, text, a list or a dict"
    )


def shown(value: object) -> str:
    """The value as the learner would see it, at most a line of it."""
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def call(function: object, harness: object, arguments: object) -> dict[str, object]:
    """Call once; return what came back, or what was raised and where."""
    try:
        value = harness(function, *arguments)  # type: ignore[operator,misc]
    except BaseException as problem:  # noqa: BLE001 — also SystemExit: leaving early is to be reported
        frames = [(f.filename, f.lineno, f.name) for f in traceback.extract_tb(problem.__traceback__)]
        return {"raised": type(problem).__name__, "text": str(problem)[:500], "frames": frames}
    if value is ...:
        return {"value": None, "shown": "..."}
    try:
        return {"value": plain(value), "shown": shown(value)}
    except Exception as problem:  # noqa: BLE001 — whatever the value's own methods raise
        return {"raised": type(problem).__name__, "text": str(problem)[:500], "frames": []}


def main() -> None:
    """Answer the request in the file that the first argument names."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")  # the pipe back, kept for answers:
    os.dup2(2, 1)  # from here on, whatever is printed goes the way of complaints
    request = Path(sys.argv[1])
    packed = request.read_bytes()
    request.unlink()
    header, body = packed.split(b"\n", 1)
    envelope = json.loads(header)
    sys.path[:] = envelope["path"]
    myself = os.getpid()
    function, harness, cases = pickle.loads(body)  # noqa: S301 — written a moment ago by the process that started us
    # On the limit this prints where the function was and ends the process, even if it never comes back to Python.
    faulthandler.dump_traceback_later(envelope["seconds"], exit=True, file=os.dup(2))
    for number, arguments in enumerate(cases):
        answer = call(function, harness, arguments)
        if os.getpid() != myself:
            answer = {"forked": True}
        answers.write(json.dumps({"word": envelope["word"], "case": number, **answer}) + "\n")
        answers.flush()
        if os.getpid() != myself:
            os._exit(0)
    sys.stdout.flush()
    answers.close()
    os._exit(0)  # threads that the function left behind don't keep us


if __name__ == "__main__":
    main()
