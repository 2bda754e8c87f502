"""What `accuracy.py` measured, as the tables and plots of its page."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accuracy_charts import reliability_svg, roc_svg

Set = Mapping[str, Any]
Parts = Mapping[str, Sequence[Set]]
FITTED, FROZEN = "default-refitted", "default"
WITHIN, POOLED = "stratified_auc", "auc"
# As the page writes them.
NOTHING, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
MARKED = r"(<!-- made: {} -->\n).*?(<!-- end -->)"


def write_page(known: Parts, folder: Path) -> None:
    """Put tables between their marks in accuracy.md, and the plots beside it."""
    page = folder / "accuracy.md"
    text = page.read_text("utf-8")
    for name, table in _tables(known).items():
        pattern = re.compile(MARKED.format(re.escape(name)), re.DOTALL)
        if not pattern.search(text):
            message = f"accuracy.md has no place for {name}"
            raise SystemExit(message)
        text = pattern.sub(lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text)
    page.write_text(text, "utf-8")
    sets = _plotted(known)
    (folder / "accuracy-roc.svg").write_text(roc_svg(sets), "utf-8")
    (folder / "accuracy-reliability.svg").write_text(reliability_svg(sets), "utf-8")
    print(f"wrote {page.name} and two plots")


def _tables(known: Parts) -> dict[str, str]:
    pairs, windows = known["both"]
    pairs_of_one, windows_of_one = known["one"]
    runs, minutes = known["grid"]
    phones = {"phones": _scorers(known["phones"][0])} if "phones" in known else {}
    return phones | {
        "targets": _targets(known),
        "pairs": _scorers(pairs),
        "scenes": _scenes(pairs),
        "windows": _scorers(windows),
        "pairs of one": _scorers(pairs_of_one),
        "windows of one": _scorers(windows_of_one),
        "runs": _scorers(runs),
        "minutes": _scorers(minutes),
        "fine": _fine([runs, minutes]),
        "episodes": _episodes(known["episodes"]),
        "calibration": _calibration(
            [pairs, windows, pairs_of_one, windows_of_one, runs]
        ),
        "others": _others(known["others"]),
    }


def _plotted(known: Parts) -> dict[str, Set]:
    pairs, windows = known["both"]
    return {
        "pairs, both devices": pairs,
        "pairs, one device": known["one"][0],
        "windows, both devices": windows,
        "mit_matrix, runs": known["grid"][0],
    }


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _scorers(each: Set) -> str:
    head = "scorer", "AUC", "95 %", "within", "95 %", "found", "alarm", "nDCF"
    rows = []
    for name, of in each["figures"].items():
        rows.append(
            (
                name,
                _number(of["auc"]),
                _interval(of["intervals"].get("auc")),
                _number(of[WITHIN]),
                _interval(of["intervals"].get(WITHIN)),
                _percent(of["tpr"]),
                _percent(of["fpr"]),
                _number(of["ndcf"], 2),
                _number(of["brier_skill"], 2),
                _number(of["ece"], 2),
                _number(of["minutes_mae"], 1),
            )
        )
    count = f"{each['n']} items, {each['n_positive']} positive.\n\n"
    return count + _table((*head, "skill", "ECE", "min"), rows)


def _scenes(each: Set) -> str:
    figures = each["figures"]
    # A scenario of one class has no area.
    scenes = [
        scene for scene, auc in figures[FITTED]["by_stratum"].items() if auc is not None
    ]
    rows = [
        (name, *(_number(of["by_stratum"][scene], 2) for scene in scenes))
        for name, of in figures.items()
    ]
    return _table(("scorer", *scenes), rows)


def _episodes(sets: Sequence[Set]) -> str:
    head = "K", "scorer", ".1", ".5", ".9", "pooled", "skill .5", "skill pooled"
    rows = []
    for start in range(0, len(sets), 4):
        four = sets[start : start + 4]
        count = four[3]["name"].rpartition("K=")[2]
        for name in four[0]["figures"]:
            of = [each["figures"][name] for each in four]
            skills = of[1]["brier_skill"], of[3]["brier_skill"]
            aucs = [_number(each["auc"]) for each in of]
            rows.append((count, name, *aucs, *(_number(s, 2) for s in skills)))
    return _table(head, rows, 2)


def _calibration(sets: Sequence[Set]) -> str:
    names = (
        "pairs, both devices",
        "windows, both devices",
        "pairs, one device",
        "windows, one device",
        "mit_matrix, runs",
    )
    rows = []
    for title, each in zip(names, sets, strict=True):
        for scorer in (FITTED, FROZEN):
            of = each["figures"][scorer]
            bounds = of["intervals"]
            rows.append(
                (
                    title,
                    scorer,
                    _number(of["ece"], 3),
                    _interval(bounds.get("ece")),
                    _number(of["brier_skill"], 3),
                    _interval(bounds.get("brier_skill")),
                )
            )
    return _table(("items", "scorer", "ECE", "95 %", "skill", "95 %"), rows, 2)


def _fine(sets: Sequence[Set]) -> str:
    limits = ("1.2", "1.8", "3.0", "mean")
    rows = []
    for each in sets:
        for name in (FITTED, FROZEN):
            of = each["figures"][name]
            if of["fine_ndcf"]:
                costs = [_number(of["fine_ndcf"][limit], 2) for limit in limits]
                mean = _interval(of["fine_intervals"]["mean"])
                rows.append((each["unit"], name, *costs, mean))
    head = "unit", "scorer", "1.2 m", "1.8 m", "3.0 m", "mean", "95 %"
    return _table(head, rows, 2)


def _others(sets: Sequence[Set]) -> str:
    rows = []
    for each in sets:
        for name in (each["best"]["auc"], FROZEN):
            of = each["figures"][name]
            rows.append(
                (
                    each["name"],
                    each["unit"],
                    f"{each['n']:,}",
                    f"{each['n_positive']:,}",
                    name,
                    _number(of["auc"]),
                    _interval(of["intervals"].get("auc")),
                    _number(of[WITHIN]),
                    _number(of["brier_skill"], 2),
                    _number(of["ece"], 2),
                )
            )
    head = "data", "unit", "items", "positive", "scorer", "AUC", "95 %", "within"
    return _table((*head, "skill", "ECE"), rows, 2)


def _targets(known: Parts) -> str:
    pairs, windows = known["both"]
    pairs_of_one, windows_of_one = known["one"]
    top, top_of_one = known["both-ceiling"], known["one-ceiling"]
    by_name = {each["name"]: each for each in known["episodes"]}
    by_top = {each["name"]: each for each in known["grid-ceiling"]}
    run = known["grid"][0]
    rows = [
        _row("pairs, both devices, within", pairs, WITHIN, 0.88, top=top[0]),
        _row(
            "pairs, one device, within", pairs_of_one, WITHIN, 0.82, top=top_of_one[0]
        ),
        _row("windows, both devices, within", windows, WITHIN, 0.84, top=top[1]),
        _row(
            "windows, one device, within",
            windows_of_one,
            WITHIN,
            0.79,
            top=top_of_one[1],
        ),
        _row("mit_matrix, runs, pooled", run, POOLED, 0.66, top=by_top["mit_matrix"]),
    ]
    for count in (3, 4, 5):
        name = f"mit_matrix/K={count}"
        for label, key, auc, skill in (
            ("half of them near", f"{name}/near=0.5", 0.84, 0.30),
            ("all shares", name, 0.78, 0.10),
        ):
            title, each, best = f"{count} runs, {label}", by_name[key], by_top[key]
            rows.append(_row(f"{title}, pooled", each, POOLED, auc, top=best))
            rows.append(_row(f"{title}, skill", each, "brier_skill", skill, top=best))
    for title, each in (("pairs", pairs), ("windows", windows)):
        best = top[0] if each is pairs else top[1]
        rows.append(_row(f"{title}, both devices, ECE", each, "ece", 0.05, top=best))
        rows.append(
            _row(f"{title}, both devices, skill", each, "brier_skill", 0.10, top=best)
        )
    head = "question", "target", "reached", "95 %", "best simple", "gain over it"
    return _table((*head, "95 %", "frozen", "ceiling", "met"), rows)


def _row(
    title: str, each: Set, key: str, target: float, *, top: Set
) -> tuple[str, ...]:
    of = each["figures"][FITTED]
    frozen = each["figures"].get(FROZEN, {}).get(key)
    reached, (ceiling, spread) = of[key], top[key]
    least = key != "ece"
    met = reached >= target if least else reached <= target
    simple = gain = bounds = NOTHING
    if key in each["best"]:
        best = each["best"][key]
        simple = f"{best} {_number(each['figures'][best][key])}"
        over = each["gains"][FITTED][key]
        gain = f"{over['gain']:+.3f}".replace("-", MINUS)
        bounds = _interval(over["interval"], signed=True)
    verdict = "yes" if met else "**no**"
    if least and ceiling < target:
        verdict += "; target above the ceiling"
    return (
        title,
        f"{'≥' if least else '≤'} {target:.2f}",
        _number(reached),
        _interval(of["intervals"].get(key)),
        simple,
        gain,
        bounds,
        _number(frozen),
        f"{ceiling:.3f} ± {spread:.3f}",
        verdict,
    )


def _number(value: float | None, decimals: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{decimals}f}".replace("-", MINUS)


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def _interval(bounds: Sequence[float] | None, *, signed: bool = False) -> str:
    if bounds is None:
        return NOTHING
    shown = (f"{bound:+.3f}" if signed else f"{bound:.2f}" for bound in bounds)
    return " to ".join(shown).replace("-", MINUS)
