"""What imports remember: the other authorities, and which of their files are done."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from proximity.authority.database import METADATA

# `origin` of a key that another authority published.
IMPORTED = "import"

# A row for each region; `index_lines` is what its index listed last.
import_sources = Table(
    "import_sources",
    METADATA,
    Column("region", String(16), primary_key=True),
    Column("url", String(2_000), nullable=False),
    Column("public_keys", Text, nullable=False),
    Column("index_lines", Text, nullable=False),
)

# A file is done when its signature held and its keys are stored.
imported_files = Table(
    "imported_files",
    METADATA,
    Column("region", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("done_s", BigInteger, nullable=False),
)
