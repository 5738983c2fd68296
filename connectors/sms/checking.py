"""Whether text messages can go out: the service is asked about our templates, and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.channel_checks import Finding
from connectors.sms.texts import ALARM, CODE, KINDS, LINK, Kind, SmsAccount
from locales import N_, Say

#: A variable of a template, as either service writes it.
_VARIABLE: Final = re.compile(r"\$?\{\w+\}")
#: A template that is approved as a rule; the variables are put in for {0} and {1}.
_EXAMPLES: Final[Mapping[Kind, str]] = {
    LINK: "公司有一条社保的消息给你，点开看：{0}",
    CODE: "你的验证码：{0}，五分钟内有效，谁要都别给。",
    ALARM: "社保助手：{0}，{1}，请登录查看。",
}


class NotTold(Exception):
    """The service did not tell; `code` is its own, or empty where it was not reached."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Template:
    """A template as the service knows it: approved, waiting or refused; and its text."""

    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is spoken of: its name, the page of its templates, what their ids look like, how a kind's variables stand
    in a template, and what its codes mean and ask for. `right` says that it knows the key, `unseen` what cannot be asked.
    `whole_links`: a variable may be a link; else the template holds the address, and the variable what follows it."""

    name: str
    page: str
    id_shape: re.Pattern[str]
    places: Callable[[Kind], tuple[str, ...]]
    known: Mapping[str, tuple[str, str]]
    right: str
    unseen: str
    whole_links: bool = True


def check_texts(
    service: Service,
    account: SmsAccount,
    template_of: Callable[[str], Template | None],
    address: str,
    say: Say,
) -> Iterator[Finding]:
    """The key, and whether the templates are approved and have the variables that they need. `template_of` raises `NotTold`;
    links lead to `address`."""
    used = [kind for kind in KINDS if kind.template(account)]
    copy = say(N_("到{page}抄模板的 ID"), page=say(service.page))
    for kind in used:
        if not service.id_shape.fullmatch(kind.template(account)):
            yield Finding("wrong", say(N_("{setting} 不像模板的 ID"), setting=f"sms.{kind.setting}"), copy)
            return
    try:
        found = [(kind, template_of(kind.template(account))) for kind in used]
    except NotTold as error:
        yield _refused(service, error.code, say)
        return
    yield Finding("right", say(service.right))
    for kind, template in found:
        if template is None:
            yield Finding("wrong", say(N_("没有 ID 是 {id} 的模板"), id=kind.template(account)), copy)
            continue
        yield _approved(service, kind, template, say)
        yield from _fits(service, kind, template, address, say)
    yield Finding("note", say(service.unseen))


def _approved(service: Service, kind: Kind, template: Template, say: Say) -> Finding:
    setting = f"sms.{kind.setting}"
    if template.state == "approved":
        return Finding("right", say(N_("{setting} 的模板审核通过了"), setting=setting))
    if template.state == "waiting":
        return Finding(
            "wrong",
            say(N_("{setting} 的模板还在审核"), setting=setting),
            say(N_("等{service}审完再用"), service=say(service.name)),
        )
    return Finding(
        "wrong",
        say(N_("{setting} 的模板没有通过审核"), setting=setting),
        say(N_("到{page}看原因，改了重新申请"), page=say(service.page)),
    )


def _fits(service: Service, kind: Kind, template: Template, address: str, say: Say) -> Iterator[Finding]:
    """What is wrong with a template's variables."""
    places = service.places(kind)
    wanted = places
    if kind is LINK and not service.whole_links:
        host = urlsplit(address)._replace(path="").geturl()
        wanted = (f"{host}/{places[0]}",)
    if sorted(_VARIABLE.findall(template.text)) == sorted(places) and all(
        each in template.text for each in wanted
    ):
        return
    yield Finding(
        "wrong",
        say(
            N_("{setting} 的模板里要有 {variables}，而且没有别的变量"),
            setting=f"sms.{kind.setting}",
            variables="、".join(wanted),
        ),
        say(N_("另外申请一个模板，比如：{example}"), example=_EXAMPLES[kind].format(*wanted)),
    )


def _refused(service: Service, code: str, say: Say) -> Finding:
    name = say(service.name)
    for known, (what, then) in service.known.items():
        if code == known or code.startswith(f"{known}."):
            return Finding("wrong", f"{say(what)}（{code}）", say(then))
    if not code:
        return Finding(
            "wrong",
            say(N_("连不上{service}"), service=name),
            say(N_("看这台电脑能不能上外网，DNS 和代理对不对")),
        )
    return Finding(
        "wrong",
        say(N_("{service}没有答应（{code}）"), service=name, code=code),
        say(N_("按这个词查{service}短信的错误码"), service=name),
    )
