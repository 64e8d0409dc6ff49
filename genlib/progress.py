"""A progress bar on a terminal."""

from __future__ import annotations

from genlib.runs import Status

__all__ = ["Progress"]


class Progress:
    """Shows a run's progress, rate and time left; silent where standard error is no terminal.

    Arguments:
        name: What to write before the bar.
        quiet: Show nothing anywhere.
    """

    def __init__(self, name: str, quiet: bool = False) -> None:
        from tqdm import tqdm

        disable = True if quiet else None  # None: silent unless standard error is a terminal
        self._bar = tqdm(total=100, desc=name, disable=disable, bar_format="{desc} {bar} {percentage:3.0f}%{postfix}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, status: Status) -> None:
        self._bar.n = 100 * status.progress
        rate = f"{status.rate:,.0f} images/s" if status.rate else status.state
        left = f", {status.left:,.0f} s left" if status.left is not None else ""
        self._bar.set_postfix_str(rate + left)
