"""Small charts for the places where a person looks: PNG in, Markdown out.

matplotlib is imported when the first one is drawn; whoever draws none does not wait for it.
"""

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.dates import DateFormatter
    from matplotlib.figure import Figure

INK, ACCENT, PALE, LOSS = "#3b4252", "#3a6ea5", "#e7ebf0", "#b5473c"
WIDTH_INCHES, DPI = 6.4, 80
MOST_LABELS = 40
COLOURS = 24
"""Of a stored chart's palette."""


def lines(frame: pl.DataFrame, *, title: str) -> str:
    """A line for each column after the first, which is the instant; at most a handful."""
    figure, axes = _figure(2.2, title)
    x, *series = frame.columns
    for name in series:
        axes.plot(frame[x].to_list(), frame[name].to_list(), linewidth=1.1, label=name)
    axes.xaxis.set_major_formatter(_clock())
    figure.legend(fontsize=6, frameon=False, ncols=len(series), loc="outside lower left")
    return _markdown(figure, title)


def bars(labels: Sequence[str], values: Sequence[float], *, title: str, unit: str) -> str:
    """A horizontal bar for each label, the first one on top; below zero in another colour."""
    figure, axes = _figure(0.55 + 0.19 * max(1, len(labels)), title)
    places = range(len(labels))
    colours = [LOSS if value < 0 else ACCENT for value in values]
    axes.barh(places, values, color=colours, height=0.7)
    axes.set_yticks(places, labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel(unit, fontsize=7, color=INK)
    axes.tick_params(axis="y", length=0)
    return _markdown(figure, title)


def heat_map(shares: pl.DataFrame, *, title: str) -> str:
    """Cells between 0 and 1: rows are entities, columns the hours of a day.

    Parameters
    ----------
    shares
        entity, hour (0 to 23), share. What has no row is left white.
    """
    entities = shares["entity"].unique().sort().to_list()
    at = {name: i for i, name in enumerate(entities)}
    cells = [[math.nan] * 24 for _ in entities]
    for entity, hour, share in shares.select("entity", "hour", "share").iter_rows():
        cells[at[entity]][hour] = share
    figure, axes = _figure(0.6 + min(0.16 * len(entities), 7.0), title)
    axes.pcolormesh(range(25), range(len(entities) + 1), cells, cmap=_shades(), vmin=0, vmax=1)
    axes.set_xticks(range(0, 25, 6), [f"{hour:02d}:00" for hour in range(0, 25, 6)], fontsize=7)
    if len(entities) <= MOST_LABELS:
        axes.set_yticks([i + 0.5 for i in range(len(entities))], entities, fontsize=6)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(entities)} instruments", fontsize=7)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    return _markdown(figure, title)


def _figure(height: float, title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=8, loc="left", color=INK)
    axes.tick_params(labelsize=7, colors=INK)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(side in {"left", "bottom"})
        axes.spines[side].set_color(PALE)
    return figure, axes


def _markdown(figure: "Figure", title: str) -> str:
    """A chart of few colours: it is stored in Dagster's history with every run."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    picture = io.BytesIO()
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), pixels)
    drawn.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
        picture, "PNG", optimize=True
    )
    return f"![{title}](data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()})"


def _clock() -> "DateFormatter":
    from matplotlib.dates import DateFormatter

    return DateFormatter("%H:%M")  # type: ignore[no-untyped-call]


def _shades() -> "Colormap":
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("coverage", [LOSS, "#f0e3c4", ACCENT])
