"""What is known of an employee on a day, and what follows from a change: profiles, strategies, exposures, the money sheet."""
