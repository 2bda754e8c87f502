"""The formulas by name."""

from collections.abc import Callable, Mapping

from proximity.scoring.cwa import read_cwa
from proximity.scoring.en_v1 import read_en_v1
from proximity.scoring.en_v2 import read_en_v2
from proximity.scoring.fields import Fields
from proximity.scoring.nhs import read_nhs
from proximity.scoring.posterior_rule import read_posterior
from proximity.scoring.rule import Formula

# How to read the parameters of each.
FORMULAS: Mapping[str, Callable[[Fields], Formula]] = {
    "cwa": read_cwa,
    "en-v1": read_en_v1,
    "en-v2": read_en_v2,
    "nhs": read_nhs,
    "posterior": read_posterior,
}
