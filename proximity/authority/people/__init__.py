"""Persons whom the authority knows: sealed, found by blind indexes, forgotten on time.

In goes text (name, telephone, ID number, address, notes, answers); what lies in the
database is ciphertext and keyed hashes. Each version of a record has a key of its own
in the key store, wrapped by the key of its unit; neither lies in the database. Who
loses the record key loses the record, in every backup too.

What other features call, always with an `Authority`:

- `records.add_people(authority, connection, [NewPerson(unit, kind, values)])` stores
  persons in the caller's transaction and returns their numbers.
- `reading.read_people(authority, reader, persons, fields)` is the only way to plain
  text: it writes the line of the audit, commits it, then decrypts. It opens a
  transaction of its own: call it before, or after, a writing one, not inside. Persons
  of units that the reader may not see are left out, as if they were not there.
- `search.find_people(authority, reader, Query(field, text))` returns numbers of
  persons, by name (words in any order, with or without diacritics), telephone or ID.
- `records.correct_person`, `records.move_person` (to another unit) and
  `keeping.keep_until`, `hold_until`, `erase_person` change a person in the caller's
  transaction; call `records.settle(authority)` when it is committed, which destroys
  the keys that are no longer needed.
- `citizen.issue_receipt(authority, connection, person)` returns what the person shows
  to see, correct or erase what is held of them.

A `Reader` says who reads, where they serve, whose records they may see, and why; its
reason is one of `audit.model.Reason`. Rows of other features refer to a person by its
number and hold nothing that the key of the record is there to hide.
"""
