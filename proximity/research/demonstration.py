"""The main job shown: worlds in, what each rule made of every pair out."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proximity.authority.publish.model import PublishSettings
from proximity.errors import DemonstrationError
from proximity.matching.exposure_window import ExposureWindow
from proximity.protocol import gaen
from proximity.protocol.linkability import audit_linkability
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.research.evaluation import (
    PairVerdict,
    RuleFigures,
    instructive_pairs,
    rule_figures,
)
from proximity.research.report import (
    DemoReport,
    Hearing,
    Notice,
    PairDetail,
    RuleLegend,
    accumulate_dose,
    distance_series,
)
from proximity.research.simulate import Verdict, day_of_world, simulate
from proximity.research.story import AirReport, Finding, Story, most_telling
from proximity.research.truth import is_contact
from proximity.research.world import World
from proximity.scoring.config import (
    BUILT_IN,
    DEFAULT_RULE,
    Configuration,
    built_in,
)
from proximity.scoring.en_v2 import EnV2Formula
from proximity.scoring.rule import DayScore, is_alert
from proximity.units import MS_PER_S

# The rule whose decision a person is told; the others are shown beside it.
# Its limits of attenuation are drawn behind what was heard: our own rule has none.
DRAWN_RULE = "en-v2"


@dataclass(frozen=True, slots=True)
class _Scored:
    """One verdict with every rule's days."""

    world: World
    verdict: Verdict
    days: Mapping[str, Sequence[DayScore]]

    @property
    def pair(self) -> tuple[int, int]:
        """Indices of the two phones, ascending."""
        a, b = sorted((self.verdict.case, self.verdict.contact))
        return a, b

    def value(self, rule: str) -> float:
        """Return the rule's number for the day of the world."""
        return max((day.value for day in self.days[rule]), default=0.0)


def demonstrate(
    worlds: Iterable[World],
    generator: np.random.Generator,
    *,
    recorded: bool,
    progress: Callable[[str], None],
) -> DemoReport:
    """Run worlds through the straight line and compare every rule with the truth.

    Parameters
    ----------
    worlds : iterable of World
        At least one; each gets fresh keys and stores.
    generator : np.random.Generator
    recorded : bool
        Whether the worlds are recordings, so that only some pairs get a detail.
    progress : callable of str
        Called with the name of a world for each person in it that was the case.

    Returns
    -------
    DemoReport
        Of each pair, a rule's number is the larger of both directions. Source:
        docs/explanation/measured-data.md#pairs.

    Raises
    ------
    DemonstrationError
        If no world has two phones.
    """
    rules = {DEFAULT_RULE: built_in(DEFAULT_RULE)}
    rules |= {name: built_in(name) for name in sorted(BUILT_IN) if name not in rules}
    ear = _Ear()
    scored = [
        each
        for world in worlds
        for each in _score(world, rules, generator, progress=progress, ear=ear)
    ]
    if not scored:
        raise DemonstrationError(
            "No two phones sent or heard anything.",
            "The recording may be damaged: fetch it again.",
        )
    pairs = _pair_verdicts(scored, rules)
    shown = instructive_pairs(pairs, DEFAULT_RULE) if recorded else pairs
    story = None if recorded else _story(scored)
    headline = _headline(scored, story)
    scenarios = ["", *dict.fromkeys(pair.scenario for pair in pairs)]
    return DemoReport(
        recorded=recorded,
        day=day_of_world(scored[0].world),
        rules=tuple(_legend(configuration) for configuration in rules.values()),
        thresholds_db=_limits_db(rules[DRAWN_RULE]),
        notice=_notice(headline) if headline else None,
        pairs=tuple(pairs),
        details=tuple(
            _detail(pair, _shown(pair, scored, headline), rules[DEFAULT_RULE])
            for pair in shown
        ),
        figures={
            scenario: _figures(pairs, scenario, rules, generator)
            for scenario in scenarios
        },
        heard=() if recorded else tuple(map(_hearing, scored)),
        story=story,
        air=None if recorded else ear.report(scored[0].world),
    )


class _Ear:
    """An eavesdropper with the ears of every phone."""

    def __init__(self) -> None:
        self._heard: list[tuple[int, int | None, Broadcast]] = []

    def hear(self, broadcast: Broadcast, t_ms: int) -> None:
        self._heard.append((t_ms, None, broadcast))

    def report(self, world: World) -> AirReport | None:
        """Return what it learnt; None if nothing was on air."""
        if world.air is None:
            return None
        first_ms, last_ms = world.tracks.t_ms[[0, -1]].tolist()
        return AirReport(
            phones=len(world.phones),
            virtual_min=round((last_ms - first_ms) / MS_PER_S / 60),
            advertisements=len(self._heard),
            linkability=audit_linkability(gather_receptions(self._heard))[gaen.NAME],
        )


def _story(scored: Sequence[_Scored]) -> Story:
    """Tell of the case that shows most, in the first world."""
    world = scored[0].world
    cases: dict[int, list[tuple[Finding, int]]] = {}
    for each in scored:
        if each.world is world:
            found = cases.setdefault(each.verdict.case, [])
            found.append((_finding(each), each.verdict.handed_out))
    findings = [[finding for finding, _ in case] for case in cases.values()]
    chosen = most_telling(findings)
    case, found = list(cases.items())[chosen]
    return Story(
        case=world.phones[case],
        keys=found[0][1],
        published=PublishSettings().minimum,
        findings=tuple(sorted(findings[chosen], key=lambda each: -each.truth_min)),
    )


