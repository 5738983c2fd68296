"""`shebao telegram`: fetches updates where no webhook can reach."""

from __future__ import annotations

import signal

import click

from app import logs
from app.running import running
from app.settings import Settings
from app.telegram import Polling
from bot.channels.telegram import NAME, TelegramBot


@click.command()
@click.pass_obj
def telegram(settings: Settings) -> None:
    """Fetch what employees write to the Telegram bot, where no webhook can reach."""
    logs.set_up(settings.log)
    with running(settings, polls=True) as program:
        bot = program.hearing.platforms.get(NAME)
        if not isinstance(bot, TelegramBot):
            raise click.ClickException("channels.telegram.token: needed to fetch updates")
        polling = Polling(bot, program.hearing.store, program.hearing.wake)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, polling.stop_now)
        polling.run()
