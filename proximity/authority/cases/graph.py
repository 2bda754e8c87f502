"""The contact graph as SVG, made by the server: a case, its contacts, and theirs.

Twice: from left to right for a screen, from top to bottom for a telephone; the style
sheet shows the one that fits.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from proximity.authority.cases.chains import Chain, Met
from proximity.scoring.rule import Level

# More would be no picture; the list beside it has all.
MAX_NODES = 40
_HEIGHT, _GAP = 44, 12
_STROKES = {Level.NONE: "far", Level.LOW: "far", Level.HIGH: "near"}


class Node(NamedTuple):
    """One person in the picture.

    Attributes
    ----------
    ref, classification : str
    column : int
        0 for the case, 1 for its contacts, 2 for theirs.
    row : int
        From the top, where everybody to the right needs a row.
    parent : int or None
        Place of the one by whom it was met.
    stroke : str
        How the line to the parent is drawn: "near", "far" or "refuted".
    note : str
        What the line below the reference says.
    """

    ref: str
    classification: str
    column: int
    row: int
    parent: int | None
    stroke: str
    note: str


class Layout(NamedTuple):
    """Where boxes stand; `columns` are their left edges, in units of the picture."""

    name: str
    columns: tuple[int, int, int]
    box: int
    wide: int
    is_tree: bool


_WIDE = Layout("wide", (2, 324, 646), 244, 892, is_tree=False)
_NARROW = Layout("narrow", (2, 30, 58), 272, 332, is_tree=True)


def graph_of(
    chain: Chain,
    title: str,
    *,
    note: Callable[[Met], str],
    address: Callable[[str], str],
) -> Markup:
    """Draw a chain.

    Parameters
    ----------
    chain : Chain
    title : str
        Said by screen readers.
    note : callable Met -> str
        A few words on how they were met.
    address : callable str -> str
        Where the page of a case is.

    Returns
    -------
    Markup
        Two pictures. Colours are classes; every person is a link. What does not count
        is dashed.
    """
    nodes = place_nodes(chain, note)
    return Markup("").join(
        _picture(nodes, layout, title, address) for layout in (_WIDE, _NARROW)
    )


def place_nodes(chain: Chain, note: Callable[[Met], str]) -> list[Node]:
    """Give everybody a place: the case, then its contacts, each before its own.

    Parameters
    ----------
    chain : Chain
    note : callable Met -> str

    Returns
    -------
    list of Node
        At most `MAX_NODES`; those that rank first are there.
    """
    root = chain.case
    nodes = [Node(root["ref"], root["classification"], 0, 0, None, "near", "")]
    row = 0
    for met in chain.contacts:
        if len(nodes) >= MAX_NODES:
            break
        parent = len(nodes)
        nodes.append(_node(met, 1, row, parent=0, note=note))
        below = met.contacts[: MAX_NODES - len(nodes)]
        nodes += [
            _node(each, 2, row + n, parent=parent, note=note)
            for n, each in enumerate(below)
        ]
        row += max(1, len(below))
    return nodes


def _node(
    met: Met, column: int, row: int, *, parent: int, note: Callable[[Met], str]
) -> Node:
    case = met.case
    stroke = _STROKES[Level(met.edge["level"])] if met.counted else "refuted"
    return Node(
        case["ref"], case["classification"], column, row, parent, stroke, note(met)
    )


def _picture(
    nodes: Sequence[Node], layout: Layout, title: str, address: Callable[[str], str]
) -> Markup:
    rows = range(len(nodes)) if layout.is_tree else [node.row for node in nodes]
    tops = [2 + row * (_HEIGHT + _GAP) for row in rows]
    lines = [
        _line(nodes, tops, at, layout)
        for at, node in enumerate(nodes)
        if node.parent is not None
    ]
    boxes = [
        _box(node, layout, top, address(node.ref))
        for node, top in zip(nodes, tops, strict=True)
    ]
    return Markup(
        '<svg class="graph {}" role="group" viewBox="0 0 {} {}">'
        "<title>{}</title>{}{}</svg>"
    ).format(
        layout.name,
        layout.wide,
        max(tops) + _HEIGHT + 2,
        title,
        Markup("").join(lines),
        Markup("").join(boxes),
    )


def _line(
    nodes: Sequence[Node], tops: Sequence[int], at: int, layout: Layout
) -> Markup:
    end, parent = nodes[at], nodes[at].parent or 0
    x_end, y_end = layout.columns[end.column], tops[at] + _HEIGHT // 2
    x = layout.columns[nodes[parent].column]
    if layout.is_tree:
        x, y = x + 14, tops[parent] + _HEIGHT
        path = f"M{x} {y}V{y_end}H{x_end}"
    else:
        x, y = x + layout.box, tops[parent] + _HEIGHT // 2
        middle = (x + x_end) // 2
        path = f"M{x} {y}C{middle} {y} {middle} {y_end} {x_end} {y_end}"
    return Markup('<path class="edge {}" d="{}"/>').format(end.stroke, path)


def _box(node: Node, layout: Layout, top: int, address: str) -> Markup:
    x = layout.columns[node.column]
    return Markup(
        '<a href="{}"><rect class="box" x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<circle class="node {}" cx="{}" cy="{}" r="15"/>'
        '<text class="class" x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text class="ref" x="{}" y="{}">{}</text><text class="note" x="{}" y="{}">{}'
        "</text></a>"
    ).format(
        address,
        x,
        top,
        layout.box,
        _HEIGHT,
        node.classification.lower(),
        x + 22,
        top + 22,
        x + 22,
        top + 27,
        node.classification,
        x + 44,
        top + (19 if node.note else 27),
        node.ref,
        x + 44,
        top + 36,
        node.note,
    )
