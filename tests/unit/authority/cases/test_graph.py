"""The contact graph: everybody has a place, and no text becomes markup."""

import xml.etree.ElementTree as ET

from proximity.authority.cases.chains import Chain, Met
from proximity.authority.cases.graph import MAX_NODES, graph_of, place_nodes
from proximity.scoring.rule import Level


def row(ref: str, classification: str) -> dict:
    return {"ref": ref, "classification": classification}


def met(ref: str, *below: Met, counted: bool = True, level: int = Level.HIGH) -> Met:
    case = row(ref, "F2" if ref.startswith("B") else "F1")
    return Met(case, {"level": level}, counted, below)


def chain(*contacts: Met) -> Chain:
    return Chain(row("CASE", "F0"), (), contacts, 0)


def places(chain: Chain):
    return place_nodes(chain, lambda met: f"met {met.case['ref']}")


def drawn(chain: Chain) -> list[ET.Element]:
    text = graph_of(
        chain, "Sơ đồ <b>", note=lambda _: "20 <i>", address=lambda ref: f"/c/{ref}"
    )
    assert "<b>" not in text
    assert "<i>" not in text
    # Made by this program, from what this test gave it.
    return list(ET.fromstring(f"<both>{text}</both>"))  # noqa: S314 - ours


def test_contacts_stand_beside_the_case_and_theirs_beside_them():
    nodes = places(chain(met("A1", met("B1"), met("B2")), met("A2")))
    by_ref = {node.ref: node for node in nodes}

    assert [node.ref for node in nodes] == ["CASE", "A1", "B1", "B2", "A2"]
    assert [node.column for node in nodes] == [0, 1, 2, 2, 1]
    assert nodes[by_ref["B2"].parent].ref == "A1"
    assert len({(node.column, node.row) for node in nodes}) == 5
    assert by_ref["B2"].note == "met B2"


def test_what_does_not_count_is_dashed_and_everybody_is_a_link():
    contacts = met("A1", counted=False), met("A2"), met("A3", level=Level.LOW)
    for picture in drawn(chain(*contacts)):
        strokes = [each.get("class") for each in picture.findall("path")]
        links = [each.get("href") for each in picture.findall("a")]

        assert strokes == ["edge refuted", "edge near", "edge far"]
        assert links == ["/c/CASE", "/c/A1", "/c/A2", "/c/A3"]
        assert picture.find("title").text == "Sơ đồ <b>"


def test_no_box_covers_another_or_reaches_beyond_the_picture():
    for picture in drawn(chain(met("A1", met("B1"), met("B2")), met("A2"))):
        _, _, wide, high = map(int, picture.get("viewBox").split())
        boxes = [
            tuple(int(box.get(name)) for name in ("x", "y", "width", "height"))
            for box in picture.iter("rect")
        ]

        assert all(x + w <= wide and y + h <= high for x, y, w, h in boxes)
        for at, (x, y, w, h) in enumerate(boxes):
            for other_x, other_y, _, _ in boxes[:at]:
                assert abs(y - other_y) >= h or abs(x - other_x) >= w


def test_a_large_outbreak_stays_a_picture():
    many = chain(
        *(met(f"A{n}", *(met(f"B{n}.{m}") for m in range(9))) for n in range(30))
    )
    nodes = places(many)

    assert len(nodes) <= MAX_NODES
    assert nodes[1].ref == "A0"


def test_a_case_without_contacts_is_drawn_alone():
    assert len(places(chain())) == 1
