"""Colours that follow the reader's theme, and the marks that do without colour.

Text, paper and borders take JupyterLab's own variables, so a picture in a cell is light or dark as Lab is. Alone in a
file it follows the reader's system. Series have the colours of Okabe and Ito, which colour-blind readers can tell
apart (https://jfly.uni-koeln.de/color/); each colour also comes with a place, a shape or a word, because projectors
and printers lose colours.
"""

COLOURS = 8

# One row per role: on light paper, on dark paper, and the JupyterLab variable that has the say where there is one.
_ROLES = {
    "ink": ("#1c2126", "#eceff2", "--jp-content-font-color0"),
    "quiet": ("#565e66", "#b4bcc4", ""),
    "paper": ("#ffffff", "#111418", "--jp-layout-color0"),
    "card": ("#ffffff", "#1b2026", "--jp-layout-color1"),
    "track": ("#e6e9ec", "#373e46", ""),
    "border": ("#a9b1b9", "#69737d", ""),
    "alarm": ("#b83f00", "#ff9c66", ""),
    # Okabe and Ito, in an order that keeps neighbours far apart. Yellow is darkened on white and blue lightened on
    # black; the last one, their black, is a grey between the two.
    "0": ("#0072b2", "#4aa8e0", ""),
    "1": ("#e69f00", "#e69f00", ""),
    "2": ("#009e73", "#1fbf92", ""),
    "3": ("#cc79a7", "#d98bb7", ""),
    "4": ("#56b4e9", "#9bd4f5", ""),
    "5": ("#d55e00", "#f07f2e", ""),
    "6": ("#c4b400", "#f0e442", ""),
    "7": ("#70777e", "#a3abb3", ""),
}


def _palette(column: int) -> str:
    return "".join(
        f"--ds-{role}:" + (f"var({row[2]},{row[column]})" if row[2] else row[column]) + ";"
        for role, row in _ROLES.items()
    )


def _rules() -> str:
    dark = _palette(1)
    series = "".join(f".ds-{n}{{color:var(--ds-{n})}}" for n in range(COLOURS))
    return (
        f".ds-picture{{{_palette(0)}color:var(--ds-ink);background:var(--ds-paper);"
        "font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif)}"
        # Inside a page the page's theme decides; alone in a file, or as an <img>, the reader's system does.
        f"[data-jp-theme-light=false] .ds-picture,.vscode-dark .ds-picture{{{dark}}}"
        f"@media(prefers-color-scheme:dark){{:root.ds-picture{{{dark}}}}}"
        ".ds-picture text{fill:currentColor;font-variant-numeric:tabular-nums}"
        ".ds-picture .ds-quiet{color:var(--ds-quiet)}.ds-picture .ds-alarm{color:var(--ds-alarm)}"
        ".ds-bold{font-weight:650}"
        ".ds-cut{fill:var(--ds-alarm);opacity:.1}.ds-paper{fill:var(--ds-paper)}.ds-card{fill:var(--ds-card);stroke:var(--ds-border)}"
        ".ds-track{fill:var(--ds-track)}.ds-rim{stroke:var(--ds-track);fill:none}"
        ".ds-dots.ds-edge{stroke:var(--ds-paper)}.ds-ink{color:var(--ds-ink)}"
        ".ds-fill{fill:currentColor;stroke:none}.ds-stroke{fill:none;stroke:currentColor}"
        ".ds-dots{fill:none;stroke:currentColor;stroke-linecap:round}"
        ".ds-halo{paint-order:stroke;stroke:var(--ds-card);stroke-width:5px;stroke-linejoin:round}"
        f"{series}"
        ".ds-hot{fill:var(--ds-card);fill-opacity:.82;stroke:currentColor}.ds-strip{fill:var(--ds-card);stroke:currentColor;stroke-width:1.5}.ds-frost{fill:var(--ds-card);stroke:currentColor;stroke-width:2}.ds-ring{fill:var(--ds-card);stroke:currentColor}"
    )


STYLE = _rules()


def colour(index: int) -> str:
    """The class that gives series number `index` its colour; they repeat after eight, names tell the rest."""
    return f"ds-{index % COLOURS}"