def _finding(each: _Scored) -> Finding:
    told = each.verdict.notifications
    return Finding(
        each.world.phones[each.verdict.contact],
        each.world.truth_min.get(each.pair, 0.0),
        told[0].minutes if told else None,
    )


def _hearing(each: _Scored) -> Hearing:
    verdict = each.verdict
    return Hearing(
        each.world.phones[verdict.contact],
        each.world.phones[verdict.case],
        tuple(
            (scan.t_s, scan.typical_attenuation_db)
            for window in verdict.windows
            for scan in window.scans
        ),
    )


def _score(
    world: World,
    rules: Mapping[str, Configuration],
    generator: np.random.Generator,
    *,
    progress: Callable[[str], None],
    ear: _Ear,
) -> list[_Scored]:
    with tempfile.TemporaryDirectory(prefix="proximity-") as folder:
        verdicts = simulate(
            world,
            Path(folder),
            rules[DEFAULT_RULE],
            generator,
            progress=lambda: progress(world.name),
            eavesdrop=ear.hear,
        )
    groups = [verdict.windows for verdict in verdicts]
    as_of_day = day_of_world(world) + 1
    by_rule = {
        name: configuration.rule.daily_of_many(groups, as_of_day)
        for name, configuration in rules.items()
    }
    return [
        _Scored(world, verdict, {name: days[i] for name, days in by_rule.items()})
        for i, verdict in enumerate(verdicts)
    ]


def _pair_verdicts(
    scored: Sequence[_Scored], rules: Iterable[str]
) -> list[PairVerdict]:
    directions: dict[tuple[str, int, int], list[_Scored]] = {}
    for each in scored:
        if each.pair in each.world.truth_min:
            directions.setdefault((each.world.name, *each.pair), []).append(each)
    return [
        PairVerdict(
            scenario=name,
            a=both[0].world.phones[a],
            b=both[0].world.phones[b],
            truth_min=both[0].world.truth_min[a, b],
            value={rule: max(each.value(rule) for each in both) for rule in rules},
            alert={
                rule: any(is_alert(each.days[rule]) for each in both) for rule in rules
            },
        )
        for (name, a, b), both in directions.items()
    ]


def _shown(
    pair: PairVerdict, scored: Sequence[_Scored], headline: _Scored | None
) -> _Scored:
    """Pick the direction of the headline, else the one that found more."""
    both = [
        each
        for each in scored
        if each.world.name == pair.scenario
        and {each.world.phones[i] for i in each.pair} == {pair.a, pair.b}
    ]
    told = [each for each in both if each is headline]
    return told[0] if told else max(both, key=lambda each: each.value(DEFAULT_RULE))


def _detail(
    pair: PairVerdict, chosen: _Scored, configuration: Configuration
) -> PairDetail:
    world, verdict = chosen.world, chosen.verdict
    as_of_day = day_of_world(world) + 1

    def value(windows: Sequence[ExposureWindow]) -> float:
        days = configuration.rule.daily(windows, as_of_day)
        return max((day.value for day in days), default=0.0)

    return PairDetail(
        scenario=world.name,
        case=world.phones[verdict.case],
        contact=world.phones[verdict.contact],
        truth_min=pair.truth_min,
        alert=is_alert(chosen.days[DEFAULT_RULE]),
        windows=verdict.windows,
        dose=accumulate_dose(verdict.windows, value),
        distance=distance_series(world.tracks, *chosen.pair),
    )


def _headline(scored: Sequence[_Scored], story: Story | None) -> _Scored | None:
    """Pick the notification of the true contact that was near for the shortest time.

    Where a story is told, of those of its case.
    """
    told = [
        each
        for each in scored
        if each.verdict.notifications
        and is_contact(each.world.truth_min.get(each.pair, 0.0))
        and (story is None or each.world.phones[each.verdict.case] == story.case)
    ]
    # Of its two directions, the one that heard more.
    return min(
        told,
        key=lambda each: (
            each.world.truth_min[each.pair],
            -each.verdict.notifications[0].minutes,
        ),
        default=None,
    )


def _notice(headline: _Scored) -> Notice:
    notification = headline.verdict.notifications[0]
    contact = headline.world.phones[headline.verdict.contact]
    return Notice(contact, notification.day, notification.minutes)


def _figures(
    pairs: Sequence[PairVerdict],
    scenario: str,
    rules: Iterable[str],
    generator: np.random.Generator,
) -> tuple[RuleFigures, ...]:
    members = [pair for pair in pairs if scenario in ("", pair.scenario)]
    return tuple(rule_figures(members, rule, generator) for rule in rules)


def _legend(configuration: Configuration) -> RuleLegend:
    formula = configuration.rule.formula
    return RuleLegend(configuration.name, formula.unit, formula.levels.high_from)


def _limits_db(configuration: Configuration) -> tuple[float, ...]:
    formula = configuration.rule.formula
    if not isinstance(formula, EnV2Formula):
        raise TypeError(f"{DRAWN_RULE} has no attenuation limits to draw")
    return formula.attenuation_limits_db
