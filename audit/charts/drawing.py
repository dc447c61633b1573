"""A chart as an object: its specification, its drawing, and what it says to somebody who cannot see it."""

from __future__ import annotations

import base64
import json
import re
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from html import escape
from importlib.resources import files
from textwrap import wrap
from typing import Any

from audit import palette

FONT = "IBM Plex Sans, sans-serif"  # the shipped one; a browser that lacks it takes its own
SIZE = 12
"""Text in charts, in pixels on a screen; on paper 8.5 points, see _PAPER."""
FULL = 652
"""Width on a screen, axes included, in pixels."""
_TITLE_SIZE, _TITLE_GAP = 15, 16  # in pixels
_TITLE_WIDTH, _CAPTION_WIDTH = 84, 110  # characters in one line
_PAPER = 8.5 / SIZE
_VEGA_LITE = "5.21"
"""The newest Vega-Lite that compiles to Vega 5, the one JupyterLab draws."""
_UNDRAWABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no character of XML

# By JupyterLab's own names of colours, so that a chart is no white box in its dark theme.
_THEME = {
    # Legal bases a quarter towards the theme's text: on dark as well they then stand out by 3 to 1.
    **{c: f"color-mix(in srgb, {c} 75%, var(--jp-content-font-color1, {c}))" for c in palette.BASES.values()},
    "white": "transparent",
    palette.INK: f"var(--jp-content-font-color1, {palette.INK})",
    palette.GREY: f"var(--jp-content-font-color2, {palette.GREY})",
    palette.RULE: f"var(--jp-border-color1, {palette.RULE})",
    palette.WASH: f"var(--jp-layout-color2, {palette.WASH})",
    palette.OUTCOMES["compliant"]: f"var(--jp-border-color2, {palette.OUTCOMES['compliant']})",
    palette.ACCENT: f"color-mix(in srgb, {palette.ACCENT} 60%, var(--jp-brand-color1, {palette.ACCENT}))",
}

UNDRAWN = "application/vnd.audit.chart+json"
LATER: ContextVar[bool] = ContextVar("LATER", default=False)
"""Whether a notebook's charts are drawn later, by a process that has the engine running already."""


@cache
def _engine() -> Any:
    """vl_convert, knowing the package's own font, so that text is measured as it is drawn."""
    import vl_convert

    vl_convert.register_font_directory(str(files("audit") / "fonts"))
    return vl_convert


@lru_cache(maxsize=128)  # a report's notebook and those of its subjects show the same charts
def _svg(spec: str) -> str:
    svg: str = _engine().vegalite_to_svg(json.loads(spec), vl_version=_VEGA_LITE)
    return svg


@lru_cache(maxsize=128)
def _png(svg: str) -> bytes:
    image: bytes = _engine().svg_to_png(svg, scale=2)
    return image


@dataclass(frozen=True)
class Chart:
    """One chart with its finding in words.

    Attributes:
        title: the finding, as a sentence without its full stop.
        alt: the finding and its figures for a reader who hears the page.
        spec: Vega-Lite with its rows inside, without the title.
        caption: how to read it, where that does not show.
        screen: another specification for JupyterLab, where a click can do more than on paper; without its title.
        reading: how to use that one.
    """

    title: str
    alt: str
    spec: dict[str, Any]
    caption: str | None = None
    screen: dict[str, Any] | None = None
    reading: str | None = None

    def __repr__(self) -> str:
        """What it says, for a prompt."""
        return self.alt

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is drawn."""
        rows: list[dict[str, Any]] = self.spec["datasets"]["rows"]
        return rows

    def svg(self) -> str:
        """For paper: without the title, which is set as text beside it; the same specification gives the same bytes."""
        return _stable(_bare(_resized(_svg(json.dumps(_drawable(self.spec))), _PAPER)))

    def png(self) -> bytes:
        """For viewers that draw nothing themselves: with the title, at twice the screen's resolution.

        It is the drawing for paper under its title: to draw the titled specification would measure every text again.
        """
        title = [(line, _TITLE_SIZE, 600, palette.INK) for line in wrap(self.title, _TITLE_WIDTH)]
        caption = [(line, SIZE, 400, palette.GREY) for line in wrap(self.caption or "", _CAPTION_WIDTH)]
        return _png(_under(title + caption, _svg(json.dumps(_drawable(self.spec)))))

    def vega(self) -> dict[str, Any]:
        """For JupyterLab, which draws it offline, with tooltips and selection."""
        titled = self._titled(self.screen or self.spec, self.reading or self.caption)
        spec: dict[str, Any] = _themed(_engine().vegalite_to_vega(_drawable(titled), vl_version=_VEGA_LITE))
        return spec | {"padding": 4}  # a browser's own typeface may reach beyond the measured one

    @property
    def block(self) -> dict[str, Any]:
        """What the report sets."""
        return {
            "kind": "chart",
            "title": self.title,
            "alt": self.alt,
            "svg": self.svg(),
            "caption": self.caption,
        }

    def _titled(self, spec: dict[str, Any], caption: str | None) -> dict[str, Any]:
        subtitle = {"subtitle": wrap(caption, _CAPTION_WIDTH)} if caption else {}
        return {**spec, "title": {"text": wrap(self.title, _TITLE_WIDTH)} | subtitle}

    def _repr_mimebundle_(self, **_wanted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if LATER.get():
            return {UNDRAWN: asdict(self), "text/plain": self.alt}, {}
        data = {
            "application/vnd.audit.block+json": self.block,
            "application/vnd.vega.v5+json": self.vega(),
            "image/png": base64.b64encode(self.png()).decode(),
            "text/plain": self.alt,
        }
        return data, {
            "image/png": {"width": FULL},
            "application/vnd.vega.v5+json": {"embed_options": {"actions": False, "renderer": "svg"}},
        }


def _drawable(value: Any) -> Any:
    """A specification without the characters at which the engine ends the whole process."""
    if isinstance(value, dict):
        return {key: _drawable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_drawable(inner) for inner in value]
    return _UNDRAWABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _themed(value: Any) -> Any:
    """A drawing in the colours of JupyterLab's theme, light or dark; in the house's own where there is no theme."""
    if isinstance(value, dict):
        return {key: _themed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_themed(inner) for inner in value]
    return _THEME.get(value, value) if isinstance(value, str) else value


def finished(output: dict[str, Any]) -> dict[str, Any]:
    """A notebook's output with its chart drawn, where it was left for later; any other as it is."""
    left = output.get("data", {}).get(UNDRAWN)
    if left is None:
        return output
    data, metadata = Chart(**left)._repr_mimebundle_()
    return output | {"data": data, "metadata": metadata}


