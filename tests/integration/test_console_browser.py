"""The console in Chromium: two ways in, a code, and whether everybody can use it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from console_browser import (
    CHROMIUM,
    LANGUAGES,
    WIDTHS,
    chromium,
    served,
    shown_pages,
    sign_in_as,
    watch,
)
from console_filled import fill
from console_world import World, all_pages, build_world
from playwright.sync_api import expect

from proximity.authority.accounts.model import Role
from proximity.authority.assembly import open_authority
from proximity.authority.founding import Administrator, found_authority

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # One browser and one authority for all of this file.
    pytest.mark.xdist_group("console"),
]
AXE = Path(__file__).parent / "static" / "vendor" / "axe-4.14.1.min.js"
ANA = Administrator("ana@example.org", "a sentence that nobody says")
# Overflow that a box scrolls for itself is no overflow of the page.
# Of letters in pictures.
LEAST_PX = 11
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
JUDGE = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("browser") / "authority"
    found_authority(directory, {}, administrator=ANA)
    authority = open_authority(directory, {})
    made = build_world(authority)
    fill(made)
    yield made
    authority.engine.dispose()


@pytest.fixture(scope="module")
def origin(world: World) -> Iterator[str]:
    with served(world.authority) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def open_tab(browser: Any, world: World, origin: str) -> Iterator[Callable[..., Any]]:
    """Return what opens a tab of somebody, and checks that it asked nobody else."""
    contexts, all_problems = [], []

    def make(role: Role | None = None, width: int = 1280) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}
        )
        contexts.append(context)
        if role is not None:
            sign_in_as(context, world, role, origin)
        tab = context.new_page()
        tab.set_default_timeout(15_000)
        all_problems.append(watch(tab, origin))
        return tab

    yield make
    for context in contexts:
        context.close()
    assert [each for problems in all_problems for each in problems] == []


def add_authenticator(tab: Any) -> Any:
    """Plug a virtual authenticator in that verifies its person."""
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return devtools


def test_the_first_administrator_sets_up_a_passkey_and_then_signs_in_with_it(
    open_tab, origin
):
    tab = open_tab()
    add_authenticator(tab)
    tab.goto(f"{origin}/console?lang=en")
    tab.fill("#email", ANA.email)
    tab.fill("#password", ANA.password)
    tab.click("form[action$='/sign-in'] button")
    tab.wait_for_url("**/console/set-up")

    # The password alone opens nothing else.
    tab.goto(f"{origin}/console/officers")
    assert tab.url.endswith("/console/set-up")

    tab.click("form[action$='/set-up/passkey'] button")
    tab.wait_for_url("**/console/today")
    tab.click("header form button")
    tab.wait_for_url("**/console/sign-in*")

    tab.click("form[action$='/sign-in/passkey'] button")
    tab.wait_for_url("**/console/today")
    assert ANA.email in tab.inner_text("header")


def test_an_officer_is_made_and_sets_up_password_and_code(open_tab, origin):
    tab = open_tab(Role.ADMINISTRATOR, 390)
    tab.add_init_script(path=AXE)
    tab.goto(f"{origin}/console/officers/new?lang=en")
    tab.fill("#name", "Đỗ Thị Bình")
    tab.fill("#email", "binh@example.org")
    tab.select_option("#unit", "02641")
    tab.click("main form button")
    code = tab.inner_text("[data-code]")
    assert (tab.evaluate(JUDGE), tab.evaluate(WIDER) <= 0) == ([], True)

    new = open_tab()
    new.goto(f"{origin}/console/welcome?lang=en")
    new.fill("#email", "binh@example.org")
    new.fill("#enrolment", code)
    new.fill("#password", "mot cau khong ai noi ra")
    new.fill("#again", "mot cau khong ai noi ra")
    new.click("main form button")
    new.wait_for_url("**/console/set-up")
    new.click("summary")
    secret = new.inner_text("details .mono")
    new.fill("#code", pyotp.TOTP(secret).now())
    new.click("form[action$='/set-up/code'] button")
    new.wait_for_url("**/console/today")

    assert "Đỗ Thị Bình" in new.inner_text("header")


def test_a_code_is_issued_shown_large_and_ended_again(open_tab, origin):
    tab = open_tab(Role.EPIDEMIOLOGIST, 390)
    tab.add_init_script(path=AXE)
    tab.goto(f"{origin}/console/codes/new?lang=vi")
    tab.click("main form button")
    shown = tab.locator("[data-code]")

    assert shown.inner_text().replace(" ", "").isdigit()
    assert shown.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 40
    assert tab.locator("[data-seconds]").inner_text().startswith(("15:", "14:"))
    assert (tab.evaluate(JUDGE), tab.evaluate(WIDER) <= 0) == ([], True)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.click("[data-copy]")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied == shown.inner_text().replace(" ", "")

    tab.click("form[action$='/expire'] button")
    tab.wait_for_url("**/console/codes/*")
    assert "hết hạn" in tab.inner_text("main")
    assert copied not in tab.content()


def test_a_name_is_found_while_it_is_typed(open_tab, origin):
    tab = open_tab(Role.ADMINISTRATOR)
    tab.goto(f"{origin}/console/officers?lang=en")
    before = tab.locator("#found tbody tr").count()
    tab.locator("#q").press_sequentially("planted.02641")
    expect(tab.locator("#found tbody tr")).to_have_count(1)

    assert before > 10


def test_everything_is_reached_with_the_keyboard_and_the_first_stop_skips_ahead(
    open_tab, origin
):
    tab = open_tab(Role.ADMINISTRATOR)
    tab.goto(f"{origin}/console/today?lang=en")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")

    assert tab.evaluate("document.activeElement.closest('main') !== null")


def test_a_slip_is_all_that_goes_on_its_paper(open_tab, origin):
    tab = open_tab(Role.EPIDEMIOLOGIST)
    tab.goto(f"{origin}/console/codes/new?lang=vi")
    tab.click("main form button")
    expect(tab.locator(".slip")).to_be_visible()
    tab.emulate_media(media="print")

    assert tab.locator("main > :visible").count() == 1
    for hidden in ("button", "nav", "[data-seconds]", "footer"):
        expect(tab.locator(f"{hidden} >> visible=true")).to_have_count(0)
    expect(tab.locator(".code")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_are_read_at_every_width_and_say_each_contact(
    width, open_tab, world, origin
):
    # One for screens, one for telephones.
    shown = int(width < 700)
    tab = open_tab(Role.EPIDEMIOLOGIST, width)
    tab.goto(f"{origin}/console/cases/{world.planted['02641']['case']}?lang=en")
    graphs = tab.locator(".graph")
    size = """e => Math.min(...[...e.querySelectorAll("text")].map((each) =>
        parseFloat(getComputedStyle(each).fontSize)))
        * e.getBoundingClientRect().width / e.viewBox.baseVal.width"""

    assert [graphs.nth(n).is_visible() for n in (0, 1)] == [shown == 0, shown == 1]
    assert graphs.nth(shown).evaluate(size) >= LEAST_PX
    assert graphs.nth(shown).locator("a").count() == 12
    # Each contact of the picture is told once more, with its reasons.
    assert tab.locator(".met details").count() == 11
    assert "42.5 minutes" in tab.locator(".met details").first.inner_text()
    tab.goto(f"{origin}/console/statistics")
    charts = tab.locator(".chart >> visible=true")
    assert charts.count() == 3
    assert min(charts.nth(n).evaluate(size) for n in range(3)) >= LEAST_PX


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_in_both_widths(language, open_tab, world, origin):
    tabs: dict[Role | None, Any] = {}
    found = []
    for page, role, address in shown_pages(world, all_pages()):
        if role not in tabs:
            tabs[role] = open_tab(role)
            tabs[role].add_init_script(path=AXE)
        tab = tabs[role]
        tab.goto(f"{origin}{address}?lang={language}")
        assert tab.get_attribute("html", "lang") == language
        for width, height in WIDTHS.items():
            tab.set_viewport_size({"width": width, "height": height})
            assert tab.evaluate("window.innerWidth") == width
            where = f"{page.name} {language} {width}"
            if tab.evaluate(WIDER) > 0:
                found.append(f"{where}: wider than the window")
            found += [f"{where}: {each}" for each in tab.evaluate(JUDGE)]

    assert found == []


def test_the_judge_finds_what_is_wrong(open_tab, origin):
    tab = open_tab()
    tab.add_init_script(path=AXE)
    tab.goto(f"{origin}/console/sign-in")
    tab.evaluate("document.querySelector('label').remove()")

    assert [each.split(":")[0] for each in tab.evaluate(JUDGE)] == ["label"]
