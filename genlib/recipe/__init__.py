"""The same in Python: a few lines that reproduce what a page shows, with genlib alone."""

from genlib.recipe.codes import code_recipe, coordinates_recipe, image_recipe, way_recipe
from genlib.recipe.faces import face_recipe, faces_recipe, hole_recipe, tangle_recipe
from genlib.recipe.judged import (
    brought_recipe,
    evaluate_command,
    labels_recipe,
    pixels_recipe,
    repair_recipe,
    rival_recipe,
    runs_recipe,
    score_recipe,
)
from genlib.recipe.points import bench_recipe, mixture_recipe
from genlib.recipe.runs import command_recipe, of_run, run_recipe

__all__ = [
    "bench_recipe",
    "brought_recipe",
    "code_recipe",
    "command_recipe",
    "coordinates_recipe",
    "evaluate_command",
    "face_recipe",
    "faces_recipe",
    "hole_recipe",
    "image_recipe",
    "labels_recipe",
    "mixture_recipe",
    "of_run",
    "pixels_recipe",
    "repair_recipe",
    "rival_recipe",
    "run_recipe",
    "runs_recipe",
    "score_recipe",
    "tangle_recipe",
    "way_recipe",
]
