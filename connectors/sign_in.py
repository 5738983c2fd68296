"""The company's own sign-in: OpenID Connect, plain OAuth 2, and WeCom's scan, which is neither.

Each sends the browser to the provider and, when it comes back with a code, asks the provider itself who that was. What
cannot be believed raises `ProviderFailed`, whose message names nobody and holds nothing that was sent.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from people.providers import Identity, Journey, Provider, ProviderFailed

#: Signatures that are believed: by the provider's public keys alone. Never `none`, and none made with our own secret.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: Seconds that an answer of the provider's may take, and that its clock may be off.
SECONDS: Final = 5
LEEWAY: Final = 60
WECOM_PAGE: Final = "https://login.work.weixin.qq.com/wwlogin/sso/login"
WECOM_API: Final = "https://qyapi.weixin.qq.com"
#: WeCom's codes for an access token that is no longer good.
_WORN_OUT: Final = (40014, 42001)
_FAILURES: Final = (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """What every provider knows of this program. `back` is the address to which browsers come back; `second_factor` says
    that the provider's own second factor counts."""

    name: str
    id: str
    secret: str = field(repr=False)
    back: str
    second_factor: bool = False


class OpenId(Provider):
    """OpenID Connect: a signed token says who it was, for this program, for this journey, until when."""

    def __init__(
        self,
        client: Client,
        issuer: str,
        metadata_url: str = "",
        scope: str = "openid profile email",
        subject_claim: str = "sub",
        login_claim: str = "preferred_username",
    ) -> None:
        """Raises `ValueError`, naming the setting, for an address that is no safe one."""
        self._client = client
        self._issuer = issuer
        self._metadata_url = metadata_url or issuer.rstrip("/") + "/.well-known/openid-configuration"
        _check_addresses(issuer=issuer, metadata_url=self._metadata_url)
        self._scope = scope
        self._claims = (subject_claim, login_claim)

    @property
    def name(self) -> str:
        """What stands on the button."""
        return self._client.name

    @property
    def second_factor(self) -> bool:
        """Whether the provider's own second factor counts."""
        return self._client.second_factor

    def address(self, journey: Journey) -> str:
        """Where the browser is sent. Raises `ProviderFailed`."""
        with _believing("the metadata"), _session(self._client, self._scope) as session:
            page = self._metadata(session)["authorization_endpoint"]
            return _address(session, page, journey, nonce=journey.nonce)

    def identity(self, journey: Journey, answer: Mapping[str, str]) -> Identity:
        """Who came back. Raises `ProviderFailed`."""
        code = _code(journey, answer)
        if answer.get("iss", self._issuer) != self._issuer:
            raise ProviderFailed("the answer is another issuer's")
        with _believing("the token"), _session(self._client, self._scope) as session:
            metadata = self._metadata(session)
            token = _exchange(session, metadata["token_endpoint"], code, journey, _way(metadata))
            said = self._verified(session, metadata, token, journey)
            if self._claims[1] not in said and "userinfo_endpoint" in metadata:
                more = _get(session, metadata["userinfo_endpoint"], token=token["access_token"])
                if more.get("sub") != said["sub"]:
                    raise ProviderFailed("the user information is somebody else's")
                said = {**more, **said}
        return _identity(self._issuer, said, *self._claims)

    def _metadata(self, session: OAuth2Session) -> dict[str, Any]:
        found = _get(session, self._metadata_url)
        if found["issuer"] != self._issuer:
            raise ProviderFailed("the metadata is another issuer's")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        _check_addresses(**{name: found[name] for name in names if name in found})
        return found

    def _verified(
        self, session: OAuth2Session, metadata: Mapping[str, Any], token: Mapping[str, Any], journey: Journey
    ) -> dict[str, Any]:
        """What the token says, once all of it holds: signature, issuer, audience, time, journey."""
        keys = KeySet.import_key_set(_get(session, metadata["jwks_uri"]))  # type: ignore[arg-type]
        read = jwt.decode(token["id_token"], keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client.id},
            },
            params={
                "nonce": journey.nonce,
                "client_id": self._client.id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=LEEWAY)
        return dict(claims)


