"""genlib: see generative models work.

Everything that learns is a generator of events: ``for step in fit_em(points, config)``, ``for event in train(run,
images)``.
"""

__version__ = "0.1.0"
