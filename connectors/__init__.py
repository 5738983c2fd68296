"""Systems outside the house, each behind the protocol of whoever needs it."""
