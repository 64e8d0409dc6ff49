"""A chart with what it says and what it is drawn from, for those who cannot see it or want its numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["Chart"]


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure and its text.

    Arguments:
        figure: What is drawn.
        summary: What it shows, in a sentence or two with its numbers.
    """

    figure: Figure
    summary: str

    def csv(self) -> bytes:
        """All that is drawn, in UTF-8: a row for each point, or for each field of a matrix.

        Lines that only join points, which have no name, are left out.
        """
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(_rows(self.figure))
        return text.getvalue().encode()


def _rows(figure: Figure) -> Iterator[Sequence[Any]]:
    across, up = _axis(figure.layout.xaxis, "x"), _axis(figure.layout.yaxis, "y")
    traces = [trace for trace in figure.data if trace.type == "heatmap" or trace.name or trace.legendgroup]
    if traces and traces[0].type == "heatmap":
        (trace,) = traces
        yield "row", "column", "value", "give or take"
        for name, values, errors in zip(trace.y, trace.z, trace.customdata, strict=True):
            for column, value, error in zip(trace.x, values, errors, strict=True):
                yield name, column, _cell(value), _cell(error)
        return
    errors = {f"{axis} {sign}": f"error_{axis}" for axis in "xy" for sign in ("+", "-") if _bars(traces, axis)}
    words = any(trace.text is not None for trace in traces)
    yield "series", across, up, *errors, *(["about"] if words else [])
    for trace in traces:
        for i, (x, y) in enumerate(zip(trace.x, trace.y, strict=True)):
            ends = [_error(trace[name], i, key[-1]) for key, name in errors.items()]
            about = [trace.text[i] if trace.text is not None else ""] if words else []
            yield trace.name or f"{trace.legendgroup}, one seed", _cell(x), _cell(y), *ends, *about


def _axis(axis: Any, name: str) -> str:
    return axis.title.text or name


def _bars(traces: Sequence[Any], axis: str) -> bool:
    return any(trace[f"error_{axis}"].array is not None for trace in traces)


def _error(bars: Any, i: int, sign: str) -> Any:
    array = bars.arrayminus if sign == "-" and bars.arrayminus is not None else bars.array
    return "" if array is None else _cell(array[i])


def _cell(value: Any) -> Any:
    """A number as Python writes it; an empty cell where there is none."""
    if isinstance(value, str):
        return value
    number = float(value)
    return "" if number != number else int(number) if number.is_integer() and abs(number) < 2**53 else number
