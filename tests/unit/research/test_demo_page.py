"""The page: what it says, in both languages, and that it needs nothing else."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from proximity.protocol.linkability import Linkability
from proximity.research.demo_page import EN_DASH, number, render_page
from proximity.research.evaluation import PairVerdict
from proximity.research.report import Hearing
from proximity.research.story import AirReport, Finding, Story

START_S = 20_522 * 86_400 + 72_000
VOID = {"meta", "link", "input", "br"}


class Tree(HTMLParser):
    """Collects tags, and fails where one is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(report):
    return render_page(report)


def tree_of(page):
    tree = Tree()
    tree.feed(page)
    assert tree.open == []
    return tree


def test_the_headline_says_what_happened_in_both_languages(page):
    assert "An was near a case for 23 minutes on Tuesday." in page
    assert "An đã ở gần một ca bệnh 23 phút hôm thứ Ba." in page


def test_without_a_notice_nobody_had_to_be_warned(report):
    page = render_page(replace(report, notice=None))

    assert "Nobody had to be warned." in page
    assert "An was near a case" not in page


@pytest.mark.parametrize("second", [302, 900, 1_200, 1_500, 1_900, 2_200])
def test_the_label_of_the_warning_stays_in_its_drawing(report, detail, second):
    start_s = detail.windows[0].scans[0].t_s - 300
    late = replace(detail, dose=((start_s + second, 16.0),))
    page = render_page(replace(report, details=(late,)))

    drawings = re.findall(r'viewBox="0 0 ([\d.]+) [\d.]+"(.*?)</svg>', page, re.DOTALL)
    label = r'<text x="([\d.]+)" y="[\d.]+" class="w alarm-text( end)?"[^>]*>([^<]*)'
    found = [
        (float(width), float(x), end, 6.8 * len(text))
        for width, drawing in drawings
        for x, end, text in re.findall(label, drawing)
    ]
    assert found
    for width, x, end, length in found:
        # The figure's padding takes what the drawing does not.
        assert (x - length if end else x) >= -15
        assert (x if end else x + length) <= width


def test_the_page_asks_the_network_for_nothing(page):
    for _, attributes in tree_of(page).tags:
        assert "src" not in attributes
        assert attributes.get("href", "data:,").startswith(("data:", "#"))
    assert not re.search(r"https?://|@import|url\(", page)


def test_every_word_in_one_language_has_its_twin(page):
    shown = [
        a["lang"] for _, a in tree_of(page).tags if "w" in a.get("class", "").split()
    ]

    assert shown.count("en") == shown.count("vi") > 50
    assert shown[::2] == ["en"] * (len(shown) // 2)


def test_tables_have_scopes_and_headings_follow_each_other(page):
    tags = tree_of(page).tags
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_truth_stands_beside_verdict_for_all_pairs(page):
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">(.*?)</th><td>(.*?)</td>", page)

    assert (f"An {EN_DASH} Bình", "60.0") in rows
    assert len(rows) == 4
    verdicts = re.findall(r"class=\"say\">.*?lang=\"en\">(.*?)</span>", page)
    assert verdicts[1:] == ["missed", "found", "needless warning", "rightly silent"]


def test_the_picture_is_that_of_the_headline(report, detail):
    others = (
        replace(detail, case="Bình", truth_min=60.0),
        replace(detail, case="Giang", truth_min=0.0),
        replace(detail, case="An", contact="Chi", truth_min=16.0, alert=False),
    )
    page = render_page(replace(report, details=(*others, detail)))

    assert re.search(r"<h3>.*?</h3>", page)[0].count("Linh (case) and An") == 1


def test_names_are_escaped(report):
    pair = replace(report.pairs[0], a="<script>alert(1)</script>")
    page = render_page(replace(report, pairs=(pair, *report.pairs[1:])))

    assert "<script" not in page


def test_a_recorded_report_shows_accuracy_and_its_source(report):
    recorded = replace(
        report,
        recorded=True,
        figures={**report.figures, "lunch": report.figures[""]},
        pairs=(*report.pairs, replace(report.pairs[0], scenario="lunch")),
    )
    page = render_page(recorded)

    tree_of(page)
    assert "EPFL" in page
    assert "CC BY-ND 4.0" in page
    assert "How sure is that?" in page
    assert page.count('class="roc"') == 2


