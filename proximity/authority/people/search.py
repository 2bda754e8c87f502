"""Finds persons by keyed hashes: the database sees neither what is sought nor found."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Action, Reader
from proximity.authority.audit.trail import (
    entry_by,
    masters_in_use,
    record_entry,
)
from proximity.authority.database import reading, unusable
from proximity.authority.people.folding import (
    exact_term,
    exact_words_of,
    number_term,
    pair_term,
    word_term,
    words_of,
)
from proximity.authority.people.model import PersonField
from proximity.authority.people.rules import normal_id_number, normal_phone

MAX_FOUND = 200
_MAX_TEXT = 256
# Beyond this the size of a list of candidates says only: long.
_COUNTED = 20_000
_COUNT = """(SELECT count(*) FROM (
    SELECT 1 FROM person_tokens WHERE token IN ({tokens}) LIMIT {limit}
) AS bounded)"""
_SEARCH = """
WITH sought ({names}) AS (VALUES {sought})
SELECT one.person FROM sought JOIN person_tokens AS one ON one.token = t0
WHERE true{others} LIMIT {limit}
"""
_OTHER = """ AND EXISTS (
    SELECT 1 FROM person_tokens AS other
    WHERE other.token = {name} AND other.person = one.person
)"""


@dataclass(frozen=True, slots=True)
class Query:
    """What is sought.

    Attributes
    ----------
    field : PersonField
        Name, telephone or ID number.
    text : str
        Words of a name in any order; or a whole number, in any way of writing it.
    exact : bool
        Whether diacritics of a name count.
    """

    field: PersonField
    text: str
    exact: bool = False

    def __repr__(self) -> str:
        """Tell the field."""
        return f"<Query {self.field}>"


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found.

    Attributes
    ----------
    persons : tuple of int
        In no order that means anything.
    more : bool
        Whether there are more than were asked for.
    """

    persons: tuple[int, ...]
    more: bool


def find_people(
    authority: Authority, reader: Reader, query: Query, *, limit: int = 50
) -> Found:
    """Find persons of the units that a reader may see, after a line in the audit.

    Parameters
    ----------
    authority : Authority
    reader : Reader
    query : Query
    limit : int
        1..`MAX_FOUND`.

    Returns
    -------
    Found

    Raises
    ------
    ApiError
        If there is nothing to seek by.
    StoreError
        If audit or database cannot be used.
    """
    terms = _terms(query)
    record_entry(authority, entry_by(reader, Action.SEARCH, fields=(query.field,)))
    units = sorted(reader.units)
    if not units:
        return Found((), more=False)
    wanted = min(limit, MAX_FOUND)
    try:
        with reading(authority.engine) as connection:
            masters = masters_in_use(connection)
            # A column a term, a row a unit: the words of a name are hashed for each,
            # and while records are sealed anew by both master keys.
            rows = [
                tuple(authority.vault.tokens(unit, terms, master=master))
                for master in range(masters.oldest, masters.newest + 1)
                for unit in units
            ]
            ordered = _rarest_first(connection, rows)
            found = _matches(connection, ordered, wanted + 1)
    except SQLAlchemyError as error:
        raise unusable(error) from error
    return Found(tuple(found[:wanted]), more=len(found) > wanted)


def _terms(query: Query) -> list[str]:
    if query.field == PersonField.PHONE:
        return [number_term(query.field, normal_phone(query.text[:_MAX_TEXT]))]
    if query.field == PersonField.ID_NUMBER:
        return [number_term(query.field, normal_id_number(query.text[:_MAX_TEXT]))]
    if query.field != PersonField.NAME:
        raise ApiError(400, "invalid_query", f"nobody is found by {query.field}")
    text = query.text[:_MAX_TEXT]
    folded = words_of(text)
    if not folded:
        raise ApiError(400, "invalid_query", "the query has no word")
    # Each word with the last one: all words are asked for, and the rarest of them is
    # in one of the pairs.
    *others, last = folded
    terms = [pair_term(each, last) for each in others] or [word_term(last)]
    if query.exact:
        terms += [exact_term(word) for word in exact_words_of(text)]
    return list(dict.fromkeys(terms))


def _rarest_first(
    connection: Connection, rows: Sequence[tuple[int, ...]]
) -> list[tuple[int, ...]]:
    """Bring the term with the fewest persons to the front of each row."""
    columns = list(zip(*rows, strict=True))
    if len(columns) == 1:
        return list(rows)
    counts = ", ".join(
        _COUNT.format(tokens=_numbers(tokens), limit=_COUNTED) for tokens in columns
    )
    sizes = connection.exec_driver_sql("SELECT " + counts).one()
    order = sorted(range(len(columns)), key=sizes.__getitem__)
    return list(zip(*(columns[at] for at in order), strict=True))


def _matches(
    connection: Connection, rows: Sequence[tuple[int, ...]], limit: int
) -> list[int]:
    """Return persons who have every token of one row."""
    names = [f"t{at}" for at in range(len(rows[0]))]
    statement = _SEARCH.format(
        names=", ".join(names),
        sought=", ".join(f"({_numbers(row)})" for row in rows),
        others="".join(_OTHER.format(name=name) for name in names[1:]),
        limit=int(limit),
    )
    # Two terms of one row never stand for one token, so nobody is found twice.
    return list(connection.exec_driver_sql(statement).scalars())


def _numbers(tokens: Sequence[int]) -> str:
    # Thousands of bound parameters would cost more than the search; what stands in
    # the statement are whole numbers that `Vault.tokens` made.
    return ", ".join(str(int(token)) for token in tokens)
