"""The application for any WSGI server: `app.wsgi:app`."""

from app.settings import load_settings
from app.web import create_app

app = create_app(load_settings())
