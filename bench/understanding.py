"""Both engines side by side: how often they are right on sentences held out, how fast, and what they cost to keep."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NamedTuple

import click
import httpx
import numpy as np

from bot.understanding.__main__ import HOME, TRAINED
from bot.understanding.embedded import EmbeddedReader, load_reader
from bot.understanding.intents import Reader
from bot.understanding.model import OUT_OF_SCOPE
from connectors.rasa import RasaReader

HELD_OUT: Final = HOME / "tests" / "bot" / "heldout.tsv"
PROJECT: Final = HOME / "intents"
MODELS: Final = HOME / "var" / "rasa"
#: As `intents/Makefile` sets them; without them Rasa calls home and warns about itself.
QUIET: Final = {
    "PYTHONPATH": str(HOME),
    "RASA_TELEMETRY_ENABLED": "false",
    "SANIC_WORKERS": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
#: A server that has not answered after this is taken for dead.
START_SECONDS: Final = 120.0

_COLD = "from bot.understanding import embedded, sentences\n{without}{first}\nimport resource\n{told}"
_FIRST = "embedded.load_reader(__import__('pathlib').Path({trained!r})).read('我工资3000,交了社保低保还有吗')"
_WITHOUT = "sentences.load_encoder = embedded.load_encoder = lambda: None\n"
_TOLD = "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


class Sentence(NamedTuple):
    """A sentence that was held out of training, and what it wants."""

    text: str
    intent: str


@dataclass(frozen=True)
class Score:
    """How often a reader was right, and the milliseconds of each sentence."""

    in_scope: float
    everything: float
    recall: float
    precision: float
    spent: list[float]


def run(*, quick: bool) -> None:
    """Prints a line for each engine that can be started here, and why not for the others."""
    sentences = held_out()[:: 6 if quick else 1]
    embedded = load_reader(TRAINED)
    click.echo(
        f"understanding: {len(sentences)} sentences held out; right in scope, all; out of scope; ms; start; memory"
    )
    _line("embedded, n-grams and meaning", score(embedded, sentences), *_cold(meaning=True))
    _line(
        "embedded, n-grams alone",
        score(EmbeddedReader(embedded.model, None), sentences),
        *_cold(meaning=False),
    )
    for name, model in (("Rasa, the house's reader", "default"), ("Rasa, DIET", "diet")):
        _rasa(name, MODELS / f"{model}.tar.gz", sentences, embedded.model.labels)


def held_out() -> list[Sentence]:
    """The sentences that no reader is trained on."""
    lines = HELD_OUT.read_text(encoding="utf-8").splitlines()[1:]
    return [Sentence(*line.split("\t")[:2]) for line in lines]


def score(reader: Reader, sentences: Sequence[Sentence]) -> Score:
    """Every sentence read once, after some that do not count."""
    for sentence in sentences[:20]:
        reader.read(sentence.text)
    answers, spent = [], []
    for sentence in sentences:
        started = time.perf_counter()
        answers.append(reader.read(sentence.text).intent)
        spent.append((time.perf_counter() - started) * 1000)
    wanted = np.array([sentence.intent for sentence in sentences])
    given = np.array(answers)
    right, outside, put_outside = given == wanted, wanted == OUT_OF_SCOPE, given == OUT_OF_SCOPE
    return Score(
        in_scope=float(right[~outside].mean()),
        everything=float(right.mean()),
        recall=float(right[outside].mean()),
        precision=float(right[put_outside].mean()),
        spent=spent,
    )


def _cold(*, meaning: bool) -> tuple[float, float]:
    """Seconds to the first answer of a new process, and the megabytes it then has."""
    code = _COLD.format(
        without="" if meaning else _WITHOUT, first=_FIRST.format(trained=str(TRAINED)), told=_TOLD
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    spent = time.perf_counter() - started
    return spent, int(done.stdout) / 1024


def _rasa(name: str, model: Path, sentences: Sequence[Sentence], labels: Sequence[str]) -> None:
    python = rasa_python()
    if python is None or not model.exists():
        made_by = "train-diet" if model.stem.startswith("diet") else "train"
        click.echo(f"{name:<34}not measured: `make -C intents {made_by}` makes what is missing")
        return
    started = time.perf_counter()
    with serve_rasa(python, model) as server:
        reader = RasaReader(server.url, server.token, labels, seconds=10)
        try:
            reader.read("我工资3000,交了社保低保还有吗")
            spent = time.perf_counter() - started
            _line(name, score(reader, sentences), spent, server.megabytes())
        finally:
            reader.close()


def _line(name: str, scored: Score, start: float, megabytes: float) -> None:
    p50, p95, p99 = np.percentile(scored.spent, (50, 95, 99))
    click.echo(
        f"{name:<34}{scored.in_scope:.3f} {scored.everything:.3f}"
        f"   recall {scored.recall:.2f} precision {scored.precision:.2f}"
        f"   p50 {p50:5.1f} p95 {p95:5.1f} p99 {p99:5.1f} ms   {start:5.1f} s {megabytes:6.0f} MB"
    )


def rasa_python() -> Path | None:
    """The Python that has Rasa: SHEBAO_RASA_PYTHON, or the environment of `make -C intents setup`; None without either."""
    found = Path(os.environ.get("SHEBAO_RASA_PYTHON") or HOME / ".venv-rasa" / "bin" / "python")
    return found if found.exists() else None


def train_rasa(python: Path, folder: Path, config: str = "config.yml", data: Path = PROJECT / "data") -> Path:
    """Trains a pipeline of `intents/` into an empty folder, as `make -C intents train` does."""
    words = f"train nlu --config {config} --domain domain.yml --fixed-model-name model"
    command = [str(python), "-m", "rasa", *words.split(), "--nlu", str(data), "--out", str(folder)]
    environ = os.environ | QUIET | {"RASA_CACHE_DIRECTORY": str(folder / "cache")}
    done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Rasa does not train: {done.stderr[-500:]}")
    return folder / "model.tar.gz"


@dataclass(frozen=True)
class RasaServer:
    """A server that answers on the loopback interface whoever shows the token."""

    url: str
    token: str
    process: subprocess.Popen[bytes]

    def megabytes(self) -> float:
        """Its resident memory."""
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True
        )
        return int(told.stdout) / 1024

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serve_rasa(python: Path, model: Path) -> Iterator[RasaServer]:
    """A server of this model on a free port, for as long as the `with` lasts."""
    port, token = _free_port(), secrets.token_urlsafe(24)
    words = f"run --enable-api --interface 127.0.0.1 --port {port} --auth-token={token} --model".split()
    with model.with_suffix(".log").open("wb") as log:
        server = RasaServer(f"http://127.0.0.1:{port}", token, _started(python, [*words, str(model)], log))
        try:
            _wait_for(server)
            yield server
        finally:
            server.kill()


def _started(python: Path, words: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-m", "rasa", *words],
        cwd=PROJECT,
        env=os.environ | QUIET,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _wait_for(server: RasaServer) -> None:
    """Returns when the server has loaded its model; it answers 409 before that."""
    latest = time.monotonic() + START_SECONDS
    while time.monotonic() < latest and server.process.poll() is None:
        try:
            status = httpx.get(
                f"{server.url}/status", params={"token": server.token}, trust_env=False, timeout=5
            )
        except httpx.HTTPError:
            time.sleep(0.2)
            continue
        if status.status_code == httpx.codes.OK:
            return
        time.sleep(0.2)
    raise RuntimeError("the Rasa server does not start; what it says is in the log beside its model")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
