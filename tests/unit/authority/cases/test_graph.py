"""The contact graph: everybody has a place, and no text becomes markup."""

import xml.etree.ElementTree as ET

from proximity.authority.cases.chains import Chain, Met
from proximity.authority.cases.graph import MAX_NODES, graph_of, place_nodes

SVG = "{http://www.w3.org/2000/svg}"


def row(ref: str, classification: str) -> dict:
    return {"ref": ref, "classification": classification}


def met(ref: str, *below: Met, counted: bool = True) -> Met:
    return Met(row(ref, "F2" if ref.startswith("B") else "F1"), {}, counted, below)


def chain(*contacts: Met) -> Chain:
    return Chain(row("CASE", "F0"), (), contacts, 0)


def test_contacts_stand_beside_the_case_and_theirs_beside_them():
    nodes = place_nodes(chain(met("A1", met("B1"), met("B2")), met("A2")))
    by_ref = {node.ref: node for node in nodes}

    assert [node.ref for node in nodes] == ["CASE", "A1", "B1", "B2", "A2"]
    assert [node.column for node in nodes] == [0, 1, 2, 2, 1]
    assert nodes[by_ref["B2"].parent].ref == "A1"
    assert len({(node.column, node.y) for node in nodes}) == 5


def test_what_does_not_count_is_dashed_and_everybody_is_a_link():
    text = graph_of(
        chain(met("A1", counted=False), met("A2")), "Sơ đồ <b>", lambda ref: f"/c/{ref}"
    )
    # Made by this program, from what this test gave it.
    drawn = ET.fromstring(text)  # noqa: S314

    assert [e.get("class") for e in drawn.findall("path")] == ["edge refuted", "edge"]
    assert [e.get("href") for e in drawn.findall("a")] == ["/c/CASE", "/c/A1", "/c/A2"]
    assert drawn.find("title").text == "Sơ đồ <b>"
    assert "<b>" not in str(text)


def test_a_large_outbreak_stays_a_picture():
    many = chain(
        *(met(f"A{n}", *(met(f"B{n}.{m}") for m in range(9))) for n in range(30))
    )
    nodes = place_nodes(many)

    assert len(nodes) <= MAX_NODES
    assert nodes[1].ref == "A0"


def test_a_case_without_contacts_is_drawn_alone():
    assert len(place_nodes(chain())) == 1
