"""Every scorer by its name."""

from proximity.research.evaluation.default_scorer import (
    DefaultRefit,
    default_scorer,
)
from proximity.research.evaluation.fitted_scorers import fitted_scorers
from proximity.research.evaluation.rule_scorers import rule_scorer
from proximity.research.evaluation.scorer import (
    FittedScorer,
    RefittedScorer,
    Scorer,
)
from proximity.research.evaluation.simple_scorers import simple_scorers
from proximity.scoring.config import names as rule_names

DEFAULT = "default"
# The best of these is what a better method is measured against.
SIMPLE = ("packet-count", "mean-attenuation", "german-minutes")


def names() -> list[str]:
    """Return the names that `find` knows."""
    simple = [scorer.name for scorer in simple_scorers()]
    fitted = [scorer.name for scorer in fitted_scorers()]
    # The rule decides by windows; the scorer of its name sees more, and stands for it.
    rules = [name for name in rule_names() if name != DEFAULT]
    return [DEFAULT, DefaultRefit().name, *simple, *fitted, *rules]


def find(name: str) -> Scorer | FittedScorer | RefittedScorer:
    """Return a scorer.

    Raises
    ------
    KeyError
        If there is none of that name; `names()` lists them.
    """
    if name == DEFAULT:
        return default_scorer()
    if name == DefaultRefit().name:
        return DefaultRefit()
    own: list[Scorer | FittedScorer] = [*simple_scorers(), *fitted_scorers()]
    for scorer in own:
        if scorer.name == name:
            return scorer
    return rule_scorer(name)
