"""The application for any WSGI server: `app.wsgi:app`. Tables and keys are made beforehand: `shebao db upgrade`, `keys new`."""

import atexit
from contextlib import ExitStack

from app.running import running
from app.settings import load_settings

_open = ExitStack()
app = _open.enter_context(running(load_settings()))
atexit.register(_open.close)
