"""Training a run folder: the events of :func:`genlib.training.train` written down, its owner's wishes obeyed."""

from genlib.recorder.recording import record

__all__ = ["record"]
