"""The dialogue: topics as modules, the next step as a value."""
