"""A picture says what it shows, in every form that a notebook, a page or a file needs."""

import base64
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from toolkit.pictures.picture import picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown():
    return picture(100, 50, "A title", "One & two < three.")


def test_it_is_valid_xml_with_a_name_and_a_description(shown):
    root = ET.fromstring(shown.svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("viewBox") == "0 0 100 50"
    assert root.get("width") == "100%"
    assert root.findtext(f"{SVG}title") == "A title"
    assert root.findtext(f"{SVG}desc") == "One & two < three."


def test_the_bundle_holds_the_same_picture_in_every_form(shown):
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/html", "text/plain"}
    inside = re.search(r"base64,([^\"]+)", bundle["text/html"])
    assert inside is not None
    assert base64.b64decode(inside[1]).decode() == bundle["image/svg+xml"] == shown.svg
    assert 'alt="One &amp; two &lt; three."' in bundle["text/html"]
    assert bundle["text/plain"] == shown.text


def test_save(shown, tmp_path):
    path = shown.save(tmp_path / "a.svg")
    assert path.read_text(encoding="utf-8") == shown.svg
    with pytest.raises(ValueError, match=r"a\.png.*\.svg"):
        shown.save(tmp_path / "a.png")


def test_it_asks_nobody_for_anything(shown):
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<)]+", shown.svg))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|<script|href", shown.svg)


def test_pictures_need_neither_jupyter_nor_dask():
    code = (
        "import sys, toolkit.pictures; print([m for m in sys.modules if m in ('IPython', 'ipywidgets', 'distributed')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
