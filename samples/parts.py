#!/usr/bin/env python3
"""Writes spacer.stl, knob.stl and clip.stl: what the demonstration has besides the bracket. Each is one closed shell, lengths in mm."""

import math
import pathlib
import struct
import sys

from bracket import normal


def arc(radius, start, end, steps):
    """Points of an arc, degrees; a function of the angle as radius makes lobes."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(r * math.cos(a), r * math.sin(a)) for a in angles for r in [radius(a) if callable(radius) else radius]]


def band(outer, inner, height, closed):
    """What lies between two curves with as many points each, from 0 to height: a ring, or a bow with two ends."""
    if closed:
        outer, inner = outer[:-1] + outer[:1], inner[:-1] + inner[:1]
    out = []

    def quad(a, b, c, d):
        out.extend([(a, b, c), (a, c, d)])

    def low(p):
        return (p[0], p[1], 0.0)

    def high(p):
        return (p[0], p[1], height)

    for o, p, i, j in zip(outer, outer[1:], inner, inner[1:]):
        quad(high(o), high(p), high(j), high(i))
        quad(low(o), low(i), low(j), low(p))
        quad(low(o), low(p), high(p), high(o))
        quad(low(i), high(i), high(j), low(j))
    if not closed:
        quad(low(outer[0]), high(outer[0]), high(inner[0]), low(inner[0]))
        quad(low(outer[-1]), low(inner[-1]), high(inner[-1]), high(outer[-1]))
    return out


PARTS = {
    "spacer": lambda: band(arc(8, 0, 360, 72), arc(4.2, 0, 360, 72), 6.0, closed=True),
    "knob": lambda: band(arc(lambda a: 14 + 1.2 * math.cos(8 * a), 0, 360, 144), arc(4, 0, 360, 144), 12.0, closed=True),
    "clip": lambda: band(arc(9, 40, 320, 72), arc(6.5, 40, 320, 72), 8.0, closed=False),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    for name, make in PARTS.items():
        facets = make()
        with open(folder / f"{name}.stl", "wb") as stl:
            stl.write(f"Touchmark sample: {name}".encode().ljust(80) + struct.pack("<I", len(facets)))
            for facet in facets:
                stl.write(struct.pack("<12fH", *normal(*facet), *(x for p in facet for x in p), 0))
