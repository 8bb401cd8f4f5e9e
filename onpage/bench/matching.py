"""Which records of two results files belong together, and what keeps their comparison from being fair.

Records of a file that agree in model, engine, browser, adapter, plan and machine are one group. What differs in one of
these between two groups is a `Difference`, which the comparison refuses unless it was asked for; what else differs, or is
good to know, is a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from onpage.bench.measures import Key, Record
from onpage.bench.values import pooled
from onpage.bench.words import adapter_text, onpage_text

Values = tuple[str | int | bool | None, ...]


class Fact(NamedTuple):
    """One thing that has to be the same on both sides: to compare, and to say. No values: it is not known."""

    values: Values
    text: str


@dataclass(frozen=True)
class Group:
    """The records of one file that differ in nothing that matters."""

    records: list[Record]
    facts: dict[str, Fact]
    onpage: str
    """Which onpage measured it."""
    side: str | None
    """Of an interleaved run."""

    @property
    def label(self) -> str:
        """As its first record's."""
        return str(self.records[0]["label"])

    @property
    def values(self) -> dict[Key, list[float]]:
        """Of all records, by measure."""
        return pooled(self.records)

    @property
    def rounds(self) -> dict[int, list[Record]]:
        """By round, where they are of an interleaved run."""
        rounds: dict[int, list[Record]] = {}
        for record in self.records:
            if place := record.get("interleave"):
                rounds.setdefault(place["round"], []).append(record)
        return rounds


@dataclass(frozen=True)
class Difference:
    """What is not the same on both sides. `what` is the word that allows it."""

    what: str
    sentence: str


def _model(record: Record, machine: Machine) -> Fact:
    model = record["model"]
    return Fact((model["sha256"],), f"{model['name']} (sha256 {model['sha256'][:12]})")


def _engine(record: Record, machine: Machine) -> Fact:
    engine = record["engine"]
    return Fact((engine["id"],), " on ".join(filter(None, (engine["name"], engine["backend"]))))


def _browser(record: Record, machine: Machine) -> Fact:
    browser = record["browser"]
    if browser is None:
        return Fact(() if record["status"] == "failed" else (None,), "none")
    return Fact((browser["name"].lower(),), browser["name"])


def _adapter(record: Record, machine: Machine) -> Fact:
    adapter = record["adapter"]
    if adapter is None:
        return Fact(() if record["status"] == "failed" else (None,), "none")
    parts = [adapter[part] for part in ("vendor", "architecture", "device", "description")]
    kind = "a software adapter" if record["software"] else "a GPU"
    return Fact((record["software"], *parts), f"{adapter_text(adapter) or 'one without a name'} ({kind})")


def _plan(record: Record, machine: Machine) -> Fact:
    decode, context = record["plan"]["decode"], record["plan"]["context"]
    lengths = sorted(set(record["plan"]["prefill"]))
    return Fact(
        (decode, context, *lengths), f"prefill {', '.join(map(str, lengths))}, decode {decode}, context {context}"
    )


def _machine(record: Record, machine: Machine) -> Fact:
    if machine is None or (record["browser"] or {}).get("connection", "launched") != "launched":
        return Fact((), "not known")  # where a remote browser runs, nobody says
    return Fact((machine["processor"], machine["cores"]), f"{machine['processor']}, {machine['cores']} cores")


Machine = Mapping[str, Any] | None

FACTS: Mapping[str, Callable[[Record, Machine], Fact]] = {
    "model": _model,
    "engine": _engine,
    "browser": _browser,
    "adapter": _adapter,
    "plan": _plan,
    "machine": _machine,
}
"""What has to be the same on both sides. The keys are the words that allow a difference."""


