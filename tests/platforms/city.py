"""沙盒市: a city's civil affairs, social insurance and a company's payroll, each with ways of its own.

Mounted, they are `/civil-affairs` (OAuth2, a cursor), `/social-insurance` (signed, page numbers, 200 to everything with a code
in the body, fields named as agencies do) and `/payroll` (an API key, a cursor, versions). `/city` is for
whoever plays the city:

    POST /city/person  {"number": "0001", "name": "…", "id_number": "…"}
    POST /city/status  {"number": "0001", "status": "suspended", "since": "2026-11-01", "reason": "income"}
    POST /city/wage    {"number": "0001", "month": "2026-10", "gross": 350000}
    POST /city/publish {"month": "2026-10"}      amounts and statement of what was declared
    POST /city/deliver {}                        hands what changed to the product's own address
    POST /city/trouble {"system": "payroll", "trouble": "slow_drip", "on": true, "calls": 2}
    GET  /city/state

A trouble that is switched on meets every call until it is switched off, or the next `calls`. Those that end a call are met in
turn; those that spoil an answer are met together. `city.toml` is how the product is told of all this.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from platforms.harness import Answering, Api, Call, Clock, NoAnswer, Request, Response, Vanish, as_json, call

CLIENT_ID: Final = "shebao-local"
CLIENT_SECRET: Final = "local-client-secret+/="
PERSON_SECRET: Final = "local-secret-of-tokens"
HOOK_SECRET: Final = "local-secret-of-deliveries"
KEY_ID: Final = "320500-0001"
SIGNING_SECRET: Final = "local-signing-secret"
API_KEY: Final = "local-payroll-key"
TOKEN_LIFE: Final = 3600
#: Seconds that a signature may be off.
SKEW: Final = 300
BEIJING: Final = timezone(timedelta(hours=8))

STATUS: Final = {"receiving": "01", "suspended": "02", "ended": "03", "none": "04", "applying": "05"}
REASON: Final = {
    "": "",
    "income": "R1",
    "review": "R2",
    "moved": "R3",
    "unknown_person": "E404",
    "name": "E101",
}
RECEIPT: Final = {"accepted": "1", "pending": "2", "rejected": "9"}
#: Code of each insurance with both sides' rates in parts per thousand.
INSURANCES: Final = {"110": (80, 160), "210": (5, 5), "310": (20, 70), "410": (0, 4)}


class Trouble(Enum):
    """What can be switched on."""

    TIME_OUT = "time_out"
    ERROR_500 = "error_500"
    RESET = "reset"
    REVOKED = "revoked"
    WRONG_SCHEMA = "wrong_schema"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    CLOCK_SKEW = "clock_skew"
    HALF = "half"
    FEWER = "fewer"
    SLOW_DRIP = "slow_drip"


#: Those that end a call; what was asked is done all the same.
ENDING: Final = (Trouble.TIME_OUT, Trouble.ERROR_500, Trouble.RESET, Trouble.REVOKED)

#: Fields that an office need not send.
OPTIONAL: Final = ("reasonCode", "netFen", "yy", "next", "mx")


@dataclass
class Person:
    """Somebody of the city. `number` is their number with social insurance and with the company."""

    number: str
    name: str
    id_number: str
    base: int = 0
    insured_since: str = ""

    @property
    def token(self) -> str:
        return hmac.digest(PERSON_SECRET.encode(), self.id_number.encode(), "sha256").hex()


@dataclass
class Done:
    """What an office did: data to be answered; where in it the records are; the version of the list."""

    data: dict[str, Any]
    records: list[Any] = field(default_factory=list)
    version: str = ""
    status: int = 200


class Office(Api):
    """One system. Subclasses write `check` (whose the request is) and `do`."""

    def __init__(self, city: City, clock: Clock) -> None:
        super().__init__(clock)
        self.city = city
        #: How many calls each trouble still meets; None: until it is switched off.
        self.troubles: dict[Trouble, int | None] = {}
        self.pace = 0.05
        self._turn = 0

    def switch(self, trouble: Trouble, on: bool = True, calls: int | None = None) -> None:
        with self.lock:
            self.troubles.pop(trouble, None)
            if on:
                self.troubles[trouble] = calls

    def check(self, request: Request) -> bool:
        raise NotImplementedError

    def do(self, request: Request) -> Done | None:
        raise NotImplementedError

    def revoke(self) -> None:
        """What was handed out to prove oneself is no longer good."""

    def refusal(self) -> Response:
        return as_json({"error": "unauthorized"}, 401)

    def answer(self, request: Request) -> Response:
        with self.lock:
            ending, met = self._met()
            if ending is Trouble.REVOKED:
                self.revoke()
            answer = self._answer(request, ending, met)
            self.calls.append(Call(request.path, request, answer, self.clock()))
        if ending is Trouble.TIME_OUT:
            raise Vanish(3600.0)
        if ending is Trouble.RESET:
            raise Vanish(reset=True)
        return answer

    def _met(self) -> tuple[Trouble | None, set[Trouble]]:
        """The one trouble that ends this call, in turn; else all those that spoil its answer."""
        ready = [each for each in ENDING if each in self.troubles]
        ending = ready[self._turn % len(ready)] if ready else None
        self._turn += 1
        met = {ending} if ending else {each for each in self.troubles if each not in ENDING}
        for each in met:
            left = self.troubles[each]
            if left is not None:
                self.troubles[each] = left - 1
                if left <= 1:
                    del self.troubles[each]
        return ending, met

    def _answer(self, request: Request, ending: Trouble | None, met: set[Trouble]) -> Response:
        if not self.check(request) or (ending is Trouble.REVOKED and not self.revocable):
            return self._spoilt(self.refusal(), met)
        done = self.do(request)
        if (
            done is not None
            and Trouble.DUPLICATE in met
            and request.method == "POST"
            and request.path != "token"
        ):
            done = self.do(request)  # delivered twice on the way
        if done is None:
            return self._spoilt(as_json({"error": "not found"}, 404), met)
        if ending is Trouble.ERROR_500:
            return self._spoilt(Response(b"<html>500 Internal Server Error</html>", 500, "text/html"), met)
        self._spoil(done, met)
        if done.version and request.headers.get("if-none-match") == done.version:
            return self._spoilt(Response(status=304, headers={"ETag": done.version}), met)
        answer = as_json(done.data, done.status)
        headers = {"ETag": done.version} if done.version else {}
        return self._spoilt(Response(answer.body, answer.status, headers=headers), met)

    #: Whether what proves a request can be had anew.
    revocable = False

    def _spoil(self, done: Done, met: set[Trouble]) -> None:
        """What is wrong with the records."""
        if Trouble.FEWER in met and done.records:
            done.records.pop()
        if Trouble.DUPLICATE in met:
            done.records[:] = [json.loads(json.dumps(each)) for each in done.records for _ in range(2)]
            if "count" in done.data.get("data", {}):
                done.data["data"]["count"] *= 2
        if Trouble.OUT_OF_ORDER in met:
            done.records.reverse()
        if Trouble.WRONG_SCHEMA in met:
            self._wrong(done)

    def _wrong(self, done: Done) -> None:
        """A record of another schema: a field less, of another type, or a code that nobody knows."""
        one = done.records[-1] if done.records else done.data.get("data", done.data)
        if not isinstance(one, dict) or not one:
            done.data.clear()
            return
        name = sorted(one)[self._turn % len(one)]
        spoils: list[Callable[[], Any]] = [
            lambda: one.update({name: {"value": "?"}}),
            lambda: one.update({name: True}),
            # Without them a record is as good as with them.
            *([] if name in OPTIONAL else [lambda: one.pop(name), lambda: one.update({name: None})]),
        ]
        spoils[self._turn % len(spoils)]()

    def _spoilt(self, answer: Response, met: set[Trouble]) -> Response:
        """What is wrong with how it goes over the line."""
        headers = dict(answer.headers)
        if Trouble.CLOCK_SKEW in met:
            headers["Date"] = formatdate(self.clock() + 3600, usegmt=True)
        else:
            headers["Date"] = formatdate(self.clock(), usegmt=True)
        cut = len(answer.body) // 2 if Trouble.HALF in met and answer.body else None
        pace = self.pace if Trouble.SLOW_DRIP in met else 0.0
        return Response(answer.body, answer.status, answer.media_type, headers, cut, pace)


class CivilAffairs(Office):
    """The department. Changes are numbered as they come; a cursor is a number in disguise.

    `forgotten`: cursors before this number are no longer known. `hook` is the product's address for deliveries; empty: none.
    """

    revocable = True

    def __init__(self, city: City, clock: Clock) -> None:
        super().__init__(city, clock)
        self.changes: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}
        self.forgotten = 0
        self.hook = ""
        self.delivered = 0

    def change(self, person: Person, status: str, since: str, reason: str, told_at: float) -> None:
        with self.lock:
            number = len(self.changes) + 1
            self.changes.append(
                {
                    "changeNo": f"MZ{number:06d}",
                    "person": {"token": person.token},
                    "state": STATUS[status],
                    "effectiveDate": since,
                    "reasonCode": REASON[reason],
                    "issuedAt": datetime.fromtimestamp(told_at, BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
                }
            )

    def check(self, request: Request) -> bool:
        if request.path == "token":
            basic = f"{CLIENT_ID}:{CLIENT_SECRET.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}"
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            return kind == "Basic" and b64decode(given).decode() == basic
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.clock() < self.tokens.get(token, 0.0)

    def revoke(self) -> None:
        self.tokens.clear()

    def do(self, request: Request) -> Done | None:
        if request.method != "POST":
            return None
        if request.path == "token":
            if parse_qs(request.body.decode()).get("grant_type") != ["client_credentials"]:
                return Done({"error": "unsupported_grant_type"}, status=400)
            token = secrets.token_urlsafe(24)
            self.tokens[token] = self.clock() + TOKEN_LIFE
            return Done({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE})
        return self._asked(request.json()) if request.path == "changes" else None

    def _asked(self, given: dict[str, Any]) -> Done:
        after = int(given.get("after", "c0").removeprefix("c"))
        if given.get("after") and not self.forgotten <= after <= len(self.changes):
            return Done({"error": "cursor gone"}, status=410)
        wanted = set(given["persons"])
        found = [
            (number, each)
            for number, each in enumerate(self.changes, 1)
            if number > after and each["person"]["token"] in wanted
        ]
        page = found[: given["limit"]]
        more = len(found) > len(page)
        last = page[-1][0] if more else len(self.changes)
        items = [json.loads(json.dumps(each)) for _, each in page]
        data = {"items": items, "count": len(items), "next": f"c{last}", "hasMore": more}
        return Done({"data": data}, items)

    def deliver(self) -> list[int]:
        """Hands what is new to the product, one delivery each; the statuses that it answered (0: nothing)."""
        with self.lock:
            new = self.changes[self.delivered :]
            self.delivered = len(self.changes)
            _, met = self._met()
        times = 2 if Trouble.DUPLICATE in met else 1
        if Trouble.OUT_OF_ORDER in met:
            new.reverse()
        skew = 3600 if Trouble.CLOCK_SKEW in met else 0
        answers = []
        for each in new:
            body, headers = self.delivery([each], skew)
            answers += [self._hand_over(body, headers) for _ in range(times)]
        return answers

    def delivery(self, changes: list[dict[str, Any]], skew: int = 0) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a delivery."""
        body = json.dumps({"data": {"items": changes}}).encode()
        stamp, nonce = str(int(self.clock()) + skew), secrets.token_hex(12)
        signed = hmac.digest(HOOK_SECRET.encode(), f"{stamp}\n{nonce}\n".encode() + body, "sha256").hex()
        return body, {
            "Content-Type": "application/json",
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signed,
        }

    def _hand_over(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            return call(self.hook, None, body, headers).status
        except NoAnswer:
            return 0


class SocialInsurance(Office):
    """The agency. `enrolled`, `based` and `declared` are what it was handed, by reference: each once.

    `later`: it decides when `decide` is called. `bad_names`: numbers of people whose line it rejects. `settled`: what both
    sides pay for somebody in a month, where that is not by its own rates.
    """

    def __init__(self, city: City, clock: Clock) -> None:
        super().__init__(city, clock)
        self.handed: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self.done: list[str] = []
        self.declared: dict[str, dict[str, int]] = {}
        self.published: set[str] = set()
        self.settled: dict[str, dict[str, tuple[int, int]]] = {}
        self.bad_names: set[str] = set()
        self.later = False
        self._nonces: set[str] = set()

    def refusal(self) -> Response:
        return as_json({"code": "401", "msg": "签名错误"})

    def check(self, request: Request) -> bool:
        stamp, nonce = request.headers.get("x-timestamp", ""), request.headers.get("x-nonce", "")
        if request.headers.get("x-key-id") != KEY_ID or nonce in self._nonces or not stamp.isdigit():
            return False
        if abs(int(stamp) - self.clock()) > SKEW:
            return False
        self._nonces.add(nonce)
        target = f"/social-insurance/{request.path}"
        target += f"?{urlencode(request.query)}" if request.query else ""
        body = hashlib.sha256(request.body).hexdigest()
        text = "\n".join((request.method, target, stamp, nonce, body))
        expected = hmac.digest(SIGNING_SECRET.encode(), text.encode(), "sha256").hex()
        return hmac.compare_digest(expected, request.headers.get("x-signature", ""))

    def do(self, request: Request) -> Done | None:
        known: dict[tuple[str, str], Callable[[Request], Done | None]] = {
            ("POST", "enrol"): self._handed,
            ("POST", "base"): self._handed,
            ("POST", "declare"): self._handed,
            ("GET", "amounts"): self._amounts,
            ("GET", "statement"): self._statement,
        }
        found = known.get((request.method, request.path))
        return found(request) if found else None

    def decide(self) -> None:
        """What was pending is accepted."""
        with self.lock:
            for _, receipt in self.handed.values():
                receipt["zt"] = RECEIPT["accepted"]

    def publish(self, month: str) -> None:
        with self.lock:
            self.published.add(month)

    def _handed(self, request: Request) -> Done | None:
        given = request.json()
        reference = given["ywlsh"]
        if reference in self.handed:
            body, receipt = self.handed[reference]
            if body != request.body:
                return Done({"code": "409", "msg": "流水号重复"})
        else:
            receipt = self._take(request.path, given)
            self.handed[reference] = (request.body, receipt)
            self.done.append(reference)
        receipt = json.loads(json.dumps(receipt))
        return Done({"code": "0", "data": receipt}, receipt["mx"])

    def _take(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        lines = []
        if path == "declare":
            month = self.declared.setdefault(given["jfny"], {})
            for each in given["mx"]:
                why = self._wrong_with(each["grbh"])
                lines.append(
                    {
                        "grbh": each["grbh"],
                        "zt": RECEIPT["rejected" if why else "accepted"],
                        "yy": REASON[why],
                    }
                )
                if not why:
                    month[each["grbh"]] = fen(each["jfjs"])
            why = ""
        else:
            why = self._wrong_with(given["grbh"])
            if not why:
                person = self.city.people[given["grbh"]]
                person.base = fen(given["jfjs"])
                if path == "enrol":
                    person.insured_since = given["ksny"]
        state = "rejected" if why else "pending" if self.later else "accepted"
        return {"ywlsh": given["ywlsh"], "zt": RECEIPT[state], "yy": REASON[why], "mx": lines}

    def _wrong_with(self, number: str) -> str:
        if number not in self.city.people:
            return "unknown_person"
        return "name" if number in self.bad_names else ""

    def lines(self, month: str) -> list[dict[str, Any]]:
        bases = self.declared.get(month, {}) if month in self.published else {}
        return [
            {
                "dzlsh": f"DZ{month.replace('-', '')}{number}{code}",
                "grbh": number,
                "jfny": month.replace("-", ""),
                "xzlx": code,
                "jfjs": yuan(base),
                "grje": yuan(own),
                "dwje": yuan(company),
            }
            for number, base in sorted(bases.items())
            for code, own, company in self._amounts_of(month, number, base)
        ]

    def _amounts_of(self, month: str, number: str, base: int) -> list[tuple[str, int, int]]:
        """Both sides' amounts of each insurance; what was settled otherwise is made up in the first."""
        amounts = [
            (code, base * own // 1000, base * company // 1000) for code, (own, company) in INSURANCES.items()
        ]
        if number in self.settled.get(month, {}):
            own, company = self.settled[month][number]
            code, first, second = amounts[0]
            own += first - sum(each[1] for each in amounts)
            amounts[0] = (code, own, company + second - sum(each[2] for each in amounts))
        return amounts

    def _amounts(self, request: Request) -> Done:
        lines = self.lines(request.query["jfny"])
        page, size = int(request.query["page"]), int(request.query["size"])
        rows = lines[(page - 1) * size : page * size]
        version = f'"{hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]}"'
        return Done({"code": "0", "data": {"rows": rows, "total": len(lines)}}, rows, version)

    def _statement(self, request: Request) -> Done | None:
        month = request.query["jfny"]
        if month not in self.published:
            return None
        lines: dict[str, dict[str, Any]] = {}
        for each in self.lines(month):
            line = lines.setdefault(
                each["grbh"], {"grbh": each["grbh"], "jfjs": each["jfjs"], "grje": 0, "dwje": 0}
            )
            line["grje"] += fen(each["grje"])
            line["dwje"] += fen(each["dwje"])
        totals = {side: yuan(sum(each[side] for each in lines.values())) for side in ("grje", "dwje")}
        rows = [{**each, "grje": yuan(each["grje"]), "dwje": yuan(each["dwje"])} for each in lines.values()]
        data = {"dzdh": f"DZD{month}", "jfny": month, "mx": rows, **totals}
        return Done({"code": "0", "data": data}, rows)


class Payroll(Office):
    """The company's payroll. `deducted` is what was handed in, by reference: once."""

    def __init__(self, city: City, clock: Clock) -> None:
        super().__init__(city, clock)
        self.months: dict[str, dict[str, dict[str, Any]]] = {}
        self.deducted: dict[str, tuple[bytes, dict[str, Any]]] = {}

    def wage(self, number: str, month: str, gross: int, net: int | None = None) -> None:
        with self.lock:
            paid = self.months.setdefault(month, {})
            paid[number] = {
                "id": f"{month}-{number}",
                "employeeNo": number,
                "period": month,
                "grossFen": gross,
            }
            if net is not None:
                paid[number]["netFen"] = net

    def check(self, request: Request) -> bool:
        return request.headers.get("x-api-key") == API_KEY

    def do(self, request: Request) -> Done | None:
        if (request.method, request.path) == ("GET", "wages"):
            return self._wages(request)
        if (request.method, request.path) == ("POST", "deductions"):
            return self._deductions(request)
        return None

    def _wages(self, request: Request) -> Done:
        everything = [each for _, each in sorted(self.months.get(request.query["period"], {}).items())]
        start, size = int(request.query.get("after", "0")), int(request.query["limit"])
        items = [dict(each) for each in everything[start : start + size]]
        ends = start + size
        version = f'"{hashlib.sha256(json.dumps(everything).encode()).hexdigest()[:16]}"'
        data: dict[str, Any] = {"items": items, "total": len(everything)}
        if ends < len(everything):
            data["next"] = str(ends)
        return Done(data, items, version)

    def _deductions(self, request: Request) -> Done:
        given = request.json()
        reference = given["batch"]
        if reference in self.deducted:
            body, receipt = self.deducted[reference]
            if body != request.body:
                return Done({"error": "another batch of that number"}, status=409)
        else:
            lines = [
                {
                    "employeeNo": each["employeeNo"],
                    "result": "ok" if each["employeeNo"] in self.city.people else "no",
                }
                for each in given["lines"]
            ]
            receipt = {"batch": reference, "result": "ok", "lines": lines}
            self.deducted[reference] = (request.body, receipt)
        receipt = json.loads(json.dumps(receipt))
        return Done(receipt, receipt["lines"])


class City(Answering):
    """The city, and the page of whoever plays it."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.civil_affairs = CivilAffairs(self, clock)
        self.social_insurance = SocialInsurance(self, clock)
        self.payroll = Payroll(self, clock)
        self._lock = threading.RLock()

    @property
    def mounts(self) -> dict[str, Answering]:
        return {
            "/civil-affairs": self.civil_affairs,
            "/social-insurance": self.social_insurance,
            "/payroll": self.payroll,
            "/city": self,
        }

    @property
    def offices(self) -> dict[str, Office]:
        return {
            "civil_affairs": self.civil_affairs,
            "social_insurance": self.social_insurance,
            "payroll": self.payroll,
        }

    def person(self, number: str, name: str, id_number: str) -> Person:
        made = Person(number, name, id_number)
        with self._lock:
            self.people[number] = made
        return made

    def status(
        self, number: str, status: str, since: str, reason: str = "", told_at: float | None = None
    ) -> None:
        self.civil_affairs.change(
            self.people[number], status, since, reason, self.clock() if told_at is None else told_at
        )

    def kept(self) -> dict[str, Any]:
        """What is to be there again after a restart; troubles are over by then."""
        office = self.social_insurance
        return {
            "people": [vars(each) for each in self.people.values()],
            "changes": self.civil_affairs.changes,
            "delivered": self.civil_affairs.delivered,
            "handed": {name: [body.decode(), receipt] for name, (body, receipt) in office.handed.items()},
            "declared": office.declared,
            "settled": office.settled,
            "published": sorted(office.published),
            "months": self.payroll.months,
            "deducted": {
                name: [body.decode(), receipt] for name, (body, receipt) in self.payroll.deducted.items()
            },
        }

    def recall(self, kept: Mapping[str, Any]) -> None:
        """What `kept` gave."""
        office = self.social_insurance
        self.people = {each["number"]: Person(**each) for each in kept["people"]}
        self.civil_affairs.changes = kept["changes"]
        self.civil_affairs.delivered = kept["delivered"]
        office.handed = {name: (body.encode(), receipt) for name, (body, receipt) in kept["handed"].items()}
        office.done = list(office.handed)
        office.declared = kept["declared"]
        office.settled = {
            month: {number: (own, company) for number, (own, company) in settled.items()}
            for month, settled in kept["settled"].items()
        }
        office.published = set(kept["published"])
        self.payroll.months = kept["months"]
        self.payroll.deducted = {
            name: (body.encode(), receipt) for name, (body, receipt) in kept["deducted"].items()
        }

    def calm(self) -> None:
        """Every trouble is over."""
        for each in self.offices.values():
            with each.lock:
                each.troubles.clear()

    def answer(self, request: Request) -> Response:
        try:
            if request.method == "GET":
                return as_json(self._state()) if request.path == "state" else Response(b"", 404)
            given = request.json() if request.body else {}
            known: dict[str, Callable[..., Any]] = {
                "person": self.person,
                "status": self.status,
                "wage": self.payroll.wage,
                "publish": self.social_insurance.publish,
                "deliver": self.civil_affairs.deliver,
                "trouble": self._trouble,
                "calm": self.calm,
            }
            if request.path not in known:
                return Response(b"", 404)
            said = known[request.path](**given)
        except (ValueError, KeyError, TypeError) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)
        return as_json({"ok": True, "answers": said} if isinstance(said, list) else {"ok": True})

    def _trouble(self, system: str, trouble: str, on: bool = True, calls: int | None = None) -> None:
        self.offices[system].switch(Trouble(trouble), on, calls)

    def _state(self) -> dict[str, Any]:
        return {
            "people": [vars(each) for each in self.people.values()],
            "changes": len(self.civil_affairs.changes),
            "declared": self.social_insurance.declared,
            "published": sorted(self.social_insurance.published),
            "months": {month: len(paid) for month, paid in self.payroll.months.items()},
            "troubles": {
                name: {each.value: left for each, left in office.troubles.items()}
                for name, office in self.offices.items()
            },
        }


def fen(text: Any) -> int:
    yuan, _, cents = str(text).partition(".")
    return int(yuan) * 100 + int(cents.ljust(2, "0"))


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
