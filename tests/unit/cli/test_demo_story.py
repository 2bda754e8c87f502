from io import StringIO

import pytest
from rich.console import Console

from proximity.cli.demo_story import air_fields, say_air, say_story, story_fields
from proximity.protocol.linkability import Linkability
from proximity.research.story import AirReport, Finding, Story

STORY = Story(
    "An",
    1,
    1_000,
    (
        Finding("Bình", 60.71, 61),
        Finding("Hà", 20.0, None),
        Finding("Giang", 0.0, 48),
        Finding("Khoa", 0.0, None),
    ),
)


def air(breaking_pairs: int) -> AirReport:
    found = Linkability(87, 87, 87, breaking_pairs, 0, 0, 1, 588.4, 0)
    return AirReport(8, 120, 5_918, found)


def printed(say, value) -> str:
    console = Console(file=StringIO(), width=80)
    say(value, console)
    return console.file.getvalue()


def test_people_read_what_left_the_phone_in_both_languages():
    output = printed(say_story, STORY)

    assert "An becomes a case." in output
    assert "1 key of 16 random bytes left the phone, published among 1,000." in output
    assert "An trở thành ca bệnh." in output
    assert "lẫn trong 1.000 khóa." in output


def test_people_read_what_each_phone_found_out_beside_the_truth():
    rows = {
        line.split("│")[1].strip(): [cell.strip() for cell in line.split("│")[2:5]]
        for line in printed(say_story, STORY).splitlines()
        if line.startswith("│")
    }

    assert rows == {
        "Bình": ["60.7", "61", "found / tìm ra"],
        "Hà": ["20.0", "-", "missed / bỏ sót"],
        "Giang": ["0.0", "48", "needless / báo thừa"],
        "Khoa": ["0.0", "-", "rightly silent / im lặng đúng"],
    }


@pytest.mark.parametrize(
    ("breaking_pairs", "rule", "rule_vi"),
    [(0, "one to one", "một đối một"), (2, "linkable", "nối được với nhau")],
)
def test_people_read_whether_the_air_lets_anyone_be_followed(
    breaking_pairs, rule, rule_vi
):
    output = printed(say_air, air(breaking_pairs))

    assert f"87 IDs under 87 addresses, {rule}" in output
    assert "8 phones for 120 virtual minutes, 5,918 advertisements heard" in output
    assert f"87 mã dưới 87 địa chỉ, {rule_vi}" in output
    assert "588 s." in output
    assert "588 giây." in output


def test_json_has_the_same_story():
    document = story_fields(STORY)

    assert (document["name"], document["keys_handed_out"]) == ("An", 1)
    assert document["phones"][0] == {
        "name": "Bình",
        "truth_min": 60.71,
        "told_min": 61,
        "outcome": "found",
    }
    assert air_fields(air(0))["linkability"]["breaking_pairs"] == 0