def groups_of(results: Mapping[str, Any]) -> list[Group]:
    """The records of a results file, in its order. A record that failed before all was known belongs to those it is like."""
    groups: list[Group] = []
    for record in results["records"]:
        facts = {what: fact(record, results["machine"]) for what, fact in FACTS.items()}
        side = record.get("interleave", {}).get("side")
        group = next((group for group in groups if group.side == side and _alike(group.facts, facts)), None)
        if group is None:
            group = Group([], facts, onpage_text(results), side)
            groups.append(group)
        group.records.append(record)
        group.facts.update({what: fact for what, fact in facts.items() if fact.values})
    return groups


def _alike(one: Mapping[str, Fact], other: Mapping[str, Fact]) -> bool:
    pairs = ((one[what].values, other[what].values) for what in FACTS)
    return all(not a or not b or a == b for a, b in pairs)


def differences_of(base: Group, head: Group) -> list[Difference]:
    """What makes the comparison one of something else; what one side does not know is no difference."""
    return [
        Difference(what, f"{what}: A has {a.text}, B {b.text}")
        for what, a, b in ((what, base.facts[what], head.facts[what]) for what in FACTS)
        if a.values and b.values and a.values != b.values
    ]


def partners(bases: list[Group], heads: list[Group], allowed: set[str]) -> dict[int, int]:
    """For each of `bases`, by index, the one of `heads` that differs least; each of either at most once."""
    candidates = sorted(
        product(range(len(bases)), range(len(heads))),
        key=lambda pair: _distance(bases[pair[0]], heads[pair[1]], allowed) + pair,
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for i, j in candidates:
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    return partner


def _distance(base: Group, head: Group, allowed: set[str]) -> tuple[int, int]:
    found = differences_of(base, head)
    return sum(difference.what not in allowed for difference in found), len(found)


def problems_of(head: Group) -> list[str]:
    """What is wrong with B's records, whatever their speed."""
    found = []
    for record in head.records:
        if record["correctness"]["ok"] is False:
            found.append("B's answer to the known prompt is wrong, so its speed means nothing.")
        if record["status"] == "failed" and record["correctness"]["ok"] is not False:
            when, why = "", "it has no figures."
            for error in record["errors"][:1]:
                when, why = f" during {error['during']}" if error["during"] else "", error["sentence"]
            found.append(f"B failed{when}: {why}")
    return list(dict.fromkeys(found))


def notes_on(base: Group, head: Group) -> list[str]:
    """What also differs, and what one should know, without being unfair."""
    a, b = base.records[0], head.records[0]
    places = (("A", a.get("interleave", {})), ("B", b.get("interleave", {})))
    found = [f"{side} is {place['configuration']}" for side, place in places if "configuration" in place]
    for name, one, other in (
        ("onpage", base.onpage, head.onpage),
        ("warm-up runs", *(str(record["plan"]["warmup"]) for record in (a, b))),
        ("precision", *(str(record["plan"].get("precision", "auto")) for record in (a, b))),
        ("engine version", a["engine"]["version"], b["engine"]["version"]),
        ("browser version", *((record["browser"] or {}).get("version") for record in (a, b))),
        ("browser flags", *(" ".join((record["browser"] or {}).get("flags", ())) for record in (a, b))),
    ):
        if one != other:
            found.append(f"{name}: A {one or 'none'}, B {other or 'none'}")
    software = [side for side, group in (("A", base), ("B", head)) if any(r["software"] for r in group.records)]
    if software:
        found.append(f"{' and '.join(software)} ran on a software adapter: no GPU's figures")
    for side, group in (("A", base), ("B", head)):
        if any(record["status"] == "partial" for record in group.records):
            found.append(f"{side} is not complete: something failed on the way")
    checked = [any(record["correctness"]["ok"] is not None for record in group.records) for group in (base, head)]
    if checked == [True, False]:
        found.append("A's text was checked against the weights and B's was not, so B may compute something else")
    if any(record["correctness"]["ok"] is False or record["status"] == "failed" for record in base.records):
        found.append("A failed, or its answer to the known prompt was wrong: its speed says nothing about B's")
    return found
