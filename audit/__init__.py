"""Who did what and saw what: a chained log from which nothing is taken away."""
