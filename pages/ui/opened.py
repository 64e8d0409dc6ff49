"""Runs as the pages hold them: what was asked, what was changed since, and how to call it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from genlib.changes import Change, read_changes
from genlib.data.images import load_images
from genlib.data.own import find_own
from genlib.knobs import InputError
from genlib.library import recorded
from genlib.runs import RunFolder, Status, Wish, find, list_runs, saved_step
from genlib.settings import FAMILIES, FAMILY_NAMES, MNIST, RunSettings
from pages.ui.words import data_name, described, duration, points_name, said

__all__ = ["Opened", "filmed", "mine", "opened", "plane", "standing"]

_ALWAYS = ("hidden_dim", "channels", "components", "beta")  # told even where they are as usual


@dataclass(frozen=True)
class Opened:
    """A run: what it was asked, and what was changed while it trained.

    Arguments:
        run: Its folder.
        settings: What it was asked to do.
        changes: Of live knobs, since.
        wish: What its owner wants of it.
        standing: See :func:`standing`; read before all else, so that what changes while a page is drawn is news to the
            browser, which then asks for the page once more.
    """

    run: RunFolder
    settings: RunSettings
    changes: list[Change]
    wish: Wish
    standing: str

    @property
    def changed(self) -> RunSettings:
        """What it was trained with in the end."""
        return _after(self.settings, [(change.knob, change.value) for change in self.changes])

    @property
    def wished(self) -> RunSettings:
        """What it is to be trained with from now on."""
        return _after(self.changed, self.wish.knobs.items())

    @property
    def recorded(self) -> bool:
        """Whether it came with genlib."""
        return self.run.path.parent.name in ("models", "plane")

    @property
    def own(self) -> bool:
        """Whether it learned from images that a visitor brought."""
        return self.settings.data != MNIST

    @property
    def things(self) -> str:
        """What it learned to make."""
        if self.settings.points is not None:
            return "points"
        return "images" if self.own else "digits"

    @property
    def classes(self) -> tuple[str, ...]:
        """How the classes of what it learned from are called."""
        if self.own:
            with suppress(InputError):  # removed, or kept elsewhere
                return find_own(self.settings.data).classes
        return tuple("0123456789")

    @property
    def learned(self) -> int:
        """From how many images; 0 if these are gone."""
        with suppress(InputError):
            return len(load_images(self.settings.data).train)
        return 0

    @property
    def title(self) -> str:
        """The name its owner gave it, or what it is."""
        model = self.settings.model
        told = " with labels" if model.labels else ""
        on = f" on {data_name(self.settings.data)}" if self.own else ""
        if points := self.settings.points:
            return self.run.name or f"{FAMILY_NAMES[self.settings.family]}, on {points_name(points)}"
        return self.run.name or f"{FAMILY_NAMES[self.settings.family]}{told}{on}, latent size {model.latent_dim}"

    @property
    def label(self) -> str:
        """A title that no other run has."""
        return f"{self.title} ({self.run.id if self.recorded else self.run.id[:6]})"

    @property
    def line(self) -> str:
        """What it was asked to do and what was changed, in one line."""
        settings, told = self.settings, self.described
        model, train, used = settings.model, settings.train, settings.used()
        on = [told["Data"]] if self.own or settings.points else []
        parts = [FAMILY_NAMES[settings.family], *on]
        if "latent_dim" in used:
            each = "a point" if settings.points else "an image"
            parts.append(f"{model.latent_dim} number{'s' * (model.latent_dim > 1)} {each}")
        for knob in model.knobs():
            if knob.name in used and knob.name != "latent_dim":
                text = told[knob.title]
                if text != said(knob, knob.default) or knob.name in _ALWAYS:
                    parts.append(
                        f"{knob.title[:1].lower()}{knob.title[1:]} {text}" if text != "yes" else knob.title.lower()
                    )
        epochs = f"{train.epochs} epoch{'s' * (train.epochs > 1)}"
        parts += [epochs if train.budget == "epochs" else duration(train.seconds)]
        parts += [f"learning rate {told[train.knob('learning_rate').title]}"] if "learning_rate" in used else []
        return " · ".join([*parts, f"batch {train.batch_size}", f"seed {train.seed}"])

    @property
    def described(self) -> dict[str, str]:
        """The settings by title, as "1 → 4" where one was changed."""
        asked, changed = described(self.settings), described(self.changed)
        return {
            title: text if text == changed[title] else f"{text} → {changed[title]}" for title, text in asked.items()
        }


def opened(name: str) -> Opened:
    """A run by its whole name: who knows it may see the run.

    Raises:
        InputError: If there is none, or its settings were altered.
    """
    run = next((run for run in recorded() if run.id == name), None) or find(name)
    if run.id != name:
        raise InputError("A run is named by all sixteen letters of its id: take the whole address.")
    status, wish = run.status, run.wish
    settings = RunSettings.from_json(run.settings)
    return Opened(run, settings, read_changes(run.changes(), settings), wish, standing(run, status, wish))


def standing(run: RunFolder, status: Status, wish: Wish) -> str:
    """What changes whenever what an owner may do next does; so it does once there is something saved to explore."""
    saved = saved_step(run.path) is not None
    return f"{status.state} {wish.sequence} {wish.sequence > status.acknowledged} {saved}"


def mine(key: str | None) -> list[Opened]:
    """The visitor's runs, and those of the command line, which are nobody's; newest first."""
    found = []
    for run in reversed(list_runs()):
        if run.may_steer(key) or run.asked.get("owner") is None:
            try:
                found.append(opened(run.id))
            except InputError:
                continue  # an altered folder; the training room says what is wrong with it
    return found


def filmed(name: str) -> Opened:
    """The same, of a run whose images can be watched.

    Raises:
        InputError: Also if its family makes none.
    """
    found = opened(name)
    if found.settings.points is not None:
        raise InputError(f"{found.label} makes points in the plane: watch it in the 2-D lab.")
    if found.settings.family not in FAMILIES:
        raise InputError(f"{found.label} makes no images to watch: choose a run of another family.")
    return found


def plane(name: str) -> Opened:
    """The same, of a run on points in the plane.

    Raises:
        InputError: Also if it is none.
    """
    found = opened(name)
    if found.settings.points is None:
        raise InputError(f"{found.label} makes images, no points in the plane: watch it in the training room.")
    return found


def _after(settings: RunSettings, values: Iterable[tuple[str, float]]) -> RunSettings:
    for knob, value in values:
        with suppress(InputError):  # of a wish in a file that was altered
            settings = settings.changed(knob, value)
    return settings
