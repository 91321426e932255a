"""`python -m toolkit.system.maelstrom module:Class`"""

import sys

from toolkit.system.maelstrom.command import main

sys.exit(main())
