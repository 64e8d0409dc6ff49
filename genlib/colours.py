"""The colours of all pictures: one per family, one per class or component.

They start from those of Okabe & Ito (2008), "Color Universal Design", which are eight and partly too light for
a white ground; the others were searched for so that each stands out from the grounds of both themes (3 to 1, WCAG 2.1,
1.4.11), and all are told apart by eyes that lack one kind of cones (Machado et al., 2009). No picture relies on colour
alone.
"""

__all__ = ["CLASSES", "FAMILIES", "PLAIN"]

PLAIN = "#7F7F7F"  # of what others are compared with
CLASSES = (
    "#0072B2",
    "#C88500",
    "#009E73",
    "#CC79A7",
    "#009ED7",
    "#B33F00",
    "#886E95",
    "#A59251",
    PLAIN,
    "#B96924",
)

FAMILIES = {"mixture": CLASSES[2], "ae": CLASSES[1], "vae": CLASSES[6], "gan": CLASSES[5]}
