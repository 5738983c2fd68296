"""Telegram's Bot API, as its documentation says: one bot, the people and groups that it meets.

Mounted at `/telegram`, it is reached with `api_base = <address>/telegram`. Updates go to the webhook where one is set, else
they wait for `getUpdates`.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from platforms.harness import Api, Clock, NoAnswer, Request, Response, as_json, call
from platforms.phones import Bubble, Choice, Phone

TOKEN: Final = "7000000001:AAlocal-bot_api_token_of_35_letters0"
USER_NAME: Final = "shebao_local_bot"
#: UTF-16 units of a text, bytes of what a button carries.
LONGEST: Final = 4096
LONGEST_DATA: Final = 64
#: Seconds that Telegram waits for the answer to a webhook, and updates that it keeps.
PATIENCE: Final = 60.0
#: How often an update is brought to a webhook that does not take it (Telegram goes on for a day).
DELIVERIES: Final = 3
ALL_UPDATES: Final = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "channel_post",
    "inline_query",
)
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}")
_PORTS: Final = (None, 443, 80, 88, 8443)


class Refused(Exception):
    """An error of the API: its code, its words, its parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Delivery:
    """What came of an update: each try (a status, or why there was none), and what stood in the answer."""

    update: dict[str, Any]
    at: float
    tries: list[str] = field(default_factory=list)
    reply: dict[str, Any] | None = None


class Chat:
    """Where messages are shown: a private chat with somebody, or a group."""

    def __init__(self, platform: Telegram, id: int, kind: str, title: str) -> None:
        self._platform = platform
        self.id = id
        self.kind = kind
        self.title = title
        self.phone = Phone(platform.clock)
        #: Why the bot may not write here: nothing, or Telegram's words.
        self.closed = ""

    def as_json(self) -> dict[str, Any]:
        named = {"first_name": self.title} if self.kind == "private" else {"title": self.title}
        return {"id": self.id, "type": self.kind, **named}


