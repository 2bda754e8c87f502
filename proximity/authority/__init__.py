"""The health authority's applications; one folder a feature."""
