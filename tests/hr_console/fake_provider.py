"""A company's own sign-in on a port of this computer: OpenID with tokens that are really signed, and one shaped like WeCom."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "shebao", "of the client"
CORP, AGENT = "ww0001", "1000002"


@dataclass
class FakeProvider:
    """Who is there is `person`; `lie` may change the claims of a token, `sign` how it is signed."""

    address: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u-17", "preferred_username": "zhaojing"})
    lie: Callable[[dict[str, Any]], None] = lambda claims: None
    sign: Callable[[FakeProvider, dict[str, Any]], str] = lambda self, claims: self.signed(claims)
    metadata: dict[str, Any] = field(default_factory=dict)
    member: dict[str, Any] = field(default_factory=lambda: {"userid": "zhaojing"})
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    worn_out: set[str] = field(default_factory=set)

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, alg: str = "RS256") -> str:
        return jwt.encode({"alg": alg, "kid": "k1"}, claims, key or self.key, algorithms=[alg])

    # -- what browsers open ----------------------------------------------------------------------------------------

    def authorize(self, query: dict[str, str]) -> str:
        """Lets the person in at once; where the browser is sent."""
        code = secrets.token_hex(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    # -- what programs ask -----------------------------------------------------------------------------------------

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != basic and (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)  # a code is good once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge.decode().rstrip("=")
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, **self.person}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        self.lie(claims)
        answer = {
            "access_token": "of the provider",
            "token_type": "Bearer",
            "id_token": self.sign(self, claims),
        }
        return 200, answer

    def answer(self, path: str, query: dict[str, str], headers: Any) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
                "userinfo_endpoint": f"{self.address}/userinfo",
                **self.metadata,
            }
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/userinfo":
            allowed = headers.get("Authorization") == "Bearer of the provider"
            return (200, self.person) if allowed else (401, {})
        if path == "/cgi-bin/gettoken":
            good = (query["corpid"], query["corpsecret"]) == (CORP, SECRET)
            token = f"token-{len(self.called)}"
            said = {"errcode": 0, "access_token": token, "expires_in": 7200} if good else {"errcode": 40001}
            return 200, said
        if path == "/cgi-bin/auth/getuserinfo":
            if query["access_token"] in self.worn_out:
                return 200, {"errcode": 42001}
            asked = self.codes.pop(query["code"], None)
            return 200, {"errcode": 40029} if asked is None else {"errcode": 0, **self.member}
        return 404, {}


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            provider.called.append(parts.path)
            if parts.path in ("/authorize", "/wwlogin/sso/login"):
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
                return
            self._say(*provider.answer(parts.path, query, self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            provider.called.append(self.path)
            self._say(*provider.token(form, self.headers.get("Authorization", "")))

        def _say(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def running_provider() -> Iterator[FakeProvider]:
    """The provider, serving."""
    provider = FakeProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
