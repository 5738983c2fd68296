"""The application for any WSGI server: `app.wsgi:app`. Tables and keys are made beforehand: `shebao db upgrade`, `keys new`."""

import atexit
from contextlib import ExitStack

from app import logs
from app.running import running
from app.settings import load_settings

_settings = load_settings()
logs.set_up(_settings.log)
_open = ExitStack()
app = _open.enter_context(running(_settings))
atexit.register(_open.close)
