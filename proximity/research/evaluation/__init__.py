"""Scores in, figures out: how well a rule or a scorer tells contacts from others."""

from proximity.research.evaluation.ranking import roc_curve
from proximity.research.evaluation.verdicts import (
    Outcome,
    PairVerdict,
    RuleFigures,
    instructive_pairs,
    judge,
    outcome,
    rule_figures,
)

# The demonstration compares rules by these.
__all__ = [
    "Outcome",
    "PairVerdict",
    "RuleFigures",
    "instructive_pairs",
    "judge",
    "outcome",
    "roc_curve",
    "rule_figures",
]
