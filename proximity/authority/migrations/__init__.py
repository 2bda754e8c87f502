"""How the schema of the authority's database came about; forward only."""
