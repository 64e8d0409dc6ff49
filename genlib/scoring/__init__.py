"""The honest scoreboard: whether what models draw matches the data, and how sure that is."""

from genlib.scoring.figures import FEATURES
from genlib.scoring.look import Look, look
from genlib.scoring.meanings import MEANINGS, POINT_MEANINGS, Meaning
from genlib.scoring.plane import PointScore, score_mixture
from genlib.scoring.rival import HAND, Deck, Taught, deal, deck, teach
from genlib.scoring.scoring import Scoring, check_score, score
from genlib.scoring.table import Score, stored

__all__ = [
    "FEATURES",
    "HAND",
    "MEANINGS",
    "POINT_MEANINGS",
    "Deck",
    "Look",
    "Meaning",
    "PointScore",
    "Score",
    "Scoring",
    "Taught",
    "check_score",
    "deal",
    "deck",
    "look",
    "score",
    "score_mixture",
    "stored",
    "teach",
]
