"""Charts. The only importer of plotly."""

from genlib.plots.chart import Chart
from genlib.plots.models import (
    MEASURES,
    entanglement_chart,
    scores_chart,
    seeds_chart,
    shares_chart,
    verdicts_chart,
    widths_chart,
)
from genlib.plots.points import criteria_chart, filled_chart, held_out_chart, made_chart, samples_chart

__all__ = [
    "MEASURES",
    "Chart",
    "criteria_chart",
    "entanglement_chart",
    "filled_chart",
    "held_out_chart",
    "made_chart",
    "samples_chart",
    "scores_chart",
    "seeds_chart",
    "shares_chart",
    "verdicts_chart",
    "widths_chart",
]
