"""What is measured in an opened page that axe does not see: each finding is a sentence.

axe reports text in drawings as incomplete, knows nothing of focus rings, and looks at one width.
"""

from __future__ import annotations

from typing import Any, Final

from api.pages.language import language

TEXT_CONTRAST: Final = 4.5
RING_CONTRAST: Final = 3.0
MAX_FOCUSABLE: Final = 400

COLOURS = """
const parts = (colour) => {
  const found = colour.match(/rgba?\\(([^)]+)\\)/);
  if (!found) return null;
  const [r, g, b, a = "1"] = found[1].split(/[,/ ]+/);
  return { rgb: [r, g, b].map(Number), alpha: Number(a) };
};
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const contrast = (one, other) => {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const found = parts(getComputedStyle(at).backgroundColor);
    if (found && found.alpha === 1) return found.rgb;
  }
  return [255, 255, 255];
};
"""

DRAWN_TEXTS = (
    "(least) => {"
    + COLOURS
    + """
  const under = (text) => {
    text.scrollIntoView({ block: "center", inline: "center" });
    const box = text.getBoundingClientRect();
    const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    for (const at of stack) {
      if (at === text || text.contains(at) || at.matches("text, tspan, title")) continue;
      if (at.ownerSVGElement) {
        const style = getComputedStyle(at);
        if (style.fill === "none") continue;
        const opacity = Number(style.fillOpacity) * Number(style.opacity);
        if (opacity < 1 && opacity > 0) return null;
        if (opacity === 0) continue;
        const filled = parts(style.fill);
        return filled && filled.alpha === 1 ? filled.rgb : null;
      }
      return ground(at);
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const text of document.querySelectorAll("svg text")) {
    const words = text.textContent.trim();
    const box = text.getBoundingClientRect();
    if (!words || !box.width) continue;
    const style = getComputedStyle(text);
    const ink = parts(style.fill);
    const halo = style.paintOrder.startsWith("stroke") && style.stroke !== "none";
    const behind = halo ? (parts(style.stroke) || { rgb: null }).rgb : under(text);
    if (!ink || !behind) found.push(`"${words}": its ground is no plain colour and it has no halo`);
    else if (contrast(ink.rgb, behind) < least)
      found.push(`"${words}": ${contrast(ink.rgb, behind).toFixed(2)}, wanted ${least}`);
  }
  return found;
}"""
)

RINGS = (
    "([least, most]) => {"
    + COLOURS
    + """
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary,"
    + " [tabindex='0']";
  const found = new Set();
  for (const one of [...document.querySelectorAll(wanted)].slice(0, most)) {
    if (!one.checkVisibility()) continue;
    one.focus({ focusVisible: true, preventScroll: true });
    if (document.activeElement !== one) continue;
    const style = getComputedStyle(one);
    const name = `<${one.localName}> "${(one.textContent || one.name || "").trim().slice(0, 30)}"`;
    const ring = style.outlineStyle === "none" ? null : parts(style.outlineColor);
    const second = parts(style.boxShadow);
    if (!ring || parseFloat(style.outlineWidth) < 2) { found.add(`${name}: no ring`); continue; }
    const behind = ground(one.parentElement);
    const rings = [ring, second].filter((each) => each && each.alpha === 1);
    const best = Math.max(...rings.map((each) => contrast(each.rgb, behind)));
    if (best < least) found.add(`${name}: ring ${best.toFixed(2)} on its ground, wanted ${least}`);
  }
  return [...found];
}"""
)

CLIPPED = """() => {
  const found = [];
  const wide = document.documentElement.clientWidth;
  const shown = (one) => one.checkVisibility() && !one.closest(".visually-hidden");
  for (const table of document.querySelectorAll("table")) {
    if (!shown(table)) continue;
    const box = table.getBoundingClientRect();
    if (box.right <= wide + 1) continue;
    const region = table.closest("[tabindex='0'][role=region][aria-label]");
    if (!region || !/auto|scroll/.test(getComputedStyle(region).overflowX))
      found.push(`a table of ${Math.round(box.width)} px stands outside a region that scrolls`);
  }
  for (const one of document.querySelectorAll("main *, header *, nav *, footer *")) {
    if (!shown(one) || one.closest("svg")) continue;
    const style = getComputedStyle(one);
    if (/hidden|clip/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1)
      found.push(`<${one.localName} class="${one.className}"> cuts off what is in it`);
  }
  return found;
}"""

DATES = "() => [...document.querySelectorAll('input[type=date]')].map((one) => one.value)"
NUMBERS = """() => [...document.querySelectorAll("main svg text, main td, main .count")]
  .map((one) => one.textContent.trim()).filter((text) => /^[\\d.,\\s%–-]+$/.test(text))"""


def findings(page: Any, code: str) -> list[str]:
    """Return what is wrong in a page at its own width."""
    found = [f"text in a drawing: {one}" for one in page.evaluate(DRAWN_TEXTS, TEXT_CONTRAST)]
    rings = page.evaluate(RINGS, [RING_CONTRAST, MAX_FOCUSABLE])
    found += [f"focus ring: {one}" for one in rings]
    return found + dates(page, code) + numbers(page, code)


def dates(page: Any, code: str) -> list[str]:
    """Return each date in a field that the page does not repeat in words.

    A browser shows a date field in the order of its own language, not in that of the page.
    """
    text = page.inner_text("body")
    said = {day: language(code).day(day) for day in page.evaluate(DATES) if day}
    return [f"date {day}: {words!r} is not on the page" for day, words in said.items()
            if words not in text]  # fmt: skip


def numbers(page: Any, code: str) -> list[str]:
    """Return each number that stands alone and is not written as this language writes it."""
    decimal, grouping = (",", ".") if code == "nl" else (".", ",")
    return [
        f"number {text!r}: decimals are written with {decimal!r}"
        for text in page.evaluate(NUMBERS)
        if not _written_well(text, decimal, grouping)
    ]


def _written_well(text: str, decimal: str, grouping: str) -> bool:
    """Whether each grouping sign in a row of numbers has three digits behind it."""
    for number in text.replace("%", " ").replace("–", " ").split():
        whole, _, rest = number.strip("-").partition(decimal)
        groups = whole.split(grouping)[1:]
        if grouping in rest or any(len(group) != 3 for group in groups):
            return False
    return True


def clipped(page: Any, width: int) -> list[str]:
    """Return what does not fit in a window of this width."""
    page.set_viewport_size({"width": width, "height": 640})
    taken = page.evaluate("document.documentElement.scrollWidth")
    found = [f"at {width} px: {one}" for one in page.evaluate(CLIPPED)]
    return found + ([f"at {width} px: the page is {taken} px wide"] if taken > width else [])
