"""The contact graph as SVG, made by the server: a case, its contacts, and theirs."""

from collections.abc import Callable
from typing import NamedTuple

from markupsafe import Markup

from proximity.authority.cases.chains import Chain, Met

# More would be no picture; the table beside it has all.
MAX_NODES = 40
_WIDE, _ROW, _TOP = 720, 34, 28
_COLUMNS = (90, 360, 630)
_RADIUS = 11


class Node(NamedTuple):
    """One person in the picture.

    Attributes
    ----------
    ref, classification : str
    column : int
        0 for the case, 1 for its contacts, 2 for theirs.
    y : int
    parent : int or None
        Place of the one by whom it was met.
    counted : bool
    """

    ref: str
    classification: str
    column: int
    y: int
    parent: int | None
    counted: bool


def graph_of(chain: Chain, title: str, address: Callable[[str], str]) -> Markup:
    """Draw a chain.

    Parameters
    ----------
    chain : Chain
    title : str
        Said by screen readers.
    address : callable str -> str
        Where the page of a case is.

    Returns
    -------
    Markup
        Colours are classes; every person is a link. What does not count is dashed.
    """
    nodes = place_nodes(chain)
    height = max(node.y for node in nodes) + _TOP
    lines = [
        _line(nodes[node.parent], node) for node in nodes if node.parent is not None
    ]
    dots = [_dot(node, address(node.ref)) for node in nodes]
    return Markup(
        '<svg class="graph" role="group" viewBox="0 0 {} {}">'
        "<title>{}</title>{}{}</svg>"
    ).format(_WIDE, height, title, Markup("").join(lines), Markup("").join(dots))


def place_nodes(chain: Chain) -> list[Node]:
    """Give everybody a place: the case, then its contacts, each before its own.

    Parameters
    ----------
    chain : Chain

    Returns
    -------
    list of Node
        At most `MAX_NODES`; those that rank first are there.
    """
    nodes: list[Node] = []
    row = 0
    root = chain.case
    nodes.append(Node(root["ref"], root["classification"], 0, _TOP, None, True))
    for met in chain.contacts:
        if len(nodes) >= MAX_NODES:
            break
        parent = len(nodes)
        nodes.append(_node(met, 1, row, 0))
        below = met.contacts[: MAX_NODES - len(nodes)]
        nodes += [_node(each, 2, row + n, parent) for n, each in enumerate(below)]
        row += max(1, len(below))
    return nodes


def _node(met: Met, column: int, row: int, parent: int) -> Node:
    case = met.case
    y = _TOP + row * _ROW
    return Node(case["ref"], case["classification"], column, y, parent, met.counted)


def _line(start: Node, end: Node) -> Markup:
    kind = "edge" if end.counted else "edge refuted"
    x, x_end = _COLUMNS[start.column], _COLUMNS[end.column]
    middle = (x + x_end) // 2
    path = f"M{x} {start.y}C{middle} {start.y} {middle} {end.y} {x_end} {end.y}"
    return Markup('<path class="{}" d="{}"/>').format(kind, path)


def _dot(node: Node, address: str) -> Markup:
    x = _COLUMNS[node.column]
    return Markup(
        '<a href="{}"><circle class="node {}" cx="{}" cy="{}" r="{}"/>'
        '<text x="{}" y="{}">{} {}</text></a>'
    ).format(
        address,
        node.classification.lower(),
        x,
        node.y,
        _RADIUS,
        x + _RADIUS + 5,
        node.y + 4,
        node.classification,
        node.ref,
    )
