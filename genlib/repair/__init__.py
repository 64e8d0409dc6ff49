"""Mending holes, noise, blur and low resolution by every family and by plain baselines, and how good that is."""

from genlib.repair.mending import Mended, check_mask, mend, mend_whole, restore, watch
from genlib.repair.names import DIGITS, METHODS, Learnt, Method
from genlib.repair.score import Score, psnr, rmse, score, ssim

__all__ = [
    "DIGITS",
    "METHODS",
    "Learnt",
    "Mended",
    "Method",
    "Score",
    "check_mask",
    "mend",
    "mend_whole",
    "psnr",
    "restore",
    "rmse",
    "score",
    "ssim",
    "watch",
]
