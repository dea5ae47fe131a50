#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One song through the whole machine: harness, QEMU, nanont, driver, card, and back.

usage: song_test.py FILE.mid [OPTION of "mpulab play"]...
       song_test.py --draw K/N FOLDER      a song drawn from every N-th of the folder's, beginning with the K-th

The expected bytes and times come from the oracle (smf_oracle.py), the seen ones from the event log by the tests' own
reader; what mpulab itself says is checked last.
"""
import hashlib
import os
import pathlib
import random
import sys

import eventlog
import mpulab
import smf_oracle
import song_checks


def drawn(share, folder):
    """A song of the folder; prints the seed. MPULAB_SAMPLE_SEED draws it again."""
    first, step = (int(number) for number in share.split("/"))
    songs = sorted(pathlib.Path(folder).glob("*.mid"))[first - 1 :: step]
    if not songs:
        sys.exit(f"no song in share {share} of {folder}; next: scripts/bootstrap --test")
    seed = int(os.environ.get("MPULAB_SAMPLE_SEED") or random.SystemRandom().randrange(2**32))
    song = random.Random(seed).choice(songs)
    print(f"{song.name}, drawn by seed {seed} from share {share}; again: MPULAB_SAMPLE_SEED={seed}")
    return song


def main(song, *options):
    if song == "--draw":
        song, options = drawn(*options), ()
    events, readers = smf_oracle.expected(song)
    with mpulab.Scratch() as folder:
        run = mpulab.play(song, folder / "out", *options)
        if run.status != mpulab.PASSED:
            print(run)
            return 1
        try:
            song_checks.all_of_it(run.records, events)
            low, high, free = song_checks.events_on_time(run.records, events)
        except song_checks.Wrong as wrong:
            print(f"{song}: {wrong}\n{run}")
            return 1
        result = run.result
        digest = hashlib.sha256(run.file(mpulab.EVENT_LOG).read_bytes()).hexdigest()
        said = (result["verdict"], result["event_log_sha256"])
        if said != ("passed", digest):
            print(f"mpulab says {said}, the event log's sum is {digest}")
            return 1
        interrupts = eventlog.of_kind(run.records, "INTERRUPT")
        if not any(r.b == 1 for r in interrupts):
            print(f"{len(interrupts)} interrupts; none claimed; the capture needs some")
            return 1
        print(f"{len(events)} events ({readers}), {len(run.records)} records, {free} events with room on the wire, zero of "
              f"the song known to {high - low} ns, {len(interrupts)} interrupts, sha256 {digest}")
        if leftovers := mpulab.machines_of(run.out):
            print(f"machines still running: {leftovers}")
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or "--help" in sys.argv:
        print(__doc__.strip())
        sys.exit(64)
    sys.exit(main(*sys.argv[1:]))
