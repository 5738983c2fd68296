"""Contribution notices 告知书: drafted, read, answered, sealed, and checked by anyone years later."""
