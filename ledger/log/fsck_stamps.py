"""The time stamps in a check: each over the checkpoint that it says, by an authority we trust.

What a time stamp vouches for is the note as the log alone signed it, so a checkpoint that was made
anew and signed with the same key has none that holds.
"""

from ledger.log.anchoring import fault_over
from ledger.log.flaws import Flaws
from ledger.log.snapshot import Snapshot
from ledger.log.time_stamp import Trusted


def check_stamps(snapshot: Snapshot, trusted: Trusted | None, flaws: Flaws, remarks: Flaws) -> int:
    """Check every time stamp of a chain; return how many. Without certificates they are told."""
    checked = 0
    unchecked = 0
    for anchor, over in snapshot.stamps():
        if trusted is None:
            unchecked += 1
            continue
        checked += 1
        fault = fault_over(snapshot.chain, anchor, over, trusted)
        if fault is not None:
            what = f"De tijdstempel {anchor.file} houdt geen stand: {fault}"
            flaws.add("stamp", anchor.size, what)
    if unchecked:
        what = f"{unchecked} tijdstempels zijn niet nagegaan: hier staat geen certificaat ervoor."
        remarks.add("unchecked-stamp", snapshot.signed, what, count=unchecked)
    return checked
