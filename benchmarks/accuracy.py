"""How well contacts are found in measured signals: docs/reference/accuracy.md.

    python benchmarks/accuracy.py --data DIR --kept DIR

Measures part by part, keeps what each part measured as a file of `--kept`, does not
measure a kept part again, and writes tables and plots when all are there. `--part`
measures one part alone, so that several can run beside each other.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_page import write_page

from proximity.ranging.population import default_parameters
from proximity.research.datasets.catalogue import load, parse_source
from proximity.research.datasets.signals import Dataset
from proximity.research.evaluation.ceiling import Ceiling, ceilings
from proximity.research.evaluation.episodes import episode_questions
from proximity.research.evaluation.evaluate import Settings, evaluate_all
from proximity.research.evaluation.figures import Scored, compare, figures_of
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.questions import Questions, Truth
from proximity.research.evaluation.ranking import roc_curve
from proximity.research.evaluation.resampling import draw_clusters
from proximity.research.evaluation.scorer import Answers, Knowledge, Unit
from proximity.research.evaluation.scorers import SIMPLE, find
from proximity.research.evaluation.splits import Split

SEED = 0
EXP05 = "dp3t:dp3t_bt_measurements/exp05-epfl-soldiers"
MATRIX = "segments:mit_matrix"
OTHERS = (
    "segments:mitll_range_angle",
    "human-human:rss_humanhuman",
    "multichannel:multichannel_lcn2022",
    "nist-pi:nist_rpi_en",
)
PUBLISHED = ("median-attenuation", "centred-attenuation", "logistic-attenuation")
RULES = ("cwa", "en-v2", "nhs")
OWN = ("default-refitted", "default")
EPISODES, DRAWS = 300, 5
# Of episodes a ceiling takes fewer: each is drawn as many times.
CEILING_EPISODES, CEILING_RUNS = 100, ("K=3", "K=4", "K=5")
RELIABILITY_BINS = 10
# A fit for each two phones, and there are hundreds: measured only if named.
LONG = "phones"
Tell = Callable[[str], None]


def main() -> None:
    """Measure what is not kept; write the page when all parts are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the measured signals")
    parser.add_argument("--kept", type=Path, help="folder for what was measured")
    parser.add_argument("--part", choices=list(PARTS), help="measure this part alone")
    options = parser.parse_args()
    if options.kept is None:
        print("accuracy: needs measured signals (--data) and a folder (--kept)")
        return
    options.kept.mkdir(exist_ok=True)
    usual = [part for part in PARTS if part != LONG]
    for part in [options.part] if options.part else usual:
        kept = options.kept / f"{part}.json"
        if not kept.exists() and options.data is not None:
            measured = PARTS[part](options.data, lambda text: print(text, flush=True))
            kept.write_text(json.dumps(measured, indent=1), "utf-8")
    files = {part: options.kept / f"{part}.json" for part in PARTS}
    there = {part: file for part, file in files.items() if file.exists()}
    missing = [part for part in PARTS if part not in there and part != LONG]
    if missing:
        print(f"accuracy: not measured yet: {', '.join(missing)}")
        return
    known = {part: json.loads(file.read_text("utf-8")) for part, file in there.items()}
    write_page(known, Path(__file__).parents[1] / "docs/reference")


def _campaign(data: Path, text: str) -> Dataset:
    kind, _, folder = text.partition(":")
    return load(parse_source(f"{kind}:{data / folder}"))[0]


def _people(data: Path, tell: Tell, *, one_device: bool) -> list[dict[str, Any]]:
    names = (*SIMPLE, *PUBLISHED) if one_device else (*SIMPLE, *PUBLISHED, *RULES)
    campaign = _campaign(data, EXP05)
    asked = people_questions(campaign, View(Knowledge.MODEL, one_device=one_device))
    return list(_sets(asked, names, OWN, Settings(SEED, Split.COLLECTION, tell)))


def _phones(data: Path, tell: Tell) -> list[dict[str, Any]]:
    asked = people_questions(_campaign(data, EXP05), View())
    pairs = [each for each in asked if each.unit is Unit.PAIR]
    return list(_sets(pairs, SIMPLE, OWN[:1], Settings(SEED, Split.PHONE, tell)))


def _sets(
    asked: Sequence[Questions],
    simple: Sequence[str],
    own: Sequence[str],
    settings: Settings,
) -> Iterator[dict[str, Any]]:
    """Ask simple methods about links alone, and the estimator about all heard."""
    for alone, together in zip(asked[::2], asked[1::2], strict=True):
        both = [alone, together]
        first = list(evaluate_all(both, [find(name) for name in simple], settings))
        second = evaluate_all([together], [find(name) for name in own], settings)
        answers = {**first[1].answers, **next(iter(second)).answers}
        yield _figures(together, answers)


def _grid(data: Path, tell: Tell) -> list[dict[str, Any]]:
    settings = Settings(SEED, Split.COLLECTION, tell)
    asked = grid_questions(_campaign(data, MATRIX), Knowledge.MODEL)
    scorers = [find(name) for name in (*SIMPLE, *PUBLISHED, *RULES, *OWN)]
    alone = [each for each in asked if not each.self_calibrated]
    return [
        _figures(each.questions, each.answers)
        for each in evaluate_all(alone, scorers, settings)
    ]


