"""What the views of dumplings and chefs are made of, in a real browser but without a connection."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from playwright.async_api import Page

from support.browser import needs_a_browser
from support.hub_peers import dumpling
from support.page_modules import call

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


def anything(chance: random.Random, depth: int = 0) -> Any:
    """A JSON value, with what may trip who looks for where it ends."""
    text = "".join(chance.choices('a"\\{}[]:, \n\té€\u202e😀\x00', k=chance.randrange(8)))
    kind = chance.randrange(7 if depth < 5 else 5)
    if kind < 5:
        return [text, chance.random() * 10 ** chance.randrange(-9, 9), True, None, -7][kind]
    size = chance.randrange(4)
    if kind == 5:
        return [anything(chance, depth + 1) for _ in range(size)]
    return {f"{text}{each}": anything(chance, depth + 1) for each in range(size)}


async def test_what_is_scanned_out_of_json_text_is_what_a_parser_makes_of_it(
    open_page: Page,
) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    values = [anything(chance) for _ in range(300)]
    texts = [json.dumps(v, ensure_ascii=n % 2 == 0, indent=n % 3) for n, v in enumerate(values)]
    wrong = await call(
        open_page,
        """const { children, decoded, endOf } = await import("/json-scan.js");
        function built(json, start) {
          const raw = json.slice(start, endOf(json, start));
          const parts = "[{".includes(raw[0]) ? [...children(json, start)] : [];
          if (raw[0] === "[") return parts.map((one) => built(json, one.start));
          const member = (one) => [decoded(one.key), built(json, one.start)];
          if (raw[0] === "{") return Object.fromEntries(parts.map(member));
          return raw[0] === '"' ? decoded(raw) : JSON.parse(raw);
        }
        return given.filter((json) =>
          JSON.stringify(built(json, 0)) !== JSON.stringify(JSON.parse(json)));""",
        texts,
    )
    assert wrong == [], f"with seed {seed}"


async def test_a_glance_finds_the_metadata_wherever_they_are_and_of_no_dumpling_nothing(
    open_page: Page,
) -> None:
    usual = {"chef": "C", "creation_time": 1.5, "driver": "interval", "kitchen": None}
    payload = {"metadata": {"chef": "no"}, "x": '"metadata":'}
    lines = [
        json.dumps({"metadata": usual, "payload": payload}),
        json.dumps({"payload": payload, "other": [], "metadata": usual}),
        *("", "{", "[]", "null", '"x"', '{"metadata":3,"payload":1}', '{"payload":1}', '{"a" 1}'),
        '{"metadata":{"chef":null},"payload":1}',
        '{"metadata":{"chef":"C","pad":"' + "x" * 10_000 + '"},"payload":1}',
    ]
    found = await call(
        open_page,
        """const { glance } = await import("/json-scan.js");
        return given.map((line) => {
          const says = glance(line);
          return says && { ...says, payload: line.slice(says.payload, says.payload + 12) };
        });""",
        lines,
    )
    seen = {
        "chef": "C", "kitchen": None, "driver": "interval", "time": 1.5, "payload": '{"metadata":',
    }  # fmt: skip
    assert found == [seen, seen, *[None] * 10]


async def test_a_feed_keeps_the_latest_within_its_bounds_of_number_and_bytes(
    open_page: Page,
) -> None:
    told = await call(
        open_page,
        """const { Feed } = await import("/feed.js");
        const few = new Feed({ entries: 3 });
        few.add(["a", "b"]);
        few.addGap({ missed: 1 }, 7);
        const before = few.frozen();
        few.add(["c", "d"]);
        const small = new Feed({ bytes: 100 });
        small.add(Array(30).fill("0123456789"));
        const narrow = small.length;
        small.add(Array(30).fill("012345678€"));
        return {
          kept: [0, 1, 2, 3, 4, 5].map((number) => few.at(number) ?? null),
          dumplings: few.dumplings, first: few.first, next: few.next,
          frozen: [0, 1, 2, 3].map((number) => before.at(number) ?? null),
          narrow, wide: small.length, bytes: small.bytes,
        };""",
    )
    assert told == {
        "kept": [None, None, {"missed": 1, "time": 7}, "c", "d", None],
        "dumplings": 2,
        "first": 2,
        "next": 5,
        "frozen": ["a", "b", {"missed": 1, "time": 7}, None],
        "narrow": 10,
        "wide": 5,
        "bytes": 100,
    }


async def test_a_search_goes_back_in_slices_forward_with_what_comes_and_says_what_it_left_out(
    open_page: Page,
) -> None:
    told = await call(
        open_page,
        """const { Feed } = await import("/feed.js");
        const { Found, matcher, MOST_WAITING } = await import("/search.js");
        const feed = new Feed({ entries: 100_000 });
        const line = (n) => given.replace("PAYLOAD", n % 10 ? n : `caf\\\\u00E9 ${n}`);
        feed.add(Array.from({ length: 1000 }, (_, n) => line(n)));
        const found = new Found(feed, matcher({ chef: "C", text: "CAFé" }));
        let slices = 0;
        const numbers = () => Array.from({ length: found.count }, (_, at) => found.numberAt(at));
        for (let more = true; more; slices += 1) {
          let left = 300;
          more = found.step(() => left-- > 0);
          if (slices === 0) var first = numbers();
        }
        feed.add([line(1000), line(1001)]);
        found.step(() => true);
        const all = numbers();
        const places = all.every((number, at) => found.placeOf(number) === at);
        feed.add(Array.from({ length: 2 * MOST_WAITING }, (_, n) => line(1002 + n)));
        found.step(() => true);
        return { slices, first: first.at(0), all, places, missing: found.placeOf(7),
          unsearched: found.unsearched, count: found.count };""",
        dumpling("PAYLOAD", chef="C"),
    )
    assert told["slices"] == 4
    assert told["first"] == 700  # the latest are found first
    assert told["all"] == list(range(0, 1001, 10))
    assert told["places"]
    assert told["missing"] == -1
    assert told["unsearched"] == 35_000
    assert told["count"] == 101 + 500


SOUGHT = [
    ('say "hi"', 'you SAY "Hi"!'),
    ("gr\u00dc\u00dfe", "Gr\u00fc\u00dfe"),
    ("a\\b", "A\\B"),
    ("a.b", "x a.b"),
    ("</b>", "<b></B>"),
    ("\U0001f95f", "\U0001f95f\U0001f95f"),
    ("-]^$*+?{}|(", "-]^$*+?{}|("),
    ("1,2", "1,2"),
]


def escaped(text: str) -> str:
    """JSON as careful writers have it: for HTML, and for ASCII."""
    units = memoryview(text.encode("utf-16-le")).cast("H")
    return "".join(
        "\\\\" if unit == 92 else f"\\u{unit:04X}" if unit > 127 or unit in b'"<>' else chr(unit)
        for unit in units
    )


async def test_a_text_is_found_whatever_its_case_and_however_json_writes_it(
    open_page: Page,
) -> None:
    every = [
        (sought, written)
        for sought, text in SOUGHT
        for written in (json.dumps(text), json.dumps(text, ensure_ascii=False), escaped(text))
    ]
    others = [("a.b", '"axb"'), ("a\\b", '"a\\b"'), ("n", '"\\u0041"'), ("\u00fc", '"u"')]
    found = await call(
        open_page,
        """const { patternOf } = await import("/pattern.js");
        return given.map(([sought, json]) => patternOf(sought).test(json));""",
        every + others,
    )
    assert dict(zip(every + others, found, strict=True)) == {
        **dict.fromkeys(every, True),
        **dict.fromkeys(others, False),
    }


async def test_what_the_feed_no_longer_has_is_not_found_any_more(open_page: Page) -> None:
    told = await call(
        open_page,
        """const { Feed } = await import("/feed.js");
        const { Found, matcher } = await import("/search.js");
        const feed = new Feed({ entries: 10 });
        feed.add([..."ababab"]);
        const found = new Found(feed, matcher({ text: "a" }));
        found.step(() => true);
        const moved = [found.moved];
        feed.add([..."ababab"]); // takes the place of the first two
        found.step(() => true);
        moved.push(found.moved);
        feed.add([..."bbbbbbbb"]);
        found.step(() => true);
        moved.push(found.moved);
        return { moved, count: found.count, last: found.numberAt(0) };""",
    )
    assert told == {"moved": [3, 2, -2], "count": 1, "last": 10}


BAD_HINTS: list[Any] = [
    None, 7, "bars", [], [["view", "bars"]],
    {"view": "script"}, {"view": "constructor"}, {"view": ["bars"]}, {"view": None},
    {"title": "x" * 81}, {"title": 3}, {"of": "packet_counts"}, {"of": ["x"] * 9},
    {"of": [0]}, {"of": ["x" * 65]}, {"of": [""]},
    {"rate": "yes"}, {"rate": 1}, {"value": ["count"]},
    {"columns": ["x"] * 13}, {"columns": {"length": 3}}, {"key": None}, {"conflict": 1},
    {"unit": "x" * 17}, {"unit": {"toString": "x"}},
]  # fmt: skip


async def test_a_hint_with_anything_wrong_in_it_is_none(open_page: Page) -> None:
    good = {"title": "T", "view": "table", "of": ["a"], "rate": False, "columns": ["b"], "unit": ""}
    checked = await call(
        open_page,
        """const { checked, hintFor } = await import("/hints.js");
        const evil = JSON.parse('{"__proto__": {"view": "bars"}, "view": "text", "more": 1}');
        return {
          bad: given.bad.map(checked),
          good: checked(given.good),
          evil: JSON.stringify(checked(evil)),
          own: hintFor("ARPChef", [{ displays: { ARPChef: { view: "x" } } }]).view,
          announced: hintFor("ARPChef", [
            { displays: {} }, { displays: { ARPChef: { view: "text" } } },
          ]).view,
          strange: ["__proto__", "constructor", "toString"].map(
            (chef) => hintFor(chef, [{ displays: {} }])),
        };""",
        {"bad": BAD_HINTS, "good": good},
    )
    assert checked["bad"] == [None] * len(BAD_HINTS)
    assert checked["good"] == good
    assert checked["evil"] == '{"view":"text"}'
    assert checked["own"] == "table"  # what is announced wrongly is as if it were not
    assert checked["announced"] == "text"
    assert checked["strange"] == [None] * 3


async def test_counters_that_begin_anew_have_no_rate_until_they_have_grown_again(
    open_page: Page,
) -> None:
    rates = await call(
        open_page,
        """const { BarsCard } = await import("/card-bars.js");
        const { Fields } = await import("/fields.js");
        const card = new BarsCard({ rate: true });
        const state = card.newState();
        const fields = new Fields(true);
        return given.map(([time, TCP]) => {
          card.take(state, { TCP }, { time });
          fields.take({ TCP }, time);
          return [state.rates?.get("TCP") ?? null, fields.numbers.get("TCP").latest ?? null];
        });""",
        [[0, 100], [5, 150], [10, 20], [15, 120], [15, 130], [14, 140], [24, 150]],
    )
    bars = [each[0] for each in rates]
    assert bars == [None, 10, None, 20, None, None, 1]
    assert all(rate is None or rate >= 0 for _, rate in rates)
    assert rates[1][1] == 10
    assert rates[3][1] == 20


async def test_of_a_payload_only_so_much_is_looked_at_and_what_is_left_out_is_counted(
    open_page: Page,
) -> None:
    told = await call(
        open_page,
        """const { Fields } = await import("/fields.js");
        const fields = new Fields(false);
        fields.take(JSON.parse(given), 1);
        const paths = [...fields.numbers.keys()];
        for (let time = 2; time < 60; time += 1) fields.take({ fresh: time, say: "x" }, time);
        return { paths, now: fields.numbers.has("fresh"),
          points: fields.numbers.get("fresh").values.length, polluted: ({}).polluted ?? null };""",
        json.dumps(
            {"a": {"b": {"c": 1}}, "__proto__": {"polluted": 1}, "list": [1, 2]}
            | {f"n{each}": each for each in range(10_000)}
        ),
    )
    assert told["paths"][:2] == ["a \u203a b \u203a c", "__proto__ \u203a polluted"]
    assert len(told["paths"]) == 24
    assert told["now"]  # fields that are not seen any more make way
    assert told["points"] == 9
    assert told["polluted"] is None


async def test_no_payload_breaks_any_card_whatever_the_hint(open_page: Page) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    keys = ["a", "b", "__proto__", "constructor", "length", ""]

    def payload(depth: int = 0) -> Any:
        if depth > 3 or chance.random() < 0.3:
            return anything(chance, 5)
        if chance.random() < 0.3:
            return [payload(depth + 1) for _ in range(chance.randrange(4))]
        return {key: payload(depth + 1) for key in chance.sample(keys, chance.randrange(5))}

    def hint() -> dict[str, Any]:
        every: dict[str, Any] = {
            "of": chance.choices(keys[:5], k=chance.randrange(2)),
            "rate": chance.random() < 0.5,
            "value": chance.choice(keys[:5]),
            "columns": chance.choices(keys[:5], k=chance.randrange(4)),
            "key": chance.choice(keys[:5]),
            "conflict": chance.choice(keys[:5]),
            "title": anything(chance, 5),
        }
        some = {key: every[key] for key in every if chance.random() < 0.5}
        return some | {"view": chance.choice(["bars", "top", "table", "lines", "text"])}

    cases = [
        {"hint": hint(), "payloads": json.dumps([payload() for _ in range(8)])} for _ in range(200)
    ]
    broken = await call(
        open_page,
        """const { ChefCard } = await import("/cards.js");
        const { checked } = await import("/hints.js");
        return given.filter(({ hint, payloads }) => {
          const card = new ChefCard("C", checked(hint), () => {});
          try {
            JSON.parse(payloads).forEach((payload, time) => {
              card.take({ kitchen: time % 3 ? "k" : null, time: time % 5, payload });
              card.draw(undefined, () => true);
            });
          } catch (error) {
            return true;
          }
          return ({}).polluted !== undefined;
        });""",
        cases,
    )
    assert broken == [], f"with seed {seed}"
