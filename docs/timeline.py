"""Make the README's picture, `timeline.svg`, from a real run: `python docs/timeline.py`."""

import time
from pathlib import Path

from toolkit import Cluster


def work(number: int) -> int:
    """A task that takes a little while, mostly waiting."""
    time.sleep(0.12 + 0.06 * (number % 4))
    return number


def main() -> None:
    """Four workers get a handful of tasks now and then; one worker is killed, another is frozen for a while."""
    with Cluster(workers=4) as cluster:
        futures = []
        for turn in range(8):
            futures += cluster.client.map(work, range(6), key=f"work-{turn}", pure=False)
            if turn == 2:
                cluster.kill("w1")
            if turn == 3:
                cluster.freeze("w2")
            if turn == 6:
                cluster.thaw("w2")
            time.sleep(0.7)
        cluster.client.gather(futures)
        time.sleep(0.3)
        cluster.timeline.picture().save(Path(__file__).with_name("timeline.svg"))


if __name__ == "__main__":
    main()
