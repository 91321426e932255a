"""`python -m toolkit lab | run | test | …`, also from a bare checkout where nothing is installed yet."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036, RUF100  (the check is for whoever starts it with an older Python)
    sys.exit(
        "The toolkit needs Python 3.11 or newer, and {} is Python {}.{}.\n"
        "Start it with a newer one, for example: python3.12 -m toolkit {}".format(
            sys.executable, sys.version_info[0], sys.version_info[1], " ".join(sys.argv[1:])
        )
    )

from toolkit.command.main import main

if __name__ == "__main__":
    sys.exit(main())
