"""One message on its way through the dialogue: the conversation as it becomes, and what is said, in order.

A `Turn` holds the stack and says things; what to do with a message is decided in `deciding`, `answering` and `tapping`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.dialogue.acts import Choice, Decline, OwnAct
from bot.dialogue.conversation import Conversation, Line
from bot.dialogue.known import AMOUNTS, FIELDS, Change, Known, field_of
from bot.dialogue.naming import WITH, name_of, value_of
from bot.dialogue.policy import place_of
from bot.dialogue.reckoning import facts_told
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import OFFER, Heard, House, Talk
from bot.dialogue.topics import TOPIC_OF, TOPICS
from bot.dialogue.topics.asking import MOST_ASKS
from bot.guard import Evidence, Unfounded
from bot.wording import word
from delivery.messages import Reply
from hr_inbox.ratings import AskedCase, Rated
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered, Why, unanswered
from locales import Say, speak
from people.bindings import BindingAct

log = logging.getLogger("shebao.bot")

#: Answers that, given twice in a row, were not understood twice.
ANSWERS: Final = ("article:", "dibao_impact:", "contributions:", "way:", "no_clause")
#: What the engine itself says, or what is said about a result, ends no topic.
ASIDES: Final = ("talk.", "dibao.", "same_again", "way:", "paper:", "what_if:", "where_line", "rating:")
#: Topics that can be taken up again where they were left.
CALCULATING: Final = ("dibao_impact", "contributions")
#: Questions without whose answer a result can be had all the same.
OPTIONAL: Final = ("other_income", "area", "standard_monthly", "received_monthly")
#: What the first screen, and every dead end, offers.
OFFERS: Final = ("dibao_impact", "contributions", "duty", "hr", "privacy")
HR: Final = Tap(Part("talk.hr"), "topic=hr")
NO_CLAUSE: Final = "no_clause"
_ARTICLE: Final = "article="


@dataclass(frozen=True, slots=True)
class Outcome:
    """The conversation after a turn, what is said, what goes to HR, and what had no answer. `ratings` are what was said of
    closed cases, `reopened` the numbers of those that go back to HR, `acts` what is done about the employee's own file."""

    conversation: Conversation
    replies: tuple[Reply, ...]
    steps: tuple[Step, ...]
    tasks: tuple[HrTask, ...]
    topic: str
    erase: bool
    unanswered: tuple[Unanswered, ...] = ()
    binding: BindingAct | None = None
    ratings: tuple[Rated, ...] = ()
    reopened: tuple[str, ...] = ()
    acts: tuple[OwnAct, ...] = ()


