"""The colours of all pictures: one per family, one per class or component.

The first eight follow Okabe & Ito (2008), "Color Universal Design"; all are told apart on a light and a dark ground,
and no picture relies on colour alone.
"""

__all__ = ["CLASSES", "FAMILIES"]

CLASSES = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8C6BB1",
    "#B8A000",
    "#7F7F7F",
    "#B5651D",
)

FAMILIES = {"mixture": "#009E73", "ae": "#E69F00", "vae": "#8C6BB1", "gan": "#D55E00"}
