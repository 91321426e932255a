"""Turn a notebook into one HTML page that needs neither a kernel nor the internet.

Widgets appear as the pictures they carry, formulas as MathML, which browsers draw by themselves.
"""

from html import escape
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from latex2mathml import exceptions
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

_TEMPLATES = Path(__file__).parent / "templates"

# What an output is shown as: never as the widget that only a kernel could bring to life. Our HTML form has alt text.
_SHOWN_AS = [
    "text/html",
    "image/svg+xml",
    "image/png",
    "text/markdown",
    "text/latex",
    "image/jpeg",
    "text/plain",
]


_UNREADABLE: tuple[type[Exception], ...] = tuple(
    error for error in vars(exceptions).values() if isinstance(error, type) and issubclass(error, Exception)
)


class _Renderer(IPythonRenderer):
    """Markdown with formulas as MathML; one that cannot be read stays as it was written."""

    def _html_embed_images(self, html: str) -> str:
        """Only where there are images: nbconvert's parser would close a `<details>` before what it folds."""
        return str(super()._html_embed_images(html)) if "<img" in html else html

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")


def _mathml(formula: str, display: str) -> str:
    try:
        return str(convert(formula, display=display))
    except _UNREADABLE:
        return f"<code>{escape(formula)}</code>"


class OfflineExporter(HTMLExporter):
    """nbconvert's HTML exporter, with nothing in the page that would have to be fetched."""

    @property
    def default_config(self) -> Config:
        ours = Config({"NbConvertBase": {"display_data_priority": _SHOWN_AS}})
        ours.merge(super().default_config)
        ours.NbConvertBase.display_data_priority = _SHOWN_AS
        return ours

    def __init__(self, **options: Any) -> None:
        super().__init__(
            extra_template_paths=[str(_TEMPLATES)], template_file="offline.html.j2", embed_images=True, **options
        )

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """A markdown cell as HTML; images that are attached to it are put into the page."""
        cell = context.get("cell", {})
        renderer = _Renderer(
            escape=False,
            attachments=cell.get("attachments", {}),
            embed_images=self.embed_images,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))


def to_html(notebook: str | Path, page: str | Path | None = None) -> Path:
    """Write a notebook, with the outputs that are saved in it, as one HTML page; returns the page's path.

    Args:
        notebook: an .ipynb file. Run it first: what has no output has no picture.
        page: where to write; by default beside the notebook, ending in .html.

    Raises:
        FileNotFoundError: there is no such notebook.
        ValueError: the file is not a notebook.
    """
    source = Path(notebook)
    try:
        document = nbformat.read(source, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise ValueError(f"notebook={str(source)!r} is not a Jupyter notebook: {error}") from None
    target = source.with_suffix(".html") if page is None else Path(page)
    target.write_text(page_of(document, source), encoding="utf-8")
    return target


def page_of(document: nbformat.NotebookNode, source: Path) -> str:
    """The HTML page of a notebook that has been run; images beside `source`, where it came from, are put into it."""
    resources = {"metadata": {"name": source.stem, "path": str(source.parent)}}
    return str(OfflineExporter().from_notebook_node(document, resources=resources)[0])
