"""Who read or changed what of whom, and why: a chain that cannot be shortened unseen.

- `trail.append_entry(authority, connection, entry)` adds a line within the caller's
  transaction; `trail.record_entry(authority, entry)` in one of its own, committed when
  it returns.
- `verify.verify_audit` walks the chain and compares it with the heads that were signed
  and published day by day (`heads`).
- `readings` answers who read what, for a superior and for the person concerned;
  `unusual` names officers who browse.
"""
