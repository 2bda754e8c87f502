"""What `proximity demo` says of one case: what left their phone, and who found out."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from proximity.protocol.gaen import KEY_BYTES
from proximity.research.evaluation import Outcome
from proximity.research.story import AirReport, Finding, Story
from proximity.research.truth import is_contact

_VERDICTS = {
    Outcome.FOUND: "found / tìm ra",
    Outcome.MISSED: "missed / bỏ sót",
    Outcome.FALSE_ALARM: "needless / báo thừa",
    Outcome.QUIET: "rightly silent / im lặng đúng",
}


def say_story(story: Story, console: Console) -> None:
    """Print the case, what left their phone, and what each other phone found out."""
    keys = "key" if story.keys == 1 else "keys"
    for line in (
        f"[bold]{story.case} becomes a case.[/bold]",
        f"  {story.keys} {keys} of {KEY_BYTES} random bytes left the phone, published"
        f" among {story.published:,}.",
        "  No name, no place, no list of contacts.",
        f"[bold]{story.case} trở thành ca bệnh.[/bold]",
        f"  {story.keys} khóa gồm {KEY_BYTES} byte ngẫu nhiên rời khỏi máy, công bố lẫn"
        f" trong {_dotted(story.published)} khóa.",
        "  Không tên, không địa điểm, không danh bạ.",
        "",
    ):
        console.print(line)
    table = Table(
        Column("phone\nmáy", no_wrap=True),
        Column("truth, min\nthực tế, phút", justify="right"),
        Column("told, min\nđược báo, phút", justify="right"),
        Column("verdict\nphán quyết", no_wrap=True),
        title="What every other phone found out by itself\nCác máy khác tự tìm ra gì",
    )
    for finding in story.findings:
        table.add_row(*_cells(finding), style=_style(finding))
    console.print(table)


def say_air(air: AirReport, console: Console) -> None:
    """Print what a stranger learns from all that was on air."""
    found = air.linkability
    rule, rule_vi = "one to one", "một đối một"
    if found.breaking_pairs:
        rule, rule_vi = "linkable", "nối được với nhau"
    for line in (
        f"On air: {air.phones} phones for {air.virtual_min} virtual minutes,"
        f" {air.advertisements:,} advertisements heard;",
        f"  {found.ids} IDs under {found.addresses} addresses, {rule}: nobody is"
        f" followed beyond {found.longest_followed_s:.0f} s.",
        f"Trên sóng: {found.ids} mã dưới {found.addresses} địa chỉ, {rule_vi}:",
        f"  không ai bị bám theo quá {found.longest_followed_s:.0f} giây.",
    ):
        console.print(line)


def story_fields(story: Story) -> dict[str, Any]:
    """Return the story as `--json` prints it."""
    return {
        "name": story.case,
        "keys_handed_out": story.keys,
        "keys_published": story.published,
        "phones": [
            {
                "name": each.contact,
                "truth_min": round(each.truth_min, 3),
                "told_min": each.told_min,
                "outcome": each.outcome.value,
            }
            for each in story.findings
        ],
    }


def air_fields(air: AirReport) -> dict[str, Any]:
    """Return the report of the air as `--json` prints it."""
    return asdict(air)


def _cells(finding: Finding) -> tuple[str, str, str, str]:
    told = "-" if finding.told_min is None else f"{finding.told_min}"
    verdict = _VERDICTS[finding.outcome]
    return finding.contact, f"{finding.truth_min:.1f}", told, verdict


def _style(finding: Finding) -> str | None:
    return "bold" if is_contact(finding.truth_min) else None


def _dotted(number: int) -> str:
    """Return a number with the separators of Vietnamese."""
    return f"{number:,}".replace(",", ".")
