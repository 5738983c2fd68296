"""What is done about profiles beside the requests: changes are followed, approved acts carried out, passes made and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.acting import Acting
from app.clock import day_in_china
from app.following import Following
from app.offices import NO_OFFICES, Offices
from app.portal_acts import ActsByFile
from app.reassessing import Reassessing
from app.settings import Settings
from app.telling_passes import PassTelling
from policy_kb import compiled
from policy_kb.library import Library
from storage.opening import Storage


@dataclass(frozen=True, slots=True)
class ProfileWork:
    """The kinds of work."""

    following: Following
    acting: Acting
    by_file: ActsByFile
    reassessing: Reassessing
    telling: PassTelling


def make_profile_work(
    settings: Settings, storage: Storage, library: Callable[[], Library], offices: Offices = NO_OFFICES
) -> ProfileWork:
    """`library` gives the library that answers now; passes load what the folders hold, so that every process means the same."""

    def today() -> date:
        return day_in_china(storage.now())

    following = Following(storage, library, today)
    return ProfileWork(
        following,
        Acting(storage, library, today, offices),
        ActsByFile(storage, library, today, offices),
        Reassessing(
            storage.passes,
            lambda: compiled.load(settings.policy.overlays),
            today,
            lambda: compiled.snapshot(settings.policy.overlays),
        ),
        PassTelling(storage, following, library, today),
    )
