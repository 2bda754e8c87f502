"""A backup made and restored by the commands, each a process of its own."""

import sqlite3
from contextlib import closing


def rows(folder, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "authority.sqlite")) as connection:
        # A name of the test, and one that the database gave.
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608


def test_every_row_of_every_table_is_restored(make_rig, new_keys, tmp_path):
    rig = make_rig(minimum="20", allow_user_report="true")
    rig.publish(rig.request(new_keys(3)))
    rig.issue(phone="+84900000001")
    rig.ask("/api/verify", {"code": "00000000"}, key="device")
    rig.work()
    rig.publish(rig.request(new_keys(1, first=0)))
    rig.stop()
    with closing(sqlite3.connect(rig.data / "authority.sqlite")) as connection:
        # A person who signs in: of a feature that making a backup does not import.
        connection.execute(
            "INSERT INTO officers (id, email, name, folded, unit, made_s)"
            " VALUES ('a', 'a@b.vn', 'Ana', 'ana', 'root', 1)"
        )
        connection.commit()
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]

    report = rig.command("backup", "-o", str(tmp_path / "backup.tgz"))
    assert (report["keys"], report["files"]) == (4, 1)
    old, rig.data = rig.data, tmp_path / "new"
    assert rig.command("restore", str(tmp_path / "backup.tgz"))["keys"] == 4
    # It has one line more: that there was a restore.
    assert len(rows(rig.data, "audit")) == len(rows(old, "audit")) + 1
    for name in set(names) - {"audit"}:
        assert sorted(map(repr, rows(old, name))) == sorted(
            map(repr, rows(rig.data, name))
        ), name
    assert {"officers", "exposures", "codes", "attempts", "daily_counts"} <= set(names)
