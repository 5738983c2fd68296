"""What the policy says: dated, sourced parameters per region, and the rules in force for a region and a day."""
