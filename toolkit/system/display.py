"""How a record shows itself in a notebook: runs and traces are drawn by the same picture and moved by the same widget.

Pictures and widgets are imported when something is shown, so that a record needs neither.
"""

from typing import Any


class SpaceTimeDisplay:
    """Mixed into whatever `toolkit.pictures.space_time` can draw."""

    def picture(self) -> Any:
        """The space–time diagram, as a `toolkit.pictures.Picture`."""
        from toolkit.pictures.space_time import space_time

        return space_time(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The diagram to walk about in; a still picture where widgets are missing."""
        try:
            from toolkit.widgets import SpaceTime
        except ImportError:
            return self.picture()._repr_mimebundle_(include, exclude)
        return SpaceTime(self)._repr_mimebundle_(include=include, exclude=exclude)
