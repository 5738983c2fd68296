"""What an update of Telegram says: the employee's message, and what is done at once in answer to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update

from bot.channels.drawing import clean
from delivery.messages import IncomingMessage, Kind
from locales import N_, SOURCE, speak

CHANNEL: Final = "telegram"
#: As many characters of a text as anybody needs for a question.
LONGEST: Final = 1000

_COMMAND: Final = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w{1,64})?(?:\s+(.*))?", re.DOTALL)
#: What a link to the bot may carry; it comes back with /start.
_CARRIED: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Commands, as what they are short for: the words, and the button that they press.
_SHORT_FOR: Final[Mapping[str, tuple[Mapping[str, str], str]]] = {
    "help": ({"en": "help", SOURCE: "帮助"}, ""),
    "privacy": ({"en": "Who can see what I say?", SOURCE: "谁能看到我说的"}, "topic=privacy"),
    "hr": ({"en": "Talk to HR", SOURCE: "找人事"}, "topic=hr"),
    "stop": ({"en": "unbind", SOURCE: "解绑"}, ""),
}
#: How an employee's app says that it is in Chinese of one kind or the other; all other languages are told in English.
_TRADITIONAL: Final = re.compile(r"zh.(?:hant|tw|hk|mo)", re.IGNORECASE)
_IN_GROUP: Final = ("member", "administrator")
_GROUP: Final = N_("我只在一对一的聊天里回话，这样别人看不到。点我的名字，单独发一句话给我就行。")


@dataclass(frozen=True, slots=True)
class Doing:
    """A method of the Bot API that answers an update, with its fields."""

    method: str
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeardUpdate:
    """What an update says: a message of an employee, something to be done at once, both or neither."""

    message: IncomingMessage | None = None
    doing: Doing | None = None


_NOTHING: Final = HeardUpdate()


def read(update: Update, bot: str) -> HeardUpdate:
    """What an update says; `bot` is the number of the bot that it came to. Raises whatever it trips over where it is none."""
    if update.callback_query is not None:
        return _tap(update.callback_query, update.update_id, bot)
    if update.my_chat_member is not None:
        return _member(update.my_chat_member, update.update_id, bot)
    message = update.message or update.edited_message
    if message is None or (message.from_user is not None and message.from_user.is_bot):
        return _NOTHING
    if message.chat.type != Chat.PRIVATE:
        # Told so when it was put there, it stays in no group.
        return HeardUpdate(doing=Doing("leaveChat", {"chat_id": str(message.chat.id)}))
    language = message.from_user.language_code if message.from_user is not None else None
    locale = locale_of(language)
    kind, text, payload = _said(message, locale)
    if update.edited_message is not None:
        kind, payload = "edited", ""
    if kind is None:
        return _NOTHING
    return HeardUpdate(
        IncomingMessage(
            CHANNEL,
            str(message.chat.id),
            _key(bot, message.chat, update.update_id),
            text,
            payload,
            received_at=message.edit_date or message.date,
            locale=locale,
            kind=kind,
        )
    )


def locale_of(language: str | None) -> str:
    """The catalogue for the language of an employee's app; Chinese where it tells none.

    >>> [locale_of(each) for each in ("zh-hans", "zh-TW", "zh-hant", "en-GB", "vi", None)]
    ['zh_Hans', 'zh_Hant', 'zh_Hant', 'en', 'en', 'zh_Hans']
    """
    if not language:
        return SOURCE
    if language.lower().startswith("zh"):
        return "zh_Hant" if _TRADITIONAL.match(language) else "zh_Hans"
    return "en"


def _key(bot: str, chat: Chat, number: int) -> str:
    """What names an update once and for ever. Raises `TypeError`."""
    if not (isinstance(number, int) and isinstance(chat.id, int)):
        raise TypeError("an update without its numbers")
    return f"{bot}:{chat.id}:{number}"


def _said(message: Message, locale: str) -> tuple[Kind | None, str, str]:
    """Kind, text and payload of a message; None for what nobody said, such as that something was pinned."""
    if message.text is not None:
        return _text(clean(message.text).strip()[:LONGEST], locale)
    if message.photo:
        return "image", "", ""
    if message.voice is not None or message.audio is not None:
        return "voice", "", ""
    return ("other" if message.effective_attachment is not None else None), "", ""


def _text(text: str, locale: str) -> tuple[Kind, str, str]:
    command = _COMMAND.fullmatch(text)
    name, rest = (command[1].lower(), (command[2] or "").strip()) if command else ("", "")
    if name == "start":
        return "start", "", rest if _CARRIED.fullmatch(rest) else ""
    if name not in _SHORT_FOR:
        return "text", text.lstrip("/") or text, ""
    words, payload = _SHORT_FOR[name]
    return ("tap" if payload else "text"), words.get(locale, words[SOURCE]), payload


def _tap(query: CallbackQuery, number: int, bot: str) -> HeardUpdate:
    """A tapped button; the button stops turning, whatever it was."""
    done = Doing("answerCallbackQuery", {"callback_query_id": query.id})
    chat = query.message.chat if query.message is not None else None
    if chat is None or chat.type != Chat.PRIVATE or not query.data:
        return HeardUpdate(doing=done)
    return HeardUpdate(
        IncomingMessage(
            CHANNEL,
            str(chat.id),
            _key(bot, chat, number),
            "",
            clean(query.data),
            locale=locale_of(query.from_user.language_code),
            kind="tap",
        ),
        done,
    )


def _member(change: ChatMemberUpdated, number: int, bot: str) -> HeardUpdate:
    """The bot was blocked, or put into a group."""
    chat, now, before = change.chat, change.new_chat_member.status, change.old_chat_member.status
    if chat.type == Chat.PRIVATE:
        if now != "kicked":
            return _NOTHING  # they are back once they write
        return HeardUpdate(
            IncomingMessage(
                CHANNEL, str(chat.id), _key(bot, chat, number), "", received_at=change.date, kind="left"
            )
        )
    if chat.type == Chat.CHANNEL or now not in _IN_GROUP or before in _IN_GROUP:
        return _NOTHING
    say = speak(locale_of(change.from_user.language_code))
    return HeardUpdate(doing=Doing("sendMessage", {"chat_id": str(chat.id), "text": say(_GROUP)}))
