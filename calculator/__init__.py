"""What the numbers are: contributions, take-home pay, countable income, the dibao test. Pure: no I/O, no clock."""
