"""All tables of one database into another, whichever kind each is."""

from sqlalchemy import (
    Connection,
    Integer,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

_VERSION_TABLE = "alembic_version"
_ROWS = 20_000


def copy_rows(source: Connection, target: Connection) -> int:
    """Copy every row of every table; return how many keys were uploaded.

    Parameters
    ----------
    source : Connection
        One view of the database.
    target : Connection
        In a transaction; of the same version of the schema, and as the schema makes it.

    Returns
    -------
    int
        Uploaded keys, without padding.
    """
    # What the databases hold, not what this program has imported so far.
    here, there = MetaData(), MetaData()
    here.reflect(source)
    there.reflect(target)
    _make_room(target, there)
    for table in there.sorted_tables:
        if table.name == _VERSION_TABLE:
            continue
        rows = source.execute(
            select(here.tables[table.name]), execution_options={"yield_per": _ROWS}
        )
        for block in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in block])
        if target.dialect.name == "postgresql":
            _continue_numbers(target, table)
    return count_uploads(target)


def _make_room(connection: Connection, tables: MetaData) -> None:
    """Delete the root of the units: a new schema has one, and so has the copy."""
    units = tables.tables.get("organisations")
    if units is not None:
        connection.execute(delete(units))


def count_uploads(connection: Connection) -> int:
    """Return how many keys of a database are not padding."""
    statement = text("SELECT count(*) FROM exposures WHERE origin <> 'padding'")
    return int(connection.execute(statement).scalar_one())


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let numbers that the database gives go on after those that were copied."""
    for column in table.primary_key.columns:
        if not isinstance(column.type, Integer):
            continue
        named = func.pg_get_serial_sequence(table.name, column.name)
        sequence = connection.execute(select(named)).scalar()
        newest = connection.execute(select(func.max(column))).scalar()
        if sequence is not None and newest is not None:
            connection.execute(select(func.setval(sequence, newest)))
