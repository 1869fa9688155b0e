"""Wrong versions of the verifier that are right after all, each with the reason."""

NEVER_SO_HIGH = "the numbers are below 2^253, so one bit more to look at is a zero"
NEUTRAL = "of two neutral points only the product of the fourth numbers counts, and one is zero"
ROUNDED = "the division is rounded down, and gives the same number"
DEPTH = "how deep a value stands counts only where it is set out in lines"
AGAIN = "the tile is then checked in the plain way, and the same is said of it"
LET_GO = "a pipe is closed as well when nobody holds on to it any more"

EQUIVALENT: dict[str, str] = {
    "_point: 3 -> 4": ROUNDED,
    "_point: P - 1 -> P + 1": ROUNDED,
    "_point: 1 -> 0": ROUNDED,
    "ed25519_holds: 32 -> 33": "a byte more, a zero, is not looked at when the base is read",
    "ed25519_holds: base is None or key is None or lensignature != 64 or s >= ORDER"
    " -> key is None or lensignature != 64 or s >= ORDER": "the base point is always a point",
    "ed25519_holds: 253 -> 254": NEVER_SO_HIGH,
    "ed25519_holds: 0 -> 1": NEUTRAL,
    "ed25519_holds: 0 -> -1": NEUTRAL,
    "range_root: hi <= start -> hi < start": "a left half that ends where the range begins is taken"
    " from the proof by the caller, and a range outside the log is refused by `included`",
    "parsed: 0 -> 1": DEPTH,
    "parsed: 0 -> -1": DEPTH,
    "Bundle.entries: 0 -> -1": "fewer helpers than none are none",
    "answer: Sound | None -> Sound & None": "nobody reads what a name is said to stand for",
    "helpers: there.close -> pass": LET_GO,
    "ahead: pipe.close -> pass": LET_GO,
    "Bundle.taken_over: found.first < self.at -> found.first <= self.at": AGAIN,
    "Bundle.taken_over: found.titles & self.required -> found.titles | self.required": AGAIN,
    "Bundle.__init__: suminfo.compress_size for info in infos <= archive.start_dir"
    " -> suminfo.compress_size for info in infos < archive.start_dir": "each member has a"
    " heading of its own, so the packed bytes alone never fill all the room",
    "Bundle.act: 10 -> 11": "what follows the ten signs of a day never makes it earlier or later"
    " than another whole day",
    "Bundle.included: 0 -> -1": "no member can be named after a negative number",
    "_report: 1 -> 2": "only whether there is one is asked, not what it is",
    "_report: 1 -> 0": "only whether there is one is asked, not what it is",
}