def own(chart: Any, title: str, alt: str) -> Chart:
    """An analyst's own Altair chart in the house's look, for the notebook and the report.

    Args:
        chart: with its data inside; 652 pixels wide, axes included, fill the page.
        title: what it shows, as a sentence without its full stop; the chart itself has none.
        alt: the same with its figures, for a reader who hears the page.
    """
    return Chart(title, alt, chart.configure(**config()).to_dict())


def config() -> dict[str, Any]:
    """The look every chart shares: one typeface, no frames, no grid behind directly labelled marks."""
    text = {"labelFontSize": SIZE, "titleFontSize": SIZE, "labelFont": FONT, "titleFont": FONT}
    return {
        "font": FONT,
        "background": "white",
        "padding": 0,
        "view": {"stroke": None},
        "concat": {"spacing": 18},
        "axis": text
        | {
            "labelColor": palette.INK,
            "titleColor": palette.GREY,
            "titleFontWeight": 400,
            "domainColor": palette.RULE,
            "tickColor": palette.RULE,
            "gridColor": palette.RULE,
            "labelLimit": 220,
            "titleLimit": 400,
        },
        "text": {"font": FONT, "fontSize": SIZE, "color": palette.INK},
        "title": {
            "font": FONT,
            "fontSize": _TITLE_SIZE,
            "fontWeight": 600,
            "color": palette.INK,
            "anchor": "start",
            "offset": _TITLE_GAP,
            "subtitleFont": FONT,
            "subtitleFontSize": SIZE,
            "subtitleColor": palette.GREY,
        },
    }


def _under(lines: list[tuple[str, int, int, str]], svg: str) -> str:
    """A drawing under lines of text, each with its size, weight and colour, set as Vega sets a title."""
    width, height = (float(size) for size in re.findall(r'\b(?:width|height)="([\d.]+)"', svg.split(">", 1)[0]))
    texts, y = "", 0
    for text, size, weight, colour in lines:
        y += size + 2
        texts += f'<text y="{y - 5}" font-size="{size}" font-weight="{weight}" fill="{colour}">{_escaped(text)}</text>'
    y += _TITLE_GAP - 2
    drawing = svg.replace("<svg ", f'<svg y="{y}" ', 1)
    whole = f'width="{max(width, FULL):g}" height="{height + y:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {whole} font-family="{FONT}">'
    return f'{head}<rect width="100%" height="100%" fill="white"/>{texts}{drawing}</svg>'


def _escaped(text: str) -> str:
    return escape(_UNDRAWABLE.sub("\ufffd", text), quote=False)


def _resized(svg: str, by: float) -> str:
    """The same drawing in another size: only the root's width and height change."""

    def scaled(found: re.Match[str]) -> str:
        return f'{found[1]}="{float(found[2]) * by:.2f}"'

    head, tail = svg.split(">", 1)
    return re.sub(r'\b(width|height)="([\d.]+)"', scaled, head) + ">" + tail


def _bare(svg: str) -> str:
    """Without what serves scripts and screen readers in a browser; on paper the alternative text stands beside it."""
    svg = re.sub(r' (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"', "", svg)
    return re.sub(r'<path d="(?:M0,0h0v0h0Z)?"[^>]*/>', "", svg)


def _stable(svg: str) -> str:
    """Ids of clips and gradients count the drawings of the process: counted anew in each drawing."""
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return found[1] + names.setdefault(found[2], f"i{len(names)}") + found[3]

    svg = re.sub(r'(\bid=")([^"]+)(")', renamed, svg)
    return re.sub(r"(url\(#)([^)]+)(\))", renamed, svg)
