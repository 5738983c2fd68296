"""The pages HR works in. What they stand on comes in through protocols of the rooms below; `app` fills them."""

from hr_console.console import Console, Section, create_blueprint

__all__ = ["Console", "Section", "create_blueprint"]
