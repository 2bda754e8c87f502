"""The application on a person's device: recorded sightings in, notifications out."""
