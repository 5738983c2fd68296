"""The company's own sign-in, as the settings have it."""

from __future__ import annotations

from app.settings import Settings, SettingsError
from connectors.sign_in import WECOM_API, WECOM_PAGE, Client, OAuth2, OpenId, WeCom
from people.providers import Provider

#: Under `/hr`, where the provider sends browsers back to.
BACK = "/hr/sign-in/provider/back"
#: What each kind cannot do without.
NEEDED = {
    "openid": ("client_id", "issuer"),
    "oauth2": ("client_id", "authorize_url", "token_url", "userinfo_url"),
    "wecom": ("client_id", "agent_id"),
}


def make_provider(settings: Settings) -> Provider | None:
    """The provider of the settings; None where there is none. Raises `SettingsError` where something is missing."""
    oidc = settings.oidc
    if oidc.kind == "none":
        return None
    for name in NEEDED[oidc.kind]:
        if not getattr(oidc, name):
            raise SettingsError(f"oidc.{name}: is needed with kind = {oidc.kind!r}")
    if oidc.kind == "wecom" and not oidc.secret:
        raise SettingsError("oidc.client_secret: is needed with kind = 'wecom'")
    client = Client(
        name=oidc.name,
        id=oidc.client_id,
        secret=oidc.secret,
        back=settings.server.address + BACK,
        second_factor=oidc.second_factor == "theirs",
    )
    claims = (oidc.scope, oidc.subject_claim, oidc.login_claim)
    try:
        if oidc.kind == "openid":
            return OpenId(client, oidc.issuer, oidc.metadata_url, *claims)
        if oidc.kind == "oauth2":
            return OAuth2(client, oidc.authorize_url, oidc.token_url, oidc.userinfo_url, *claims)
        return WeCom(client, oidc.agent_id, oidc.authorize_url or WECOM_PAGE, oidc.token_url or WECOM_API)
    except ValueError as error:
        raise SettingsError(f"oidc.{error}") from None
