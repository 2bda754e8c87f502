"""What is remembered of people who sign in."""

from sqlalchemy import Table

from proximity.authority.accounts import model
from proximity.authority.accounts.model import Action, Area, Level, Officer, Unit


def test_no_column_could_hold_a_password_a_code_or_a_token():
    tables = [each for each in vars(model).values() if isinstance(each, Table)]
    names = {column.name for table in tables for column in table.c}

    assert len(tables) > 5

    assert names & {"password", "token", "secret", "totp", "code"} == set()


def test_an_officer_is_told_by_id_alone():
    officer = Officer("0f", "Lan", "lan@example.org", Unit("root", "root/"), ())

    assert repr(officer) == "<Officer 0f>"


def test_an_action_reads_as_area_and_level():
    assert str(Action(Area.CASES, Level.WRITE)) == "cases.write"
