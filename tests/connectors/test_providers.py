"""The company's own sign-in as a protocol: a real server, tokens that are really signed, and everything that is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fake_provider import AGENT, CLIENT, CORP, SECRET, FakeProvider, running_provider
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.settings import Server, Settings, SettingsError, SignIn
from app.signing_in import make_provider
from connectors.sign_in import Client, OAuth2, OpenId, WeCom
from people.providers import Identity, Journey, Provider, ProviderFailed, new_journey

BACK = "http://127.0.0.1:8000/hr/sign-in/provider/back"


@pytest.fixture
def there() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def openid(there: FakeProvider) -> OpenId:
    return OpenId(Client(name="公司账号", id=CLIENT, secret=SECRET, back=BACK), there.address)


def go(provider: Provider, journey: Journey) -> dict[str, str]:
    """The browser's way: to the provider's page, and back with a query."""
    response = httpx.get(provider.address(journey))
    assert response.status_code == 302
    location = urlsplit(response.headers["Location"])
    assert location.geturl().startswith(BACK)
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def sign_in(provider: Provider) -> Identity:
    journey = new_journey()
    return provider.identity(journey, go(provider, journey))


def test_openid_says_who_it_is(openid: OpenId, there: FakeProvider) -> None:
    assert sign_in(openid) == Identity(f"{there.address} u-17", "zhaojing")


def test_the_browser_is_sent_with_state_nonce_and_challenge_and_never_the_verifier(openid: OpenId) -> None:
    journey = new_journey()
    address = openid.address(journey)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (query["state"], query["nonce"]) == (journey.state, journey.nonce)
    assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
    assert query["redirect_uri"] == BACK and query["response_type"] == "code"
    assert journey.verifier not in address and SECRET not in address


def test_journeys_differ_in_everything() -> None:
    one, two = new_journey(), new_journey()
    assert not {one.state, one.nonce, one.verifier} & {two.state, two.nonce, two.verifier}
    assert one.state not in repr(one) and one.verifier not in repr(one)


@pytest.mark.parametrize("state", ["", "another", "é"])
def test_a_wrong_state_is_refused_before_anything_is_asked(
    openid: OpenId, there: FakeProvider, state: str
) -> None:
    journey = new_journey()
    answer = go(openid, journey)
    there.called.clear()
    with pytest.raises(ProviderFailed, match="another journey"):
        openid.identity(journey, answer | {"state": state})
    assert there.called == []


def test_a_code_is_good_once(openid: OpenId) -> None:
    journey = new_journey()
    answer = go(openid, journey)
    openid.identity(journey, answer)
    with pytest.raises(ProviderFailed):
        openid.identity(journey, answer)


def test_a_code_that_somebody_else_caught_is_no_use_to_them(openid: OpenId) -> None:
    """Without the verifier, which never left this program."""
    mine, theirs = new_journey(), new_journey()
    answer = go(openid, mine)
    with pytest.raises(ProviderFailed):
        openid.identity(theirs, answer | {"state": theirs.state})


def test_a_provider_that_lets_nobody_in_is_believed(openid: OpenId) -> None:
    journey = new_journey()
    with pytest.raises(ProviderFailed, match="nobody"):
        openid.identity(journey, {"state": journey.state, "error": "access_denied"})
    with pytest.raises(ProviderFailed, match="nobody"):
        openid.identity(journey, {"state": journey.state})


def test_an_answer_of_another_issuer_is_refused(openid: OpenId) -> None:
    journey = new_journey()
    answer = go(openid, journey)
    with pytest.raises(ProviderFailed, match="another issuer"):
        openid.identity(journey, answer | {"iss": "https://evil.example"})


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "nonce of another journey": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "for another program": lambda claims: claims.update(aud="another"),
    "for several, asked for by another": lambda claims: claims.update(aud=[CLIENT, "another"], azp="another"),
    "for several, asked for by nobody": lambda claims: claims.update(aud=[CLIENT, "another"]),
    "for nobody": lambda claims: claims.pop("aud"),
    "of another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "of no issuer": lambda claims: claims.pop("iss"),
    "over": lambda claims: claims.update(exp=int(time.time()) - 120),
    "for good": lambda claims: claims.pop("exp"),
    "of tomorrow": lambda claims: claims.update(iat=int(time.time()) + 86400),
    "not yet": lambda claims: claims.update(nbf=int(time.time()) + 3600),
    "names nobody": lambda claims: claims.pop("sub"),
    "names nothing": lambda claims: claims.update(sub=""),
    "beside another access token": lambda claims: claims.update(at_hash="another"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_is_refused(openid: OpenId, there: FakeProvider, lie: str) -> None:
    there.lie = LIES[lie]  # type: ignore[assignment]
    with pytest.raises(ProviderFailed):
        sign_in(openid)


def unsigned(provider: FakeProvider, claims: dict[str, Any]) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_another_key(provider: FakeProvider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, RSAKey.generate_key(2048, {"kid": "k1"}))


def with_our_secret(provider: FakeProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 4), algorithms=["HS256"])


def with_the_public_key_as_secret(provider: FakeProvider, claims: dict[str, Any]) -> str:
    public = provider.key.as_pem(private=False)
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    mac = hmac.new(public, f"{header}.{body}".encode(), hashlib.sha256).digest()
    return f"{header}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def changed_after_signing(provider: FakeProvider, claims: dict[str, Any]) -> str:
    header, _, mac = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "admin"}).encode()).decode().rstrip("=")
    return f"{header}.{body}.{mac}"


@pytest.mark.parametrize(
    "sign",
    [unsigned, by_another_key, with_our_secret, with_the_public_key_as_secret, changed_after_signing],
    ids=lambda sign: sign.__name__,
)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    openid: OpenId, there: FakeProvider, sign: Callable[[FakeProvider, dict[str, Any]], str]
) -> None:
    there.sign = sign
    with pytest.raises(ProviderFailed, match="the token"):
        sign_in(openid)


def test_what_fails_names_nobody_and_holds_nothing_that_was_sent(openid: OpenId, there: FakeProvider) -> None:
    there.lie = lambda claims: claims.update(nonce="zhaojing")
    with pytest.raises(ProviderFailed) as failed:
        sign_in(openid)
    assert str(failed.value) == "the token: InvalidClaimError"


def test_metadata_of_another_issuer_or_with_unsafe_addresses_is_refused(
    openid: OpenId, there: FakeProvider
) -> None:
    for wrong in ({"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}):
        there.metadata = wrong
        with pytest.raises(ProviderFailed):
            openid.address(new_journey())


def test_a_login_that_the_token_lacks_is_asked_for(openid: OpenId, there: FakeProvider) -> None:
    there.lie = lambda claims: claims.pop("preferred_username")
    assert sign_in(openid).login == "zhaojing" and "/userinfo" in there.called


def test_user_information_of_somebody_else_is_refused(openid: OpenId, there: FakeProvider) -> None:
    def swap(claims: dict[str, Any]) -> None:
        claims.pop("preferred_username")
        there.person = {"sub": "u-18", "preferred_username": "laoqian"}

    there.lie = swap
    with pytest.raises(ProviderFailed, match="somebody else"):
        sign_in(openid)


@pytest.mark.parametrize(
    ("verified", "login"), [(True, "zhao@example.test"), (False, ""), ("true", ""), (None, "")]
)
def test_a_mail_address_counts_once_it_is_verified(there: FakeProvider, verified: object, login: str) -> None:
    there.person = {"sub": "u-17", "email": "zhao@example.test", "email_verified": verified}
    client = Client(name="公司账号", id=CLIENT, secret=SECRET, back=BACK)
    assert sign_in(OpenId(client, there.address, login_claim="email")).login == login


def test_a_secret_may_have_to_go_into_the_form(openid: OpenId, there: FakeProvider) -> None:
    there.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(openid).login == "zhaojing"


def test_a_provider_that_is_not_there_fails_as_one(there: FakeProvider) -> None:
    client = Client(name="公司账号", id=CLIENT, secret=SECRET, back=BACK)
    with pytest.raises(ProviderFailed, match="ConnectionError"):
        OpenId(client, "http://127.0.0.1:9").address(new_journey())
    with pytest.raises(ProviderFailed, match="HTTP 404"):
        OpenId(client, there.address, there.address + "/nothing").address(new_journey())


def test_plain_oauth_says_who_it_is(there: FakeProvider) -> None:
    there.person = {"id": 17, "username": "zhaojing"}
    provider = OAuth2(
        Client(name="公司账号", id=CLIENT, secret=SECRET, back=BACK),
        f"{there.address}/authorize",
        f"{there.address}/token",
        f"{there.address}/userinfo",
        subject_claim="id",
        login_claim="username",
    )
    assert sign_in(provider) == Identity(f"{there.address}/token 17", "zhaojing")
    there.person = {"username": "zhaojing"}
    with pytest.raises(ProviderFailed, match="names nobody"):
        sign_in(provider)


@pytest.fixture
def wecom(there: FakeProvider) -> WeCom:
    client = Client(name="企业微信", id=CORP, secret=SECRET, back=BACK)
    return WeCom(client, AGENT, f"{there.address}/wwlogin/sso/login", there.address)


def test_wecom_says_who_scanned(wecom: WeCom, there: FakeProvider) -> None:
    query = parse_qs(urlsplit(wecom.address(new_journey())).query)
    assert (query["appid"], query["agentid"], query["login_type"]) == ([CORP], [AGENT], ["CorpApp"])
    assert query["state"][0].isalnum() and len(query["state"][0]) <= 128, "WeCom takes nothing else"
    assert sign_in(wecom) == sign_in(wecom) == Identity(f"wecom {CORP} zhaojing", "zhaojing")
    assert there.called.count("/cgi-bin/gettoken") == 1, "WeCom gives out few"


def test_a_token_of_wecoms_that_is_worn_out_is_asked_for_again(wecom: WeCom, there: FakeProvider) -> None:
    sign_in(wecom)
    there.worn_out = {wecom._token}
    assert sign_in(wecom).login == "zhaojing"


def test_wecom_refuses_a_wrong_state_a_used_code_and_who_is_no_member(
    wecom: WeCom, there: FakeProvider
) -> None:
    journey = new_journey()
    answer = go(wecom, journey)
    with pytest.raises(ProviderFailed, match="another journey"):
        wecom.identity(new_journey(), answer)
    wecom.identity(journey, answer)
    with pytest.raises(ProviderFailed, match="40029"):
        wecom.identity(journey, answer)
    there.member = {"openid": "somebody outside"}
    with pytest.raises(ProviderFailed, match="no member"):
        sign_in(wecom)


def test_wecom_with_a_wrong_secret_gives_no_token(there: FakeProvider) -> None:
    client = Client(name="企业微信", id=CORP, secret="wrong", back=BACK)
    with pytest.raises(ProviderFailed, match="40001"):
        sign_in(WeCom(client, AGENT, f"{there.address}/wwlogin/sso/login", there.address))


# -- settings -------------------------------------------------------------------------------------------------------------


def settings(**oidc: str) -> Settings:
    return Settings(server=Server(public_url="https://hr.example"), oidc=SignIn(**oidc))


def test_without_a_setting_there_is_no_provider() -> None:
    assert make_provider(Settings()) is None


def test_each_kind_is_made_from_the_settings() -> None:
    openid = make_provider(
        settings(kind="openid", client_id="x", issuer="https://login.example", name="钉钉")
    )
    assert isinstance(openid, OpenId) and openid.name == "钉钉" and not openid.second_factor
    plain = make_provider(
        settings(
            kind="oauth2", client_id="x", authorize_url="https://a.example", token_url="https://a.example/t",
            userinfo_url="https://a.example/u", second_factor="theirs",
        )
    )  # fmt: skip
    assert isinstance(plain, OAuth2) and plain.second_factor
    wecom = make_provider(settings(kind="wecom", client_id=CORP, client_secret="x", agent_id=AGENT))
    assert isinstance(wecom, WeCom)
    address = wecom.address(new_journey())
    assert address.startswith("https://login.work.weixin.qq.com/wwlogin/sso/login?")
    assert "redirect_uri=https%3A%2F%2Fhr.example%2Fhr%2Fsign-in%2Fprovider%2Fback" in address


@pytest.mark.parametrize(
    ("oidc", "named"),
    [
        ({"kind": "openid", "client_id": "x"}, "oidc.issuer"),
        ({"kind": "openid", "issuer": "https://a.example"}, "oidc.client_id"),
        ({"kind": "openid", "client_id": "x", "issuer": "http://a.example"}, "oidc.issuer"),
        ({"kind": "openid", "client_id": "x", "issuer": "login.example"}, "oidc.issuer"),
        ({"kind": "oauth2", "client_id": "x", "authorize_url": "https://a.example"}, "oidc.token_url"),
        ({"kind": "wecom", "client_id": "x", "agent_id": "1"}, "oidc.client_secret"),
        ({"kind": "wecom", "client_id": "x", "client_secret": "x"}, "oidc.agent_id"),
        ({"kind": "wecom", "client_id": "x", "agent_id": "1", "client_secret_file": "nowhere"}, "oidc.client_secret_file"),
    ],
)  # fmt: skip
def test_what_is_missing_stops_the_start_with_its_name(oidc: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        make_provider(settings(**oidc))


def test_the_secret_may_lie_in_a_file(tmp_path: Any) -> None:
    (tmp_path / "secret").write_text("of the file\n")
    assert SignIn(client_secret_file=str(tmp_path / "secret")).secret == "of the file"
    assert "of the" not in repr(SignIn(client_secret="of the setting"))
