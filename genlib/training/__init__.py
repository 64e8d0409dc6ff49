"""Training: ``for event in train(run, images)`` is the one loop of every network."""

from genlib.training.events import Diverged, Event, Frame, Report, Save
from genlib.training.frames import draw, frame_constants
from genlib.training.loop import train
from genlib.training.run import Run

__all__ = ["Diverged", "Event", "Frame", "Report", "Run", "Save", "draw", "frame_constants", "train"]
