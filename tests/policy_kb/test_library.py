"""The library in memory, over a run of years in which others take its place."""

from __future__ import annotations

import gc
from weakref import ref

from policy_kb import compiled
from policy_kb.answer import source_json


def test_a_library_that_another_took_the_place_of_is_let_go() -> None:
    library = compiled.load(compiled=None)
    former = ref(library)
    assert source_json(library, "INSP-27")["title"]
    del library
    gc.collect()
    assert former() is None
