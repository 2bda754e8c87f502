"""What a device remembers, in SQLite: bytes and values in, arrays and values out."""
