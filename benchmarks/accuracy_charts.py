"""Two plots of what `accuracy.py` measured, each as wide as a telephone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from proximity.research.axes import Scale, marks

WIDTH, HEIGHT = 390.0, 496.0
PLOT = (46.0, 376.0, 44.0, 374.0)
ACROSS = Scale(0.0, 1.0, PLOT[0], PLOT[1])
UP = Scale(0.0, 1.0, PLOT[3], PLOT[2])
# Below the plot: no line can run through it there.
LEGEND_AT = 432.0
# Told apart without colour as well, by their dashes and marks.
COLOURS = ("#1b5e9b", "#c2410c", "#2e7d32", "#6b21a8")
DASHES = ("", "7 3", "2 3", "9 3 2 3")
FITTED, SIMPLE = "default-refitted", "mean-attenuation"
Sets = Mapping[str, Mapping[str, Any]]


def roc_svg(sets: Sets) -> str:
    """Draw the shares found against false alarms; the simple method thinly."""
    parts = [_frame("False alarms (share of others)", "Found (share of contacts)")]
    labels = []
    for name, colour, dash in zip(list(sets)[:3], COLOURS, DASHES, strict=False):
        each = sets[name]
        for scorer, wide in ((SIMPLE, 1.0), (FITTED, 2.4)):
            path = _path(each["roc"][scorer])
            parts.append(_line(path, colour, dash if wide > 1 else "", wide))
        labels.append(f"{name}: AUC {each['figures'][FITTED]['auc']:.3f}")
    parts += _legend(labels)
    below = LEGEND_AT + 18 * len(labels)
    parts.append(_text(PLOT[0] + 32, below, f"thin, of the same colour: {SIMPLE}"))
    return _svg("Found against false alarms, pooled", parts)


def reliability_svg(sets: Sets) -> str:
    """Draw the share of positive items against the probability stated."""
    parts = [_frame("Probability stated", "Share that was positive")]
    labels = []
    for name, colour, dash in zip(sets, COLOURS, DASHES, strict=True):
        each = sets[name]
        points = [(p, share) for p, share, _ in each["bins"][FITTED]]
        parts.append(_line(_path(points), colour, dash, 1.6))
        parts += [
            f'<circle cx="{ACROSS(x)}" cy="{UP(y)}" r="3.2" fill="{colour}"/>'
            for x, y in points
        ]
        labels.append(f"{name}: ECE {each['figures'][FITTED]['ece']:.3f}")
    parts += _legend(labels)
    return _svg("Probabilities stated and what was true", parts)


def _svg(title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
        f' width="{WIDTH:g}" height="{HEIGHT:g}" role="img" aria-label="{title}"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">\n'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#ffffff"/>\n'
        f'<text x="{PLOT[0]:g}" y="26" font-size="15" font-weight="600">{title}</text>'
        f"\n{body}\n</svg>\n"
    )


def _frame(across: str, up: str) -> str:
    lines = []
    for mark in marks(ACROSS, 0.2):
        lines.append(f'<path d="M{mark.at} {PLOT[2]}V{PLOT[3]}" stroke="#e1e6eb"/>')
        lines.append(_text(mark.at, PLOT[3] + 17, _short(mark.label), anchor="middle"))
    for mark in marks(UP, 0.2):
        lines.append(f'<path d="M{PLOT[0]} {mark.at}H{PLOT[1]}" stroke="#e1e6eb"/>')
        lines.append(_text(PLOT[0] - 7, mark.at + 4, _short(mark.label), anchor="end"))
    diagonal = f"M{ACROSS(0)} {UP(0)}L{ACROSS(1)} {UP(1)}"
    lines.append(f'<path d="{diagonal}" stroke="#8a97a5" stroke-dasharray="3 4"/>')
    lines.append(_text((PLOT[0] + PLOT[1]) / 2, PLOT[3] + 36, across, anchor="middle"))
    middle = (PLOT[2] + PLOT[3]) / 2
    lines.append(
        f'<text transform="translate(14 {middle}) rotate(-90)"'
        f' text-anchor="middle">{up}</text>'
    )
    return "\n".join(lines)


def _legend(labels: Sequence[str]) -> list[str]:
    parts = []
    for row, label in enumerate(labels):
        at = LEGEND_AT + 18 * row
        colour, dash = COLOURS[row], DASHES[row]
        parts.append(_line(f"M{PLOT[0]:g} {at - 4:g}h26", colour, dash, 2.4))
        parts.append(_text(PLOT[0] + 32, at, label))
    return parts


def _line(path: str, colour: str, dash: str, wide: float) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide:g}"'
        f'{dashed} stroke-linejoin="round"/>'
    )


def _path(points: Iterable[Sequence[float]]) -> str:
    return "M" + "L".join(f"{ACROSS(x)} {UP(y)}" for x, y in points)


def _text(x: float, y: float, text: str, *, anchor: str = "") -> str:
    extra = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{extra}>{text}</text>'


def _short(label: str) -> str:
    return label.removeprefix("0") if label.startswith("0.") else label
