"""What a message means: its intent and the facts it states."""