def _episodes(data: Path, tell: Tell) -> list[dict[str, Any]]:
    settings = Settings(SEED, Split.COLLECTION, tell)
    generator = np.random.default_rng(SEED)
    campaign = _campaign(data, MATRIX)
    asked = episode_questions(campaign, Knowledge.MODEL, EPISODES, generator)
    names = (*SIMPLE, "centred-attenuation", *OWN[:1])
    scorers = [find(name) for name in names]
    found, shares = [], []
    for questions in asked:
        if "/near=" not in questions.name:
            # The same episodes as the three sets before: answered already.
            joined = {name: _joined([each[name] for each in shares]) for name in names}
            found.append(_figures(questions, joined))
            shares = []
            continue
        result = next(iter(evaluate_all([questions], scorers, settings)))
        shares.append(result.answers)
        found.append(_figures(questions, result.answers))
    return found


def _joined(parts: Sequence[Answers]) -> Answers:
    columns = [
        [c for c in column if c is not None] for column in zip(*parts, strict=True)
    ]
    return Answers(*(np.concatenate(c) if c else None for c in columns))


def _others(data: Path, tell: Tell) -> list[dict[str, Any]]:
    settings = Settings(SEED, Split.COLLECTION, tell)
    scorers = [find(name) for name in (*SIMPLE, "default")]
    found = []
    for text in OTHERS:
        asked = grid_questions(_campaign(data, text), Knowledge.MODEL)
        alone = [each for each in asked if not each.self_calibrated]
        for each in evaluate_all(alone, scorers, settings):
            found.append(_figures(each.questions, each.answers))
    return found


def _ceiling_of_people(data: Path, *, one_device: bool) -> list[dict[str, Any]]:
    view = View(Knowledge.MODEL, one_device=one_device)

    def ask(campaign: Dataset) -> list[Questions]:
        return [q for q in people_questions(campaign, view) if q.self_calibrated]

    return _ceilings(_campaign(data, EXP05), ask)


def _ceiling_of_grid(data: Path, _: Tell) -> list[dict[str, Any]]:
    def ask(campaign: Dataset) -> list[Questions]:
        generator = np.random.default_rng(SEED)
        grid = grid_questions(campaign, Knowledge.MODEL)
        mixed = episode_questions(
            campaign, Knowledge.MODEL, CEILING_EPISODES, generator
        )
        return [
            *(q for q in grid if q.unit is Unit.RUN and not q.self_calibrated),
            *(q for q in mixed if q.name.endswith((*CEILING_RUNS, "near=0.5"))),
        ]

    return _ceilings(_campaign(data, MATRIX), ask)


def _ceilings(
    campaign: Dataset, ask: Callable[[Dataset], list[Questions]]
) -> list[dict[str, Any]]:
    generators = [np.random.default_rng(SEED + i) for i in range(DRAWS)]
    found = ceilings(campaign, ask, default_parameters(), generators)
    return [_summary(each) for each in found]


def _summary(each: Ceiling) -> dict[str, Any]:
    named = ("auc", "stratified_auc", "brier_skill", "ece")
    spread = {
        name: [float(np.mean(draws)), float(np.std(draws, ddof=1))]
        for name in named
        for draws in [getattr(each, name)]
    }
    return {"name": each.name, "unit": each.unit, **spread}


def _figures(questions: Questions, answers: Mapping[str, Answers]) -> dict[str, Any]:
    """Return figures of all scorers, and what is gained over the best simple one."""
    truth = questions.truth()
    weight = draw_clusters(truth.cluster, np.random.default_rng(SEED))
    scored = {
        name: Scored(each, find(name).threshold(questions.unit))
        for name, each in answers.items()
    }
    figures = {name: figures_of(each, truth, weight) for name, each in scored.items()}
    best = {
        key: max(SIMPLE, key=lambda name: getattr(figures[name], key) or 0.0)
        for key in ("auc", "stratified_auc")
    }
    gains = {}
    for key, reference in best.items():
        ordered = {reference: scored[reference]} | scored
        for each in compare(ordered, truth, weight):
            gains.setdefault(each.scorer, {})[key] = {
                "over": reference,
                "gain": each.gain[key],
                "interval": each.intervals[key],
            }
    plotted = [*OWN, "mean-attenuation"]
    return {
        "name": questions.name,
        "unit": questions.unit.value,
        "n": len(truth.positive),
        "n_positive": int(np.count_nonzero(truth.positive)),
        "figures": {name: asdict(each) for name, each in figures.items()},
        "best": best,
        "gains": gains,
        "roc": {n: _roc(answers[n], truth) for n in plotted if n in answers},
        "bins": {n: _bins(answers[n], truth) for n in OWN if n in answers},
    }


def _roc(answers: Answers, truth: Truth) -> list[list[float]]:
    curve = roc_curve(answers.score, truth.positive)
    kept = np.unique(np.linspace(0, len(curve) - 1, 200).astype(int))
    return np.round(curve[kept], 4).tolist()


def _bins(answers: Answers, truth: Truth) -> list[list[float]]:
    """Return mean probability, share of positive items and count of equal bins."""
    if answers.probability is None:
        return []
    order = np.argsort(answers.probability, kind="stable")
    return [
        [
            float(answers.probability[mine].mean()),
            float(truth.positive[mine].mean()),
            len(mine),
        ]
        for mine in np.array_split(order, RELIABILITY_BINS)
        if len(mine)
    ]


PARTS: dict[str, Callable[[Path, Tell], list[dict[str, Any]]]] = {
    "both": lambda data, tell: _people(data, tell, one_device=False),
    "one": lambda data, tell: _people(data, tell, one_device=True),
    "grid": _grid,
    "episodes": _episodes,
    "others": _others,
    "both-ceiling": lambda data, _: _ceiling_of_people(data, one_device=False),
    "one-ceiling": lambda data, _: _ceiling_of_people(data, one_device=True),
    "grid-ceiling": _ceiling_of_grid,
    "phones": _phones,
}


if __name__ == "__main__":
    main()