class User(Chat):
    """Somebody with Telegram, and their private chat with the bot."""

    def __init__(self, platform: Telegram, id: int, name: str, language: str) -> None:
        super().__init__(platform, id, "private", name)
        self.name = name
        self.language = language
        self.closed = "Forbidden: bot can't initiate conversation with a user"

    def person(self) -> dict[str, Any]:
        language = {"language_code": self.language} if self.language else {}
        return {"id": self.id, "is_bot": False, "first_name": self.name, **language}

    def start(self, carried: str = "") -> Delivery | None:
        """Opens the bot, by a link that carries something or without, and presses Start."""
        return self.write(f"/start {carried}".strip())

    def write(self, text: str) -> Delivery | None:
        self.closed = ""
        number = self.phone.show("me", text).number
        return self._platform.happened({"message": self.message(number, {"text": text})})

    def edit(self, bubble: Bubble, text: str) -> Delivery | None:
        """Changes a message of before."""
        self.phone.change(bubble.number, text=text)
        edited = self.message(bubble.number, {"text": text, "edit_date": int(self._platform.clock())})
        return self._platform.happened({"edited_message": edited})

    def speak(self) -> Delivery | None:
        file = {"file_id": secrets.token_hex(16), "file_unique_id": secrets.token_hex(8), "duration": 3}
        return self._sends("voice", {"voice": file})

    def picture(self) -> Delivery | None:
        file = {"file_id": secrets.token_hex(16), "file_unique_id": secrets.token_hex(8)}
        return self._sends("image", {"photo": [{**file, "width": 90, "height": 60}]})

    def sticker(self) -> Delivery | None:
        sticker = {
            "file_id": secrets.token_hex(16),
            "file_unique_id": secrets.token_hex(8),
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
        return self._sends("image", {"sticker": sticker})

    def place(self) -> Delivery | None:
        return self._sends("image", {"location": {"latitude": 31.298886, "longitude": 120.585316}})

    def document(self) -> Delivery | None:
        return self._sends(
            "image",
            {"document": {"file_id": secrets.token_hex(16), "file_unique_id": secrets.token_hex(8)}},
        )

    def tap(self, label: str, bubble: Bubble | None = None) -> Delivery | None:
        """Taps a button: of this bubble, or the last that has it. Raises `LookupError`."""
        bubbles = [bubble] if bubble is not None else list(reversed(self.phone.heard))
        found = [(each, choice) for each in bubbles for choice in each.choices if choice.label == label]
        if not found:
            raise LookupError(label)
        where, choice = found[0]
        query = {
            "id": self._platform.new_query(),
            "from": self.person(),
            "message": {
                "message_id": where.number,
                "date": int(where.at),
                "chat": self.as_json(),
                "from": self._platform.me(),
                "text": where.text,
            },
            "chat_instance": str(self.id),
            "data": choice.id,
        }
        return self._platform.happened({"callback_query": query})

    def block(self) -> Delivery | None:
        self.closed = "Forbidden: bot was blocked by the user"
        return self._platform.happened({"my_chat_member": self._change("member", "kicked")})

    def unblock(self) -> Delivery | None:
        self.closed = ""
        return self._platform.happened({"my_chat_member": self._change("kicked", "member")})

    def delete_account(self) -> None:
        """Nothing tells the bot; it finds out when it writes."""
        self.closed = "Forbidden: user is deactivated"

    def message(self, number: int, what: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "message_id": number,
            "date": int(self._platform.clock()),
            "chat": self.as_json(),
            "from": self.person(),
            **what,
        }

    def _sends(self, kind: str, what: Mapping[str, Any]) -> Delivery | None:
        self.closed = ""
        number = self.phone.show("me", "", kind=kind).number
        return self._platform.happened({"message": self.message(number, what)})

    def _change(self, before: str, now: str) -> dict[str, Any]:
        return self._platform.changed(self, self, before, now)


class Group(Chat):
    """A group that the bot may be put into."""

    def __init__(self, platform: Telegram, id: int, title: str) -> None:
        super().__init__(platform, id, "group", title)
        self.closed = "Forbidden: bot is not a member of the group chat"

    def add_bot(self, by: User) -> Delivery | None:
        self.closed = ""
        change = self._platform.changed(self, by, "left", "member")
        return self._platform.happened({"my_chat_member": change})

    def write(self, by: User, text: str) -> Delivery | None:
        """What the bot gets to see of a group: commands, and answers to what it wrote."""
        number = self.phone.show("me", text).number
        message = by.message(number, {"text": text}) | {"chat": self.as_json()}
        return self._platform.happened({"message": message})


class Telegram(Api):
    """One bot. What a test sets: `retry_after` (seconds that a 429 asks for). `previewed` collects the
    addresses that Telegram would fetch to show a preview of them: what can be opened once is then used up.
    """

    def __init__(self, *, token: str = TOKEN, clock: Clock = time.time) -> None:
        super().__init__(clock)
        self.token = token
        self.retry_after = 3
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.webhook: dict[str, Any] = {}
        #: Where updates are brought in place of the webhook's own address: the tests' product listens on loopback.
        self.redirect = ""
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.menu_button: dict[str, Any] = {}
        self.previewed: list[str] = []
        self.deliveries: list[Delivery] = []
        #: Questions by a tapped button that nobody has answered: such a button goes on turning.
        self.turning: set[str] = set()
        self._last_update = secrets.randbelow(2**20) + 2**29
        self._pending: list[dict[str, Any]] = []
        self._news = threading.Condition(self.lock)
        self._polls = 0
        self._holding = threading.local()

    # Who there is.

    def user(self, name: str, language: str = "zh-hans", id: int = 0) -> User:
        """Somebody who has not written to the bot yet."""
        made = User(self, id or secrets.randbelow(2**32) + 10**9, name, language)
        self.users[made.id] = made
        return made

    def group(self, title: str) -> Group:
        made = Group(self, -(secrets.randbelow(2**31) + 10**6), title)
        self.groups[made.id] = made
        return made

    def me(self) -> dict[str, Any]:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "社保助手",
            "username": USER_NAME,
        }

    def changed(self, chat: Chat, by: User, before: str, now: str) -> dict[str, Any]:
        return {
            "chat": chat.as_json(),
            "from": by.person(),
            "date": int(self.clock()),
            "old_chat_member": self._member(before),
            "new_chat_member": self._member(now),
        }

    def _member(self, status: str) -> dict[str, Any]:
        until = {"until_date": 0} if status == "kicked" else {}
        return {"user": self.me(), "status": status, **until}

    def new_query(self) -> str:
        id = str(secrets.randbelow(2**62))
        with self.lock:
            self.turning.add(id)
        return id

    # Updates.

    def holding(self) -> _Holding:
        """What happens in here (in this thread) is not delivered but collected, to be delivered shuffled or repeated."""
        return _Holding(self._holding)

    def happened(self, what: Mapping[str, Any]) -> Delivery | None:
        with self._news:
            self._last_update += 1
            update = {"update_id": self._last_update, **what}
            held = getattr(self._holding, "updates", None)
            if held is not None:
                held.append(update)
                return None
            wanted = self.webhook.get("allowed_updates") or ALL_UPDATES
            if not self.webhook:
                self._pending.append(update)
                self._news.notify_all()
                return None
        return self.deliver(update) if set(what) & set(wanted) else None

    def deliver(self, update: dict[str, Any]) -> Delivery:
        """Brings an update to the webhook, until it is taken."""
        delivery = Delivery(update, self.clock())
        with self.lock:
            self.deliveries.append(delivery)
            address = self.redirect or self.webhook["url"]
            headers = {"content-type": "application/json"}
            if secret := self.webhook.get("secret_token"):
                headers["x-telegram-bot-api-secret-token"] = secret
        body = json.dumps(update).encode()
        for _ in range(DELIVERIES):
            try:
                answer = call(address, None, body, headers, PATIENCE)
            except NoAnswer as error:
                delivery.tries.append(str(error))
                continue
            delivery.tries.append(str(answer.status))
            if 200 <= answer.status < 300:
                self._obey(answer, delivery)
                break
        return delivery

    def _obey(self, answer: Response, delivery: Delivery) -> None:
        """A method that stands in the answer is called; what comes of it, nobody is told."""
        if not answer.body or "json" not in answer.media_type:
            return
        given = json.loads(answer.body)
        if isinstance(given, dict) and "method" in given:
            delivery.reply = given
            fields = {name: _text(value) for name, value in given.items() if name != "method"}
            self._called(given["method"], fields)

    # The API.

    def path(self, method: str) -> str:
        """What `fail` and `called` name a method by."""
        return f"bot{self.token}/{method}"

    def failure(self, code: int) -> Response:
        words = {
            401: "Unauthorized",
            403: "Forbidden: bot was blocked by the user",
            409: "Conflict: terminated by other getUpdates request",
            429: f"Too Many Requests: retry after {self.retry_after}",
            500: "Internal Server Error",
        }
        if code == 502:
            return Response(b"<html>502 Bad Gateway</html>", 502, "text/html")
        parameters = {"retry_after": self.retry_after} if code == 429 else {}
        return _refused(Refused(code, words.get(code, "Bad Request"), **parameters))

    def handle(self, request: Request) -> Response:
        bot, _, method = request.path.partition("/")
        if not re.fullmatch(r"bot\d+:[A-Za-z0-9_-]{20,}", bot):
            return _refused(Refused(404, "Not Found"))
        if bot != f"bot{self.token}":
            return _refused(Refused(401, "Unauthorized"))
        return self._called(method, _fields(request))

    def _called(self, method: str, fields: Mapping[str, str]) -> Response:
        known: dict[str, Callable[[Mapping[str, str]], Any]] = {
            "getMe": lambda fields: self.me(),
            "sendMessage": self._send,
            "answerCallbackQuery": self._answer_query,
            "leaveChat": self._leave,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
            "getUpdates": self._updates,
            "setMyCommands": self._set_commands,
            "setMyDescription": lambda fields: self._describe(self.descriptions, fields, "description", 512),
            "setMyShortDescription": lambda fields: self._describe(
                self.short_descriptions, fields, "short_description", 120
            ),
            "setChatMenuButton": self._set_menu_button,
        }
        if method not in known:
            return _refused(Refused(404, "Not Found: method not found"))
        try:
            with self.lock:
                return as_json({"ok": True, "result": known[method](fields)})
        except Refused as error:
            return _refused(error)
        except (KeyError, ValueError, TypeError):
            return _refused(Refused(400, "Bad Request: wrong parameters"))

    def _chat(self, fields: Mapping[str, str]) -> Chat:
        try:
            id = int(fields.get("chat_id", ""))
        except ValueError:
            raise Refused(400, "Bad Request: chat_id is empty") from None
        chat: Chat | None = self.users.get(id) or self.groups.get(id)
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        if chat.closed:
            raise Refused(403, chat.closed)
        return chat

    def _send(self, fields: Mapping[str, str]) -> dict[str, Any]:
        chat, text = self._chat(fields), fields.get("text", "").strip()
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > LONGEST:
            raise Refused(400, "Bad Request: message is too long")
        keyboard = json.loads(fields.get("reply_markup") or "{}").get("inline_keyboard", [])
        choices = tuple(_choice(button) for row in keyboard for button in row)
        preview = json.loads(fields.get("link_preview_options") or "{}")
        found = re.findall(r"https?://\S+", text)
        if found and not preview.get("is_disabled"):
            self.previewed.append(found[0])
        more = {
            "rows": [[_choice(button).label for button in row] for row in keyboard],
            "links": {button["text"]: button["url"] for row in keyboard for button in row if "url" in button},
            "protected": fields.get("protect_content") == "true",
        }
        taps = tuple(each for each in choices if each.id)
        bubble = chat.phone.show("them", text, choices=taps, more=more)
        return {
            "message_id": bubble.number,
            "date": int(bubble.at),
            "chat": chat.as_json(),
            "from": self.me(),
            "text": text,
        }

    def _answer_query(self, fields: Mapping[str, str]) -> bool:
        id = fields.get("callback_query_id", "")
        if id not in self.turning:
            raise Refused(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        self.turning.discard(id)
        return True

    def _leave(self, fields: Mapping[str, str]) -> bool:
        chat = self._chat(fields)
        if chat.kind == "private":
            raise Refused(400, "Bad Request: chat member status can't be changed in private chats")
        chat.closed = "Forbidden: bot is not a member of the group chat"
        return True

    def _set_webhook(self, fields: Mapping[str, str]) -> bool:
        address = urlsplit(fields.get("url", ""))
        if address.scheme != "https" or not address.hostname:
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if address.port not in _PORTS:
            raise Refused(
                400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
            )
        secret = fields.get("secret_token", "")
        if secret and not _SECRET.fullmatch(secret):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        connections = int(fields.get("max_connections", 40))
        if not 1 <= connections <= 100:
            raise Refused(400, "Bad Request: bad max_connections")
        self.webhook = {
            "url": fields["url"],
            "secret_token": secret,
            "max_connections": connections,
            "allowed_updates": json.loads(fields.get("allowed_updates") or "[]"),
        }
        if fields.get("drop_pending_updates") == "true":
            self._pending.clear()
        return True

    def bring_pending(self) -> None:
        """Brings what waits to the webhook, as Telegram does soon after one is set."""
        with self.lock:
            pending, self._pending = self._pending, []
        for update in pending:
            self.deliver(update)

    def _delete_webhook(self, fields: Mapping[str, str]) -> bool:
        self.webhook = {}
        if fields.get("drop_pending_updates") == "true":
            self._pending.clear()
        return True

    def _webhook_info(self, fields: Mapping[str, str]) -> dict[str, Any]:
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
        }

    def _updates(self, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """Long polling; an offset confirms what came before it, and a newer call ends the one that waits."""
        if self.webhook:
            raise Refused(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        offset, until = int(fields.get("offset", 0)), time.monotonic() + int(fields.get("timeout", 0))
        wanted = set(json.loads(fields.get("allowed_updates") or "[]") or ALL_UPDATES)
        self._polls += 1
        mine = self._polls
        self._news.notify_all()
        while True:
            if mine != self._polls:
                raise Refused(409, "Conflict: terminated by other getUpdates request")
            self._pending = [
                each
                for each in self._pending
                if each["update_id"] >= offset and wanted & (set(each) - {"update_id"})
            ]
            if self._pending or not self._news.wait(max(0.0, until - time.monotonic())):
                return self._pending[: int(fields.get("limit", 100))]

    @property
    def waiting(self) -> int:
        """How many updates nobody has confirmed."""
        with self.lock:
            return len(self._pending)

    def _set_commands(self, fields: Mapping[str, str]) -> bool:
        commands = json.loads(fields["commands"])
        language = _language(fields)
        for each in commands:
            if not _COMMAND.fullmatch(each["command"]) or not 1 <= len(each["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[language] = commands
        return True

    def _describe(self, kept: dict[str, str], fields: Mapping[str, str], name: str, longest: int) -> bool:
        if len(fields.get(name, "")) > longest:
            raise Refused(400, "Bad Request: description is too long")
        kept[_language(fields)] = fields.get(name, "")
        return True

    def _set_menu_button(self, fields: Mapping[str, str]) -> bool:
        self.menu_button = json.loads(fields["menu_button"])
        return True


class _Holding:
    """Collects updates while its block runs."""

    def __init__(self, local: threading.local) -> None:
        self._local = local

    def __enter__(self) -> list[dict[str, Any]]:
        held: list[dict[str, Any]] = []
        self._local.updates = held
        return held

    def __exit__(self, *error: object) -> None:
        del self._local.updates


def _refused(error: Refused) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return as_json(body, error.code)


def _fields(request: Request) -> dict[str, str]:
    """Parameters come in the query, as a form, or as JSON."""
    fields = dict(request.query)
    type = request.headers.get("content-type", "")
    if type.startswith("application/json") and request.body:
        fields |= {name: _text(value) for name, value in request.json().items()}
    elif type.startswith("application/x-www-form-urlencoded"):
        fields |= dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return fields


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _language(fields: Mapping[str, str]) -> str:
    language = fields.get("language_code", "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise Refused(400, "Bad Request: invalid language code specified")
    return language


def _choice(button: Mapping[str, Any]) -> Choice:
    """A button: what it carries back, nothing where it opens an address."""
    title = button["text"]
    if not title or len(set(button) & {"callback_data", "url"}) != 1:
        raise Refused(400, "Bad Request: text buttons are unallowed in the inline keyboard")
    if "url" in button:
        address = urlsplit(button["url"])
        if address.scheme not in ("http", "https", "tg") or "." not in (address.hostname or ""):
            raise Refused(400, "Bad Request: inline keyboard button URL is invalid")
        return Choice("", title)
    if not 1 <= len(button["callback_data"].encode()) <= LONGEST_DATA:
        raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return Choice(button["callback_data"], title)