class OAuth2(Provider):
    """OAuth 2 with an address that says who it is. There is no signed token: what counts is what the provider answers us."""

    def __init__(
        self,
        client: Client,
        authorize_url: str,
        token_url: str,
        userinfo_url: str,
        scope: str = "",
        subject_claim: str = "sub",
        login_claim: str = "preferred_username",
    ) -> None:
        """Raises `ValueError`, naming the setting, for an address that is no safe one."""
        _check_addresses(authorize_url=authorize_url, token_url=token_url, userinfo_url=userinfo_url)
        self._client = client
        self._page, self._token_url, self._userinfo_url = authorize_url, token_url, userinfo_url
        self._scope = scope
        self._claims = (subject_claim, login_claim)

    @property
    def name(self) -> str:
        """What stands on the button."""
        return self._client.name

    @property
    def second_factor(self) -> bool:
        """Whether the provider's own second factor counts."""
        return self._client.second_factor

    def address(self, journey: Journey) -> str:
        """Where the browser is sent."""
        with _session(self._client, self._scope) as session:
            return _address(session, self._page, journey)

    def identity(self, journey: Journey, answer: Mapping[str, str]) -> Identity:
        """Who came back. Raises `ProviderFailed`."""
        code = _code(journey, answer)
        with _believing("the token"), _session(self._client, self._scope) as session:
            token = _exchange(session, self._token_url, code, journey, "client_secret_post")
            said = _get(session, self._userinfo_url, token=token["access_token"])
        return _identity(self._token_url, said, *self._claims)


class WeCom(Provider):
    """WeCom's scan (企业微信扫码登录): the page takes `appid` and `agentid`, and what the code stands for is asked of
    `/cgi-bin/auth/getuserinfo` with the app's own access token. Only members have a `userid`; others are let down."""

    def __init__(self, client: Client, agent: str, page: str = WECOM_PAGE, api: str = WECOM_API) -> None:
        """`agent` is the app's id. Raises `ValueError`, naming the setting, for an address that is no safe one."""
        _check_addresses(authorize_url=page, token_url=api)
        self._client = client
        self._agent = agent
        self._page, self._api = page, api.rstrip("/")
        self._token, self._good_until = "", 0.0

    @property
    def name(self) -> str:
        """What stands on the button."""
        return self._client.name

    @property
    def second_factor(self) -> bool:
        """Whether the scan counts as a second factor."""
        return self._client.second_factor

    def address(self, journey: Journey) -> str:
        """Where the browser is sent."""
        asked = {
            "login_type": "CorpApp",
            "appid": self._client.id,
            "agentid": self._agent,
            "redirect_uri": self._client.back,
            "state": journey.state,
        }
        return f"{self._page}?{urlencode(asked)}"

    def identity(self, journey: Journey, answer: Mapping[str, str]) -> Identity:
        """Who came back. Raises `ProviderFailed`."""
        code = _code(journey, answer)
        with _believing("WeCom"), _session(self._client) as session:
            said = self._ask(session, code)
            if said.get("errcode") in _WORN_OUT:
                self._good_until = 0.0
                said = self._ask(session, code)
        userid = said.get("userid")
        if said.get("errcode") != 0 or not isinstance(userid, str) or not userid:
            raise ProviderFailed(f"WeCom names no member (errcode {int(said.get('errcode') or 0)})")
        return Identity(f"wecom {self._client.id} {userid}", userid)

    def _ask(self, session: OAuth2Session, code: str) -> dict[str, Any]:
        token = self._access_token(session)
        return _get(session, f"{self._api}/cgi-bin/auth/getuserinfo", access_token=token, code=code)

    def _access_token(self, session: OAuth2Session) -> str:
        """The app's token, kept while it is good: WeCom gives out few."""
        if time.monotonic() >= self._good_until:
            said = _get(
                session,
                f"{self._api}/cgi-bin/gettoken",
                corpid=self._client.id,
                corpsecret=self._client.secret,
            )
            if said.get("errcode") != 0:
                raise ProviderFailed(f"WeCom gives no access token (errcode {int(said['errcode'])})")
            self._token = said["access_token"]
            self._good_until = time.monotonic() + int(said["expires_in"]) - LEEWAY
        return self._token


