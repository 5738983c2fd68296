"""What the employee's page says, one Chinese source sentence each; figures are filled in later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from locales import N_
from notices.answering import Denied
from notices.notice import Outcome


@dataclass(frozen=True, slots=True)
class Told:
    """Why something is not done: what is so, why, and what to do now. `counted` takes the place of `text` where it is known how
    many tries or seconds are left."""

    title: str
    text: str
    way: str
    status: int
    counted: str = ""


_AGAIN: Final = N_("回到聊天里，跟助手说“告知书”，就有新的链接。")
_AT_HR: Final = N_("也可以找人事要一份纸的，不影响你的任何权利。")

NOT_DONE: Final[Mapping[Denied, Told]] = {
    "unknown_link": Told(N_("没有这个链接"), N_("可能是没复制全，也可能过期太久了。"), _AGAIN, 404),
    "expired_link": Told(
        N_("这个链接过期了"), N_("链接只管几天，手机落在别处也不怕。告知书还在。"), _AGAIN, 410
    ),
    "void_link": Told(
        N_("这个链接不能用了"),
        N_("后来又发过一个新的链接，或者收链接的聊天账号已经换了。"),
        N_("打开聊天里最新的那条；没有新的，就跟助手说“告知书”。不是你自己换的账号，请到人事说一声。"),
        410,
    ),
    "used_link": Told(
        N_("这个链接在别的手机或浏览器里打开过"),
        N_("一个链接只认第一个打开的地方，免得别人拿去看。"),
        N_("回到那个手机或浏览器里接着看；不是你打开的，跟助手说“告知书”，旧链接马上作废。"),
        410,
    ),
    "hr_device": Told(
        N_("这台设备登录过人事的后台，不能在这里回应"),
        N_("告知书要由你自己、在你自己的手机上看和回应，别人代不了，也免得以后说不清。"),
        N_("请用你自己的手机打开聊天里的链接。没有手机，找人事要纸的，当面看、当面写。"),
        403,
    ),
    "too_many_codes": Told(
        N_("今天的验证码发得太多了"), N_("一个链接一天只发几次验证码，免得别人乱试。"), _AGAIN, 429
    ),
    "too_soon": Told(
        N_("刚发过验证码"),
        N_("等一会儿再要新的。先看看聊天里有没有收到。"),
        N_("收到了就在这里填。"),
        429,
        N_("{left} 秒后才能再发。先看看聊天里有没有收到。"),
    ),
    "not_reachable": Told(
        N_("验证码现在发不出去"),
        N_("你有一阵没在聊天里说话，平台不让我们先开口。"),
        N_("先到聊天里随便发一句话，再回来点“发验证码”。"),
        409,
    ),
    "no_codes_here": Told(
        N_("这个渠道收不了验证码"),
        N_("短信只能提醒，不能在手机上打开这份告知书。"),
        N_("在企业微信、公众号里绑定以后再要一次，或者找人事要纸的。"),
        409,
    ),
    "no_code": Told(N_("验证码过期了"), N_("验证码只管几分钟。"), N_("点“再发一次”，用新的那个。"), 409),
    "wrong_code": Told(
        N_("验证码不对"),
        N_("照着聊天里最新的那条再填一次。"),
        N_("验证码是六位数字。"),
        403,
        N_("照着聊天里最新的那条再填一次，还能试 {left} 次。"),
    ),
    "wrong_id": Told(
        N_("身份证后四位不对"),
        N_("照着身份证再填一次，最后一位是 X 的就填 X。"),
        N_("身份证没错却一直不对，可能是花名册登记错了，请到人事改。"),
        403,
        N_("照着身份证再填一次，最后一位是 X 的就填 X。还能试 {left} 次。"),
    ),
    "locked": Told(N_("试错太多，这个链接锁住了"), N_("怕是别人在试，所以不让再填。"), _AGAIN, 403),
    "over": Told(
        N_("这一页关上了"),
        N_("半小时没动、开得太久，或者点过“退出”，都会关上，怕别人看到。写了一半的话还在这个手机上。"),
        N_("回到聊天里再点一次链接。"),
        401,
    ),
    "not_read": Told(
        N_("还没看到最后"),
        N_("先把告知书从头看到尾，也可以点“念给我听”。"),
        N_("看到“告知书到这里结束”，这一步就好了。"),
        409,
        N_("看得太快了，再看 {left} 秒，也可以点“念给我听”。"),
    ),
    "not_checked": Told(
        N_("还有问题没有答对"),
        N_("几个小问题是看你看明白了没有，答错了可以再答。"),
        N_("往上找到“看明白了吗”。"),
        409,
    ),
    "other_text": Told(
        N_("这一页上的告知书和存着的对不上"),
        N_("页面可能开得太久，或者被改动过，所以没有收。"),
        N_("重新打开这一页再看一遍；还是不行，请到人事说一声。"),
        409,
    ),
    "answered": Told(
        N_("这份告知书已经回应过了"),
        N_("一份告知书只收一次回应，先到的算。"),
        N_("还有话要说，在聊天里找人事。"),
        409,
    ),
    "late": Told(
        N_("过了回应的日子"),
        N_("这份告知书只能看，不能再回应了。社保照样交。"),
        N_("有话要说，在聊天里跟人事说，一样有人管。"),
        409,
    ),
    "superseded": Told(
        N_("这份告知书已经被新的取代或收回"),
        N_("这一份不用回应了。"),
        N_("打开聊天里最新的那条链接；没有新的，就不用做什么。"),
        409,
    ),
    "no_statement": Told(
        N_("还没有写你的话"),
        N_("有异议，要勾出哪一行或写几句；不签，要写一句为什么。"),
        N_("几个字也行，照你平时说话写。"),
        422,
    ),
    "too_long": Told(N_("写得太长了"), N_("最多 {most} 个字。"), N_("先写要紧的，别的在聊天里跟人事说。"), 422),
    "no_signature": Told(N_("还没有签名"), N_("签收要手写签名。"), _AT_HR, 422),
    "bad_signature": Told(
        N_("签名没有收"),
        N_("太短、太快、只有一条线，或者和以前的一模一样，都不算。"),
        N_("清掉重写，写自己的全名。写不了，就找人事要纸的。"),
        422,
    ),
    "old_consent": Told(
        N_("“签名前请看”的那段话改过了"),
        N_("你看的是旧的，所以没有收。写的话还在。"),
        N_("重新打开这一页，看过新的再发。"),
        409,
    ),
}  # fmt: skip

TOO_FAST: Final = Told(
    N_("点得太快"), N_("这个网络里点的人太多，等一下再点。"), N_("写的话还在，不用重写。"), 429,
    N_("这个网络里点的人太多，{left} 秒后再点。"),
)  # fmt: skip
TOO_LARGE: Final = Told(N_("太大了，收不下"), N_("签名的笔画太多了。"), N_("清掉签名，写简单一点再发。"), 413)
NO_COOKIE: Final = Told(
    N_("没有打开"),
    N_("这个浏览器没让本页记住你（cookie 关着），或者这一页放得太久。"),
    N_("回到聊天里再点一次链接；还不行，就换个浏览器。"),
    400,
)
FOREIGN: Final = Told(
    N_("这一步不是从本页点的，没有做"), N_("怕是别的网页冒充你点的。"), N_("回到聊天里再点一次链接。"), 403
)
UNREADABLE: Final = Told(
    N_("这一次没收好"), N_("发来的内容不完整。写的话还在。"), N_("再发一次；还不行，刷新这一页。"), 400
)
NOT_SEALED: Final = Told(
    N_("还在做"), N_("你的那一份正在封存，一般要几秒到几分钟。"), N_("等一下再点。"), 409
)
LEFT: Final = Told(
    N_("退出了"), N_("这个浏览器里看不到告知书了。"), N_("想接着看，回到聊天里再点一次链接。"), 200
)
FAILED: Final = Told(N_("我这边出了点毛病"), N_("这一次没收好，写的话还在。"), N_("等一下再点一次。"), 500)

#: Where the code has gone, by channel.
CODE_SENT: Final[Mapping[str, str]] = {
    "web": N_("验证码发到了网页聊天里。"),
    "wechat": N_("验证码发到了你的微信。"),
    "wecom": N_("验证码发到了你的企业微信。"),
    "telegram": N_("验证码发到了你的 Telegram。"),
    "sms": N_("验证码用短信发到了你的手机。"),
    "mail": N_("验证码发到了你的邮箱。"),
}
CODE_SENT_ELSE: Final = N_("验证码发到了你的聊天里。")
SENDS_CODE: Final[Mapping[str, str]] = {
    "web": N_("先把六位验证码发到你的网页聊天，确认是你本人。"),
    "wechat": N_("先把六位验证码发到你的微信，确认是你本人。"),
    "wecom": N_("先把六位验证码发到你的企业微信，确认是你本人。"),
    "telegram": N_("先把六位验证码发到你的 Telegram，确认是你本人。"),
    "sms": N_("先用短信发一个六位验证码到你的手机，确认是你本人。"),
    "mail": N_("先把六位验证码发到你的邮箱，确认是你本人。"),
}
SENDS_CODE_ELSE: Final = N_("先把六位验证码发到你的聊天里，确认是你本人。")
#: How to go back to where the link came from.
GO_BACK: Final[Mapping[str, str]] = {
    "wechat": N_("可以关上这一页，回到微信接着聊。"),
    "wecom": N_("可以关上这一页，回到企业微信接着聊。"),
    "telegram": N_("可以关上这一页，回到 Telegram 接着聊。"),
}

#: Buttons of the three answers: what is said, and what it means. All three are alike.
CHOICES: Final[Mapping[Outcome, tuple[str, str]]] = {
    "acknowledged": (N_("签收"), N_("我看到了，不等于同意")),
    "objected": (N_("签收但有异议"), N_("我看到了，有话要说")),
    "refused": (N_("拒绝签收"), N_("我不签，社保照样交")),
}
#: What is said at the top once it was answered, or cannot be.
ANSWERED_AS: Final[Mapping[Outcome, str]] = {
    "acknowledged": N_("你签收了：看到了，不等于同意。"),
    "objected": N_("你签收了，有异议：看到了，有话要说。"),
    "refused": N_("你没有签。社保照样交。"),
}
#: What comes next, by answer.
NEXT: Final[Mapping[Outcome, tuple[str, ...]]] = {
    "acknowledged": (
        N_("单位照常给你参保，从你工资里扣的那份以工资条为准；对不上就找人事。"),
        N_("以后数变了，会再给你发新的告知书，这一份不改。"),
    ),
    "objected": (
        N_("单位照常给你参保，不因为有异议停下来。"),
        N_("人事会收到你勾的行和写的话，要给你回话；回话发在聊天里。"),
        N_("数真的不对，会改过来，再给你发新的告知书。"),
    ),
    "refused": (
        N_("单位照常给你参保：不签，社保也照样交。"),
        N_("人事会收到你写的话；会有人找你问清楚，不会因此影响你上班。"),
        N_("改了主意想要一份签收的，在聊天里跟人事说。"),
    ),
}
#: Why a notice can only be looked at.
LATE: Final = N_("过了 {day}，这里只能看，不能再回应了。社保照样交；有话要说，在聊天里跟人事说。")

#: How sure a source is, where that is worth a word.
STATUS: Final[Mapping[str, str]] = {
    "single_source": N_("只有一个出处"),
    "entered": N_("人事照文件填的"),
    "company": N_("单位核定的"),
}

#: Who sees what, and when.
WHO_SEES: Final = (
    N_("人事：看得到链接什么时候打开、你看没看到最后、小问题答对没有，和你的回应。"),
    N_("人事：你发送以后，看得到你勾的行、写的话和签名；看一次记一次。"),
    N_("写的话里提到家里的事，只有专门管这件事的人、写明理由才看得到。"),
    N_("人事看不到你的链接和验证码。谁问你要验证码都不要给。"),
    N_("老板、同事、家里人：看不到。"),
    N_("“只有你看得到”的那一块：不进告知书，不发给任何人。"),
)
