"""The pages inside a bundle: index.html and LEESMIJ.txt, which open without a network.

They tell the records as sentences, as the timeline does, and how to check them. They are aids:
nothing proves them, and they say so. No script, no style or picture from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from msgspec import Struct

from ledger.log.bundle import Outline, Stretch
from projections.views import Doc
from projections.words import moment_in_words, word

MAX_TOLD: Final = 5000
"""How many records the page tells; a page of more is of no use to anybody."""

STYLE: Final = """\
body{font:1rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:60rem;
margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;
padding:.15rem .8rem .15rem 0}
article{border-top:1px solid #767676;padding:.6rem 0}article h3{margin:.2rem 0;font-size:1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
pre{background:#f3f3f3;padding:.6rem;white-space:pre-wrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.3rem 0}
dt{color:#505050}dd{margin:0}
"""

PAGE: Final = """\
<!doctype html>
<html lang="nl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head>
<body>
<main>
<h1>{title}</h1>
<p>{selected}</p>
<h2>Waar dit uit komt</h2>
<table>
<tr><th scope="row">Keten</th><td>{chain}</td></tr>
<tr><th scope="row">Log</th><td><code>{origin}</code></td></tr>
<tr><th scope="row">Controlepunt</th><td>{size} vastleggingen</td></tr>
<tr><th scope="row">Niet getoond</th><td>{hidden}</td></tr>
<tr><th scope="row">Weggelaten bij openbaarmaking</th><td>{withheld}</td></tr>
</table>
<h2>Zo controleert u deze bundel</h2>
{check}
<h2>Vastleggingen</h2>
{told}
</main>
</body>
</html>
"""

CHECK: Final = """\
<p>Deze bladzijde is een leeswijzer: niets bewijst haar. Wat wel te bewijzen is, staat in de andere
bestanden van de bundel. Pak de bundel niet uit, maar controleer het zipbestand zelf, met Python
3.11 of nieuwer:</p>
<pre>python3 verify.py {file} --expect-key '{key}'</pre>
<p>Neem <code>verify.py</code>, de sleutel en het beleid van elders dan uit deze bundel: van de
keten, van een partner of uit een eerdere bundel. De sleutel hierboven is die van de maker. Met
<code>--expect-checkpoint</code> houdt u het log tegen een controlepunt dat u eerder kreeg, met
<code>--policy</code> tegen de getuigen die u zelf vertrouwt; alleen dan is te zien dat er geen
tweede versie van het log is. Uitkomst 0 is bewezen, 2 niet bewezen, 3 niet te zeggen.</p>
"""

README: Final = """\
{title}
{line}

{selected}

Dit is een bewijsbundel. Zij bewijst zonder netwerk en zonder ons dat deze vastleggingen zo in het
log van de keten staan.

  Keten          {chain}
  Log            {origin}
  Controlepunt   {size} vastleggingen
  Niet getoond   {hidden}
  Weggelaten     {withheld}

Lezen:         open index.html
Controleren:   python3 verify.py {file} --expect-key '{key}'

Neem verify.py, de sleutel, het beleid en eerdere controlepunten van elders dan uit deze bundel: wie
een bundel vervalst, vervalst ook wat erbij zit. Controleer het zipbestand zelf; pak het niet uit.

  --expect-key SLEUTEL          de sleutel van dit log, zoals de keten of een partner die u gaf
  --expect-checkpoint BESTAND   een controlepunt dat u eerder kreeg: het log moet daarop verdergaan
  --policy BESTAND              de getuigen die u vertrouwt, en hoeveel er moeten tekenen

Uitkomst 0: bewezen tegen wat u opgaf. 2: niet bewezen, met de eerste breuk. 3: niet te zeggen,
want u gaf niets op.

Wat dit niet bewijst: dat wat is vastgelegd waar is, dat de regels zijn gevolgd (daarvoor is er de
audit) en wat index.html, de schema's en dit bestand zeggen.

  records/ of tile/entries/   de vastleggingen, byte voor byte
  proofs/                     waarmee is na te rekenen dat zij in het log staan
  checkpoint, policy          het getekende controlepunt, en wie er tekenen
  disclosures/                wat verzegelde velden betekenen, waar u dat mag lezen
  schemas/                    de velden van elke soort gebeurtenis die voorkomt
  manifest.json               grootte en SHA-256 van elk bestand
"""


class Heading(Struct, frozen=True):
    """What stands above both pages."""

    title: str
    selected: str
    key: str
    unseen: int = 0
    warning: str = ""
    withheld: Sequence[tuple[Mapping[str, Any], str]] = ()
    """What was left out by choice (its position, and its field if that is all), and the ground."""

    def fields(self, outline: Outline, file: str = "bundel.zip") -> dict[str, object]:
        """Return what both pages are filled in with."""
        left_out = sum(1 for one, _ in self.withheld if "field" not in one)
        hidden = outline.hidden + self.unseen - left_out
        return {
            "title": self.title,
            "selected": self.selected,
            "key": self.key,
            "file": file,
            "chain": outline.chain,
            "origin": outline.origin,
            "size": outline.size,
            "hidden": f"{hidden} die u niet mag lezen" if hidden else "niets",
            "withheld": f"{len(self.withheld)}, hieronder genoemd" if self.withheld else "niets",
        }


class Told(Struct, frozen=True):
    """A record as the page tells it: its entry in the timeline, its leaf hash, what is sealed.

    `sealed` gives by field the value, or None where it stays closed; `erased` by field why: it is
    gone, or was left out.
    """

    entry: Doc
    leaf_hash: str
    sealed: Mapping[str, str | None]
    erased: Mapping[str, str]


def readme(heading: Heading, outline: Outline) -> bytes:
    """Return LEESMIJ.txt."""
    line = "=" * len(heading.title)
    text = README.format(line=line, **heading.fields(outline))
    left_out = "".join(f"  {line}\n" for line in _left_out(heading))
    return (text + (f"\nWeggelaten bij openbaarmaking:\n\n{left_out}" if left_out else "")).encode()


def index(heading: Heading, outline: Outline, articles: Sequence[str], *, more: int) -> bytes:
    """Return index.html with these articles; `more` records follow that it does not tell."""
    filled = {name: escape(str(value)) for name, value in heading.fields(outline).items()}
    rest = f"<p>Nog {more} vastleggingen staan in de bundel zelf.</p>" if more else ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in _left_out(heading))
    left_out = f"<h3>Weggelaten bij openbaarmaking</h3><ul>{lines}</ul>" if lines else ""
    told = left_out + "\n".join(articles) + rest
    page = PAGE.format(style=STYLE, check=CHECK.format(**filled), told=told, **filled)
    return page.encode()


def article(told: Told) -> str:
    """Return one record as people read it."""
    entry = told.entry
    lines = [("leafhash", f"<code>{told.leaf_hash}</code>"), *_facts(entry), *_sealed(told)]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{said}</dd>" for name, said in lines)
    position = entry["position"]
    return (
        f'<article id="v{position}"><h3>{position}. {escape(entry["sentence"])}</h3>'
        f"<dl>{facts}</dl></article>"
    )


def _left_out(heading: Heading) -> list[str]:
    """Return a line for each thing that was left out by choice."""
    return [
        f"nummer {one['position']}{', ' + one['field'] if 'field' in one else ''}: {ground}"
        for one, ground in heading.withheld
    ]


def selected_words(outline: Outline, about: str) -> str:
    """Return in a sentence what a bundle holds, and what it does not prove."""
    if isinstance(outline.selection, Stretch):
        start, until = outline.selection
        return (
            f"Alle vastleggingen van nummer {start} tot en met {until - 1}: er is er geen "
            "weggelaten. Van wat u niet mag lezen staat er alleen een hash."
        )
    return (
        f"De vastleggingen over {about}: van de zaak zelf, van de besluiten die zij noemt of die "
        "haar noemen, en waarop die berusten. Dit is een keuze. Van elke vastlegging is bewezen "
        "dat zij zo in het log staat, niet dat er verder niets over is vastgelegd."
    )


def _facts(entry: Doc) -> Iterable[tuple[str, str]]:
    """Give who, when, on what authority and for whom, ready for the page."""
    yield "gebeurd", escape(moment_in_words(entry["on"]))
    yield "vastgelegd", escape(moment_in_words(entry["at"]))
    by = "volgt uit de regels" if entry["by"] == "rules" else entry["by"]
    yield "door", escape(by)
    if "recordedBy" in entry:
        yield "ingevoerd door", escape(entry["recordedBy"])
    for one in entry.get("capacities", []):
        at = one["position"]
        yield "krachtens", f'{escape(one["text"])} (<a href="#v{at}">nummer {at}</a>)'
    if "cause" in entry:
        yield "gevolg van", f'<a href="#v{entry["cause"]}">nummer {entry["cause"]}</a>'
    if "imported" in entry:
        yield "overgenomen uit", escape(str(entry["imported"].get("name", "")))
    yield "soort", f"<code>{escape(entry['type'])}</code>"
    yield "te lezen voor", escape(word(entry["scope"]))


def _sealed(told: Told) -> Iterable[tuple[str, str]]:
    for name, value in told.sealed.items():
        if value is not None:
            yield name, f"{escape(value)} (verzegeld, voor u geopend)"
        elif name in told.erased:
            yield name, escape(told.erased[name])
        else:
            yield name, "verzegeld"
