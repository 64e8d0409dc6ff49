"""The honest scoreboard: whether what models draw matches the data, and how sure that is."""

from genlib.scoring.look import Look, look
from genlib.scoring.meanings import MEANINGS, Meaning
from genlib.scoring.scoring import Scoring, check_score, score, scored
from genlib.scoring.table import Score, stored

__all__ = ["MEANINGS", "Look", "Meaning", "Score", "Scoring", "check_score", "look", "score", "scored", "stored"]
