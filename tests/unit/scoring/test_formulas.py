from proximity.scoring.canonical import parse_json
from proximity.scoring.config import BUILT_IN, built_in
from proximity.scoring.formulas import FORMULAS


def test_every_formula_has_a_configuration_in_the_package():
    used = {parse_json(built_in(name).canonical)["formula"] for name in BUILT_IN}

    assert used == set(FORMULAS)


def test_every_formula_names_its_unit():
    units = {name: built_in(name).rule.formula.unit for name in BUILT_IN}

    assert units == {
        "cwa-2020-12": "min",
        "cwa-2021-03": "min",
        "cwa-2022": "min",
        "default": "percent",
        "en-v1": "score",
        "en-v2": "min",
        "nhs": "risk",
    }
