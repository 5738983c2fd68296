"""The notices as HR works with them: what the database holds, and what its seals are worth."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from audit.case_chain import check_case, short_code
from locales import N_, as_written
from notices.book import Bundle, NoticeBook, NoticeCase, SealHealth
from notices.bundle import Evidence, OtherFile, SealedFile, write_bundle
from notices.paper import Exhibit
from notices.seal_keys import Certificates, SealError
from notices.texts import issued_as, text_of_hash
from storage.notice_book import StoredNoticeBook
from storage.notice_register import StoredRegister
from storage.opening import Storage

#: What a file that goes with a case shows, by its kind: its name in the list of evidence, where it is from, what it proves.
_SHOWS: Final = {
    "confirmation": (
        N_("电子送达与电子签名确认书"),
        N_("员工签字，单位保管"),
        N_("双方约定用这个渠道送达、这样签收"),
    ),
    "signed_paper": (N_("本人签过字的纸质件"), N_("员工签字，单位保管"), N_("员工收到了告知书")),
    "witness_form": (N_("送达见证单"), N_("两名见证人签字"), N_("当面送达，本人没有签收")),
    "post_receipt": (N_("邮寄凭证"), N_("邮政"), N_("告知书寄出和投递的情况")),
    "supplement": (N_("补充材料"), N_("单位保管"), N_("见文件本身")),
}


class Office(StoredNoticeBook, NoticeBook):
    """Every notice. `certificates` are those that seal now, and raise `SealError` where there are none; `stamps`: a time-stamp
    service is set."""

    def __init__(
        self,
        storage: Storage,
        register: StoredRegister,
        certificates: Callable[[], Certificates],
        *,
        stamps: bool,
    ) -> None:
        super().__init__(storage.database, storage.keys, storage.now, text_of_hash, issued_as)
        self._register = register
        self._certificates = certificates
        self._stamps = stamps

    def open(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> NoticeCase | None:
        """A case, with how file and chain were found."""
        case = super().open(id, by, why_unmasked, may_dibao=may_dibao)
        return None if case is None else replace(case, seal=self._found(case))

    def bundle(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> Bundle | None:
        """The evidence of a case as one file. That it was taken out is an event of the chain. None for one that may not be
        seen, or is not sealed yet."""
        case = super().open(id, by, why_unmasked, may_dibao=may_dibao)
        hash = None if case is None else _sealed_hash(case)
        known = None if hash is None else self._register.known(hash)
        if case is None or known is None or any(each.masked for each in case.files):
            return None
        known = replace(known, links=case.events)  # with what of it may be shown
        data = write_bundle(
            Evidence(
                case.content.data["company"]["name"],
                case.content.data["title"],
                case.notice.number,
                self._now(),
                self._register.trust,
                (SealedFile(case.content.data["title"], known.pdf, known),),
                tuple(self._others(case, by)),
            )
        )
        self.note_exported(id, hashlib.sha256(data).hexdigest(), by)
        return Bundle(f"{case.notice.number}.zip", data)

    def health(self) -> SealHealth:
        """How the sealing stands."""
        try:
            certificates = self._certificates()
        except SealError:
            until, self_made = None, True
        else:
            until, self_made = certificates.until.date(), not certificates.licensed
        audit = self._register.last_audit()
        return SealHealth(
            until,
            self_made,
            self._stamps,
            self.unsealed_count(),
            None if audit is None else audit.at,
            0 if audit is None else audit.wrong,
        )

    def _found(self, case: NoticeCase) -> dict[str, Any]:
        """How the chain was found, and the file where there is one."""
        check = check_case(case.notice.id, case.events, self._register.trust.public)
        certificates = self._certificates_now()
        found: dict[str, Any] = {
            "chain": check.why,
            "self_made": certificates is None or not certificates.licensed,
        }
        hash = _sealed_hash(case)
        if hash is not None:
            known = self._register.known(hash)
            found["file"] = known is not None and hashlib.sha256(known.pdf).hexdigest() == hash
            head = next(each.hash for each in case.events if each.data["type"] == "sealed")
            found["code"] = short_code(hash, head)
        return found

    def _certificates_now(self) -> Certificates | None:
        try:
            return self._certificates()
        except SealError:
            return None

    def _others(self, case: NoticeCase, by: str) -> Iterator[OtherFile]:
        for each in case.files:
            if each.kind == "sealed":
                continue
            data = self.file(case.notice.id, each.id, by)
            if data is not None:
                name, source, purpose = map(as_written, _SHOWS[each.kind])
                yield OtherFile(Exhibit(name, source, purpose, ""), each.name, data)


def _sealed_hash(case: NoticeCase) -> str | None:
    """The hash of the sealed file, as the chain has it."""
    sealed = (each.data["data"] for each in case.events if each.data["type"] == "sealed")
    return next((str(data["sealed_sha256"]) for data in sealed), None)
