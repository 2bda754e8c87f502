"""Adapters to the air: advertising data in and out, by whatever radio there is."""
