"""A picture: SVG drawn once in Python, and the sentence that says what it shows.

The same drawing is shown by a notebook, kept in the saved notebook for a reader without a kernel, put into exported
HTML and looked at by the tests.
"""

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

from toolkit.pictures.svg import number, tag
from toolkit.pictures.theme import STYLE


@dataclass(frozen=True)
class Picture:
    """What a drawing function returns. The last line of a cell displays it.

    Attributes:
        svg: the drawing, a whole SVG document in one string.
        text: the same in words, one or a few sentences.
    """

    svg: str
    text: str

    def save(self, path: str | Path) -> Path:
        """Write the SVG file `path` (UTF-8) and return its path. Raises ValueError when it isn't named .svg."""
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ValueError(
                f"path={str(path)!r} should end in .svg: a picture is saved as SVG, for example 'ring.svg'"
            )
        target.write_text(self.svg, encoding="utf-8")
        return target

    @property
    def html(self) -> str:
        """The picture as one <img>, the form that JupyterLab shows even in a notebook that it doesn't trust yet."""
        data = base64.b64encode(self.svg.encode()).decode()
        return f'<img alt="{escape(self.text, quote=True)}" src="data:image/svg+xml;base64,{data}" style="width:100%">'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/html": self.html, "text/plain": self.text}


def picture(width: float, height: float, title: str, text: str, *marks: str) -> Picture:
    """Put marks on paper of width × height units; a unit is about a pixel where the picture has its natural size."""
    drawing = tag(
        "svg",
        tag("title", escape(title)),
        tag("desc", escape(text)),
        tag("style", STYLE),
        tag("rect", class_="ds-paper", width=width, height=height),
        *marks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width="100%",
        style=f"max-width:{number(width * 1.5)}px;max-height:92vh",
        role="img",
        class_="ds-picture",
    )
    return Picture(drawing, text)