def test_unknown_figures_are_a_dash_and_never_nan(report):
    lonely = tuple(
        PairVerdict("queue", p.a, p.b, 0.0, p.value, p.alert) for p in report.pairs
    )
    figures = {
        name: tuple(
            replace(f, auc=None, interval=None, true_positive_rate=None) for f in all_
        )
        for name, all_ in {"": report.figures[""], "queue": report.figures[""]}.items()
    }
    page = render_page(replace(report, recorded=True, pairs=lonely, figures=figures))

    assert not re.search(r"\bnan\b", page, re.IGNORECASE)
    assert f"<td>{EN_DASH}</td>" in page


def test_the_same_report_gives_the_same_page(report):
    assert render_page(report) == render_page(report)


def test_large_numbers_lose_their_decimals():
    assert number(99.94) == "99.9"
    assert number(355.4) == "355"


def test_the_page_shows_who_heard_whom(report):
    heard = (
        Hearing("An", "Linh", ((report.day * 86_400 + 72_000, 50),)),
        Hearing("Linh", "An", ()),
    )
    page = render_page(replace(report, heard=heard))

    tree_of(page)
    assert "Who heard whom" in page
    assert "Ai nghe thấy ai" in page
    assert page.count('class="heard0"') == 2


def test_where_nobody_heard_anybody_there_is_no_strip(report):
    page = render_page(replace(report, heard=(Hearing("An", "Linh", ()),)))

    assert "Who heard whom" not in page


@pytest.fixture
def told(report):
    """A report that tells of one case."""
    story = Story(
        "An",
        1,
        1_000,
        (
            Finding("Bình", 60.7, 61),
            Finding("Giang", 0.0, 48),
            Finding("Hà", 0.0, None),
        ),
    )
    air = AirReport(4, 120, 999, Linkability(48, 48, 48, 0, 0, 0, 1, 588.0, 0))
    heard = (
        Hearing("Bình", "An", ((START_S, 50),)),
        Hearing("An", "Bình", ((START_S, 50),)),
    )
    return replace(report, story=story, air=air, heard=heard)


def test_one_case_leads_in_both_languages(told):
    page = render_page(told)
    tree_of(page)
    heading = re.search("<h1>(.*?)</h1>", page, re.DOTALL)[1]

    assert "An is a case." in heading
    assert "1 person found out by themselves." in heading
    assert "An là ca bệnh." in heading
    assert "1 người tự biết mình đã ở gần." in heading


def test_the_page_tells_what_left_the_phone_and_what_each_phone_found(told):
    page = render_page(told)
    tiles = re.findall(r"<li><b>(.*?)</b>", page)
    found = re.search('<ul class="findings".*?</ul>', page, re.DOTALL)[0]

    # Keys, contacts who were told, others who were, and ways to follow a phone.
    assert tiles[:4] == ["1", "1 / 1", "1 / 2", "0"]
    assert "16 random bytes, published among 1,000 keys; no name, no place" in page
    assert re.findall("<strong>(.*?)</strong>", found) == ["Bình", "Giang", "Hà"]
    assert "told 61 min" in found
    assert "báo 48 phút" in found
    assert found.count("told nothing") == found.count("không báo gì") == 1
    assert "48 numbers under 48 addresses" in page


def test_the_strip_shows_who_heard_the_case_and_all_phones_on_demand(told):
    page = render_page(told)

    assert "Who heard An" in page
    assert "Ai nghe thấy An" in page
    assert "All phones at once" in page


def test_a_case_whom_nobody_was_near_is_no_headline(told):
    story = replace(told.story, findings=(Finding("Hà", 0.0, None),))
    page = render_page(replace(told, story=story, notice=None))

    assert "Nobody had to be warned." in page
    assert "found out by themselves" not in page


def test_names_in_a_story_are_escaped(told):
    page = render_page(replace(told, story=replace(told.story, case="<script>x")))

    assert "<script" not in page


@pytest.mark.parametrize(
    ("unit", "en", "vi"),
    [("percent", "%", "%"), ("min", "min", "phút"), ("risk", "risk", "rủi ro")],
)
def test_a_threshold_stands_in_the_unit_of_its_rule(report, unit, en, vi):
    first, *others = report.rules
    legend = replace(first, unit=unit)

    page = render_page(replace(report, rules=(legend, *others)))

    words = (
        f'<span class="w" lang="en">{en}</span><span class="w" lang="vi">{vi}</span>'
    )
    assert f"{legend.name}<br><span>{words}</span> ≥ {legend.threshold:g}" in page
