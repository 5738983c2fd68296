"""How WeChat and WeCom call the product: encrypted, signed, up to three times within five seconds each."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from platforms.envelope import Broken, Envelope, write
from platforms.harness import Api, Clock, NoAnswer, Response, call

DELIVERIES = 3
PATIENCE = 5.0

Fields = Mapping[str, str | int | Mapping[str, str]]


@dataclass(frozen=True)
class Event:
    """What happened. However often it is delivered, its fields stay the same."""

    sender: str
    fields: Fields


@dataclass(frozen=True)
class Wire:
    """A callback as it goes over the line."""

    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/xml"})


@dataclass
class Delivery:
    """What came of an event: each try (a status, or why there was none), and the reply that stood in the answer."""

    event: Event
    at: float
    tries: list[str] = field(default_factory=list)
    reply: dict[str, str] | None = None
    #: Whether the platform tells the user that the service is out of order.
    failed: bool = False


class Calling(Api):
    """A platform that calls with encrypted XML. `address` is the product's; empty: nothing is delivered.

    What a test sets: `patience` (seconds), `retries_alike` (a retry has the same bytes; else it is encrypted anew), and
    `next_id` (MsgId of the next message; a constant makes them equal for several people).
    """

    def __init__(self, clock: Clock, envelope: Envelope, address: str = "") -> None:
        super().__init__(clock)
        self.envelope = envelope
        self.address = address
        self.patience = PATIENCE
        self.retries_alike = True
        self.deliveries: list[Delivery] = []
        self._last_id = secrets.randbelow(2**40) + 2**62
        self._holding = threading.local()

    def next_id(self) -> int:
        with self.lock:
            self._last_id += 1
            return self._last_id

    # What the subclasses say.

    def wire(self, event: Event) -> Wire:
        """The event, encrypted and signed anew."""
        raise NotImplementedError

    def replied(self, delivery: Delivery) -> None:
        """A delivery ended: shows the reply, or that there was none. Raises `Broken` where the reply cannot be shown."""
        raise NotImplementedError

    # Deliveries.

    @contextmanager
    def holding(self) -> Iterator[list[Event]]:
        """What happens in here (in this thread) is not delivered but collected, to be delivered shuffled or repeated."""
        held: list[Event] = []
        self._holding.events = held
        try:
            yield held
        finally:
            del self._holding.events

    def happened(self, event: Event) -> Delivery | None:
        """Delivers an event, or collects it inside `holding`."""
        held = getattr(self._holding, "events", None)
        if held is not None:
            held.append(event)
            return None
        return self.deliver(event)

    def deliver(self, event: Event) -> Delivery:
        """Calls the product until it answers with success: three times at most, `patience` apart."""
        delivery = Delivery(event, self.clock())
        with self.lock:
            self.deliveries.append(delivery)
        if not self.address:
            return delivery
        wire = self.wire(event)
        started = time.monotonic()
        for count in range(DELIVERIES):
            time.sleep(max(0.0, started + count * self.patience - time.monotonic()))
            answer = self._try(wire, delivery)
            if answer is not None:
                self._read(answer, delivery)
                break
            if not self.retries_alike:
                wire = self.wire(event)
        else:
            delivery.failed = True
        self._end(delivery)
        return delivery

    def _try(self, wire: Wire, delivery: Delivery) -> Response | None:
        try:
            answer = call(self.address, wire.query, wire.body, wire.headers, self.patience)
        except NoAnswer as error:
            delivery.tries.append(str(error))
            return None
        delivery.tries.append(str(answer.status))
        return answer if answer.status == 200 else None

    def _read(self, answer: Response, delivery: Delivery) -> None:
        if answer.body in (b"", b"success"):
            return
        try:
            delivery.reply = self.envelope.open_reply(answer.body)
        except Broken as error:
            delivery.tries[-1] += f" {error}"
            delivery.failed = True

    def _end(self, delivery: Delivery) -> None:
        try:
            self.replied(delivery)
        except Broken as error:
            delivery.tries[-1] += f" {error}"
            delivery.failed = True
            delivery.reply = None
            self.replied(delivery)

    # What the envelope of both has in common.

    def seal(self, event: Event) -> tuple[str, dict[str, str]]:
        """The cipher text of an event, and the query that signs it."""
        encrypted = self.envelope.encrypt(write(event.fields))
        stamp, nonce = str(int(self.clock())), str(secrets.randbelow(10**10))
        return encrypted, {
            "timestamp": stamp,
            "nonce": nonce,
            "msg_signature": self.envelope.sign(stamp, nonce, encrypted),
        }
