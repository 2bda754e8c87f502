"""The running service: its process, its doors, what it says of itself."""