class Turn:
    """The stack of topics during one message. `asked` are the closed cases of which the employee was asked."""

    def __init__(
        self,
        house: House,
        conversation: Conversation,
        heard: Heard,
        now: datetime,
        id: str,
        asked: Sequence[AskedCase] = (),
    ) -> None:
        self.house = house
        self.it = conversation
        self.heard = heard
        self.now = now
        self.private = False
        self.erase = False
        self.asked = asked
        self.ratings: list[Rated] = []
        self.reopened: list[str] = []
        self._id = id
        self._changes: tuple[Change, ...] = ()
        self._steps: list[Step] = []
        self._tasks: list[HrTask] = []
        self._unanswered: list[Unanswered] = []
        self._binding: BindingAct | None = None
        self._acts: list[OwnAct] = []
        self._topic = ""
        self._remembered = False
        self._before = conversation.known
        self._open = field_of(conversation.asked) if conversation.asked else ""

    @property
    def talk(self) -> Talk:
        """This turn as a topic sees it."""
        return Talk(self.house, self.it, self.heard, self.now, self._id, self._changes)

    @property
    def words(self) -> str:
        """The employee's words as they were typed; nothing where a button was tapped."""
        last = self.it.lines[-1] if self.it.lines else None
        return last.text if last is not None and last.author == "employee" else ""

    # Facts

    def merge(self) -> bool:
        """Takes over what the message states, whatever was asked. Whether anything is new."""
        if any(each.why == "per_year" for each in self.heard.facts.unsure):
            return False
        known, self._changes = self.it.known.told(self.heard.facts)
        if known == self.it.known:
            return False
        self._remember_once()
        self.it = replace(self.it, known=known)
        return True

    def progress(self, question: str) -> None:
        """Something was learned while a question is open: it may be put again."""
        asks = {name: min(times, 1) if name == question else times for name, times in self.it.asks.items()}
        self.it = replace(self.it, asks=asks, misses=0)

    def settle(self, *questions: str) -> None:
        """Questions that are over: next time they are put as if for the first time."""
        asks = {name: times for name, times in self.it.asks.items() if name not in questions}
        self.it = replace(self.it, asks=asks)

    def _remember_once(self) -> None:
        """What 「上一步」 goes back to: the state before this message."""
        if not self._remembered:
            self._remembered = True
            self.it = self.it.remembering()

    def accept(self, question: str, known: Known) -> None:
        """The open question is answered, and with it perhaps more."""
        self._remember_once()
        self.settle(question)
        self.it = replace(self.it, known=known, misses=0)
        kept = {
            name: value for name, value in self.it.frames[-1].data.items() if name not in ("missed", "range")
        }
        last = {"last": question} if question in AMOUNTS else {}
        self.it = self.it.with_frame(asked="", data=kept | last)

    def waive(self, question: str) -> None:
        """What the employee cannot say: a range is asked for once, everything else is left out."""
        if question == "other_income" and "range" not in self.it.frames[-1].data:
            self.remember(range="1")
        else:
            self.accept(question, self.it.known.waive(question))
        self.run()

    def remember(self, **data: str) -> None:
        """Something that the topic on top is to know at its next step."""
        self.it = self.it.with_frame(data={**self.it.frames[-1].data, **data})

    def forget(self, name: str) -> None:
        """The opposite of `remember`."""
        data = {each: value for each, value in self.it.frames[-1].data.items() if each != name}
        self.it = self.it.with_frame(data=data)

    # The stack

    def open(self, topic: str, *lead: Part | Quoted, **data: str) -> None:
        """A topic comes on top and takes its step; what it interrupted comes back when it is done."""
        self.it = self.it.opened(topic, self.now, **data)
        self.run(*lead)
        self.reopen()

    def run(self, *lead: Part | Quoted) -> None:
        """The topic on top takes its step; `lead` is said before it."""
        frame = self.it.frames[-1]
        self._topic = frame.topic
        step = self._place_first() or TOPICS[frame.topic].step(self.talk)
        self.emit(_led(step, lead) if lead else step)

    def reopen(self) -> None:
        """The question that an interruption left open comes back; the third time it only stays open."""
        if not self.it.asked or (self._steps and isinstance(self._steps[-1], Ask)):
            return
        if self.it.asks.get(self.it.asked, 0) < MOST_ASKS:
            self.run()
        else:
            self.tell("talk.still_open")

    def _place_first(self) -> Ask | None:
        """A place was named, but not whether one works there or is from there: asked before it is used."""
        frame, known = self.it.frames[-1], self.it.known
        code = frame.data.get("place", "")
        if not code or frame.topic not in CALCULATING:
            return None
        if frame.topic == "dibao_impact" and not (known.region and not known.dibao_region):
            return Ask("choice", "place", {"place": self.house.library.divisions.full_name(code)})
        field = "region" if frame.topic == "contributions" else "dibao_region"
        self.it = replace(self.it, known=known.having({field: code})[0])
        self.forget("place")
        return None

    # Saying

    def emit(self, step: Step) -> None:
        """A step is taken: it is said, and the stack follows."""
        if isinstance(step, Ask | Tell):
            self._act(step.acts)
        if isinstance(step, Ask):
            self._ask(step)
            return
        if isinstance(step, HandOff):
            self._tasks.append(step.task)
            self.it = replace(self.it.closed(), misses=0)
            self.settle("share_scope", "choice")
        elif isinstance(step, Tell):
            if step.name == NO_CLAUSE:
                self._unanswered.append(self._without_answer("no_clause", step))
            step = self._once(step)
            self._binding = step.binding or self._binding
            ends = self.it.frames and not step.name.startswith(ASIDES)
            if ends and self._topic == self.it.frames[-1].topic:
                self.it = self.it.closed()
        self._steps.append(step)

    def _act(self, acts: tuple[Choice, ...]) -> None:
        declined = [each.purpose for each in acts if isinstance(each, Decline)]
        self._acts += [each for each in acts if not isinstance(each, Decline)]
        known = (*self.it.declined, *declined)
        self.it = replace(self.it, declined=tuple(dict.fromkeys(known)))

    def follow_up(self, step: Tell) -> None:
        """Something said about the last result."""
        self._topic = CALCULATING[0]
        self._steps.append(self._once(step))

    @property
    def has_said(self) -> bool:
        """Whether anything is said yet."""
        return bool(self._steps)

    def tell(self, key: str, *taps: Tap) -> None:
        """Something of the engine's own."""
        self._steps.append(Tell(key, (Part(key),), taps))

    def _ask(self, step: Ask) -> None:
        times = self.it.asks.get(step.question, 0) + 1
        frame = self.it.frames[-1]
        if times > MOST_ASKS and step.question in OPTIONAL:
            self.accept(step.question, self.it.known.waive(step.question))
            self.run()
            return
        if times > MOST_ASKS:  # not understood twice: no third time, but a person and a way to go on
            self.it = replace(self.it.with_frame(asked=""), misses=0)
            more = (Tap(Part("talk.continue"), f"topic={frame.topic}"),) if frame.topic in CALCULATING else ()
            self.tell("talk.not_understood_twice", HR, *more)
            return
        data = {**frame.data, "begun": "1", "variant": step.variant}
        self.it = self.it.with_frame(asked=step.question, data=data)
        self.it = replace(self.it, asks={**self.it.asks, step.question: times})
        self._steps.append(_led(step, self._understood(step)))

    def _once(self, step: Tell) -> Tell:
        """The same answer twice in a row was not understood twice: then a person."""
        if step.result_of is not None:
            self.it = replace(self.it, calculated=step.result_of)
        if not step.name.startswith(ANSWERS):
            return step
        if step.name == self.it.told:
            self.it = replace(self.it, told="")
            return Tell(f"same_again:{step.name}", (Part("talk.same_again"),), (HR,))
        self.it = replace(self.it, told=step.name, misses=0)
        return step

    def changes_told(self) -> tuple[Part, ...]:
        """What the message changed of what was told before."""
        say, divisions = self.talk.say, self.house.library.divisions
        return tuple(
            Part(
                "talk.changed",
                {
                    "what": name_of(field, say),
                    "old": value_of(field, old, divisions, say),
                    "new": value_of(field, new, divisions, say),
                },
            )
            for field, old, new in self._changes
            if new is not None
        )

    def _understood(self, step: Ask) -> tuple[Part, ...]:
        """What the message told beside the answer to the open question, for the first time: read back before the next one.

        Nothing that is in the question anyway.
        """
        if self._topic not in CALCULATING:
            return ()
        said, known = self.heard.facts, self.it.known
        new = {
            name for name in FIELDS if getattr(self._before, name) is None and getattr(said, name) is not None
        }
        besides = {WITH.get(name, name) for name in new} - {WITH.get(self._open, self._open)}
        if not besides - self._named_in(step):
            return ()
        shown = {name: getattr(known, name) for name in new}
        return (Part("talk.understood", {"facts": facts_told(self.talk, Known(**shown))}),)

    def _named_in(self, step: Ask) -> set[str]:
        """Facts that a question, or what is said before it, names by itself."""
        places = {
            each.figures["place"]
            for each in step.before
            if isinstance(each, Part) and "place" in each.figures
        }
        full_name = self.house.library.divisions.full_name
        named = {
            name
            for name in ("region", "dibao_region")
            if (code := getattr(self.it.known, name)) is not None and full_name(code) in places
        }
        return named | ({"wage"} if step.question == "gross_or_net" else set())

    def outcome(self) -> Outcome:
        """Everything in words, checked, and remembered."""
        say = speak(self.it.locale)
        worded = [_worded(step, say) for step in self._steps]
        replies = tuple(reply for reply, _ in worded)
        for step, (_, founded) in zip(self._steps, worded, strict=True):
            if not founded:
                self._unanswered.append(self._without_answer("withheld", step))
        buttons = next((reply.buttons for reply in reversed(replies) if reply.buttons), ())
        lines = (Line("assistant", reply.text, self.private) for reply in replies)
        self.it = replace(
            self.it.with_lines(*lines), buttons=buttons, heard_at=self.now.isoformat(), welcomed=True
        )
        if self.erase:  # nothing of it is remembered, the answer included
            self.it = Conversation(locale=self.it.locale, welcomed=True, heard_at=self.it.heard_at)
        topic = self.it.frames[-1].topic if self.it.asked else self._topic
        return Outcome(
            conversation=self.it,
            replies=replies,
            steps=tuple(self._steps),
            tasks=tuple(self._tasks),
            topic=topic,
            erase=self.erase,
            unanswered=tuple(self._unanswered),
            binding=self._binding,
            ratings=tuple(self.ratings),
            reopened=tuple(self.reopened),
            acts=tuple(self._acts),
        )

    def missed(self) -> None:
        """The message was not understood at all: counted as a question without an answer."""
        self._unanswered.append(unanswered("not_understood", "", place_of(self.talk, None)))

    def _without_answer(self, why: Why, step: Step) -> Unanswered:
        """What is counted of a question without an answer: its topic and place, not its words."""
        frame = self.it.frames[-1] if self.it.frames else None
        asked = frame.data.get("intent") if frame is not None and frame.topic == self._topic else None
        topic = asked or self._wanted(step)
        return unanswered(why, topic, place_of(self.talk, topic))

    def _wanted(self, step: Step) -> str:
        """What the message seemed to want: its intent, else that of the article which came nearest."""
        if self.heard.confidence >= OFFER and self.heard.intent in TOPIC_OF:
            return self.heard.intent
        taps = step.taps if isinstance(step, Tell) else ()
        near = (tap.payload.removeprefix(_ARTICLE) for tap in taps if tap.payload.startswith(_ARTICLE))
        return next((self.house.articles[key].intents[0] for key in near), "")


def offers() -> tuple[Tap, ...]:
    """What can be asked, as buttons."""
    return tuple(Tap(Part(f"offer.{name}"), f"topic={name}") for name in OFFERS)


def _worded(step: Step, say: Say) -> tuple[Reply, bool]:
    """The step in words, and whether all of it is founded; where it is not it is withheld, and HR offered instead."""
    try:
        return word(step, say), True
    except Unfounded as error:
        log.error("%s was withheld: %s", getattr(step, "name", type(step).__name__), error)
        return word(Tell(NO_CLAUSE, (Part("talk.no_clause"),), (HR,)), say), False


def _led(step: Step, lead: tuple[Part | Quoted, ...]) -> Step:
    """A step with something said before it; the figures in that are the employee's own."""
    own = Evidence.of(
        *(figure for part in lead if isinstance(part, Part) for figure in part.figures.values())
    )
    if isinstance(step, Ask):
        return replace(step, before=(*lead, *step.before), evidence=step.evidence | own)
    if isinstance(step, Tell):
        return replace(step, parts=(*lead, *step.parts), evidence=step.evidence | own)
    return step
