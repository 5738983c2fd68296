"""What strategies are about, as the database can tell: tokens that say nothing without the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from profiles.strategy_words import KINDS, Kind
from storage.database import Database
from storage.keys import Keys
from storage.profile_changes import strategy_body
from storage.tables import strategies

KIND: Final = "strategies.kind"
#: Rows of an earlier version that are opened in one transaction.
SOME: Final = 2_000
_LABEL: Final = (
    update(strategies).where(strategies.c.id == bindparam("which")).values(kind=bindparam("token"))
)


def kind_token(keys: Keys, kind: Kind, *, restricted: bool) -> bytes:
    """The token of a kind.

    One that is not restricted stands in clear as the topic of its task, and gives its token away with it. So a restricted
    strategy has a token of its own for the same kind. Like `storage.audiences.audience_token` it hides the word, not that
    strategies belong together.
    """
    return keys.index(KIND, kind, "restricted" if restricted else "open")


def kind_tokens(keys: Keys, kinds: Iterable[Kind] = KINDS) -> dict[bytes, Kind]:
    """The tokens of some kinds, restricted or not, each with its kind."""
    return {
        kind_token(keys, kind, restricted=restricted): kind for kind in kinds for restricted in (False, True)
    }


def label_old_strategies(database: Database, keys: Keys) -> int:
    """Gives strategies of an earlier version their token, which only their sealed bodies tell; how many. Stopped, it can be
    run again."""
    unlabelled = select(strategies).where(strategies.c.kind.is_(None)).order_by(strategies.c.id).limit(SOME)
    count = 0
    while True:
        with database.read() as connection:
            if connection.execute(unlabelled.limit(1)).first() is None:
                return count
        with database.work() as connection:
            rows = connection.execute(unlabelled.with_for_update()).all()
            told = [{"which": row.id, "token": _token_of(keys, row)} for row in rows]
            connection.execute(_LABEL, told)
        count += len(told)


def _token_of(keys: Keys, row: Row[Any]) -> bytes:
    kind: Kind = strategy_body(keys, row)["data"]["kind"]
    return kind_token(keys, kind, restricted=row.restricted)