# -- steps of them -----------------------------------------------------------------------------------------------------


@contextmanager
def _believing(what: str) -> Iterator[None]:
    """Whatever goes wrong with what the provider sent is one kind of failure, told without what was sent."""
    try:
        yield
    except _FAILURES as error:
        raise ProviderFailed(f"{what}: {type(error).__name__}") from None


def _session(client: Client, scope: str = "") -> OAuth2Session:
    session = OAuth2Session(
        client.id,
        client.secret or None,
        redirect_uri=client.back,
        scope=scope or None,
        code_challenge_method="S256",
    )
    session.trust_env = False  # no proxy sees the secret, and no file of passwords is looked into
    return session


def _address(session: OAuth2Session, page: str, journey: Journey, **more: str) -> str:
    address, _ = session.create_authorization_url(
        page, state=journey.state, code_verifier=journey.verifier, **more
    )
    return str(address)


def _code(journey: Journey, answer: Mapping[str, str]) -> str:
    """The code of an answer that belongs to the journey."""
    if not hmac.compare_digest(answer.get("state", "").encode(), journey.state.encode()):
        raise ProviderFailed("the answer belongs to another journey")
    if "error" in answer or not answer.get("code"):
        raise ProviderFailed("the provider let nobody in")
    return answer["code"]


def _exchange(session: OAuth2Session, url: str, code: str, journey: Journey, way: str) -> dict[str, Any]:
    session.token_endpoint_auth_method = way if session.client_secret else "none"
    token = session.fetch_token(
        url,
        grant_type="authorization_code",
        code=code,
        code_verifier=journey.verifier,
        timeout=SECONDS,
        allow_redirects=False,
    )
    return dict(token)


def _way(metadata: Mapping[str, Any]) -> str:
    """How the provider wants to be told the secret: in the header, unless it takes it in the form alone."""
    ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"


def _get(session: OAuth2Session, url: str, token: str = "", **query: str) -> dict[str, Any]:
    """An answer in JSON."""
    response = session.get(
        url,
        params=query,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        withhold_token=True,
        timeout=SECONDS,
        allow_redirects=False,
    )
    if response.status_code != 200:
        raise ProviderFailed(f"the provider answers HTTP {response.status_code}")
    found = response.json()
    if not isinstance(found, dict):
        raise ProviderFailed("the provider's answer is no JSON object")
    return found


def _identity(where: str, said: Mapping[str, Any], subject_claim: str, login_claim: str) -> Identity:
    """Who it is, by the claims of the settings. A mail address that nobody has verified is anybody's."""
    subject, login = said.get(subject_claim), said.get(login_claim)
    if not isinstance(subject, str | int) or not str(subject):
        raise ProviderFailed("the provider names nobody")
    if not isinstance(login, str) or (login_claim == "email" and said.get("email_verified") is not True):
        login = ""
    return Identity(f"{where} {subject}", login)


def _check_addresses(**addresses: str) -> None:
    for name, address in addresses.items():
        parts = urlsplit(address)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not re.fullmatch(r"https?", parts.scheme) or not parts.hostname or parts.username:
            raise ValueError(f"{name}: an address such as https://login.example, not {address!r}")
        if parts.scheme == "http" and not local:
            raise ValueError(f"{name}: must begin with https://")
