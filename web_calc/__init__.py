"""The public calculator: page, impact report, note for the township and `/api/v1`. No cookies, nothing kept."""

from web_calc.views import create_blueprint

__all__ = ["create_blueprint"]
