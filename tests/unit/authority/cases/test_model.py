"""The tables of tracing hold no place for an ID or a name of anybody."""

from sqlalchemy import inspect

from proximity.authority.cases import model


def test_the_migration_made_what_the_program_uses(cases_engine):
    found = inspect(cases_engine)
    for table in (
        model.cases,
        model.case_events,
        model.edges,
        model.share_tokens,
        model.shared_keys,
        model.heard_tags,
        model.recursive_keys,
        model.recursive_files,
        model.transfers,
    ):
        columns = {column["name"] for column in found.get_columns(table.name)}
        indexes = {index["name"] for index in found.get_indexes(table.name)}

        assert columns == set(table.c.keys())
        assert {index.name for index in table.indexes} == indexes


def test_no_column_holds_a_name_a_phone_or_a_third_persons_id():
    columns = {
        column.name
        for table in (model.cases, model.case_events, model.heard_tags, model.edges)
        for column in table.columns
    }

    assert columns & {"name", "phone", "address", "notes", "ephemeral_id"} == set()
