#!/usr/bin/env python3
"""Writes bracket.stl: a small L-bracket with a screw hole in each flange, one closed shell, lengths in mm."""

import math
import struct
import sys

LENGTH, WIDTH, HEIGHT, THICKNESS, HOLE_RADIUS, SEGMENTS = 20.0, 12.0, 14.0, 3.0, 2.0, 48


def plate_with_hole(corners, centre, flip):
    """Triangles of a rectangle with a round hole; no vertex is added to the rectangle's edges, so neighbours meet it exactly."""
    circle = [(centre[0] + HOLE_RADIUS * math.cos(a), centre[1] + HOLE_RADIUS * math.sin(a))
              for a in (math.tau * (i / SEGMENTS - 3 / 8) - math.pi / 4 for i in range(SEGMENTS))]
    quarter = SEGMENTS // 4
    triangles = []
    for k, corner in enumerate(corners):
        for i in range(k * quarter, (k + 1) * quarter):
            triangles.append((corner, circle[(i + 1) % SEGMENTS], circle[i]))
        triangles.append((corner, corners[(k + 1) % 4], circle[(k + 1) * quarter % SEGMENTS]))
    return [t[::-1] for t in triangles] if flip else triangles, circle


def tube(circle, near, far, flip):
    """The wall of a hole between two planes; near and far turn a point of the circle into space."""
    quads = [(near(a), near(b), far(b), far(a)) for a, b in zip(circle, circle[1:] + circle[:1])]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return [t[::-1] for t in triangles] if flip else triangles


def bracket():
    l, w, h, t = LENGTH, WIDTH, HEIGHT, THICKNESS
    out = []

    hole = ((t + l) / 2, w / 2)
    bottom, circle = plate_with_hole([(0, 0), (l, 0), (l, w), (0, w)], hole, flip=True)
    top, _ = plate_with_hole([(t, 0), (l, 0), (l, w), (t, w)], hole, flip=False)
    out += [[(x, y, 0) for x, y in f] for f in bottom] + [[(x, y, t) for x, y in f] for f in top]
    out += tube(circle, lambda p: (p[0], p[1], 0), lambda p: (p[0], p[1], t), flip=True)

    hole = (w / 2, (t + h) / 2)
    back, circle = plate_with_hole([(0, 0), (w, 0), (w, h), (0, h)], hole, flip=True)
    inner, _ = plate_with_hole([(0, t), (w, t), (w, h), (0, h)], hole, flip=False)
    out += [[(0, y, z) for y, z in f] for f in back] + [[(t, y, z) for y, z in f] for f in inner]
    out += tube(circle, lambda p: (0, p[0], p[1]), lambda p: (t, p[0], p[1]), flip=True)

    out += [[(l, 0, 0), (l, w, 0), (l, w, t)], [(l, 0, 0), (l, w, t), (l, 0, t)]]
    out += [[(0, 0, h), (t, 0, h), (t, w, h)], [(0, 0, h), (t, w, h), (0, w, h)]]
    side = [((0, 0), (l, 0), (l, t)), ((0, 0), (l, t), (t, t)), ((0, 0), (t, t), (0, h)), ((t, t), (t, h), (0, h))]
    out += [[(x, 0, z) for x, z in f] for f in side] + [[(x, w, z) for x, z in reversed(f)] for f in side]
    return out


def normal(a, b, c):
    u, v = [q - p for p, q in zip(a, b)], [q - p for p, q in zip(a, c)]
    n = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    length = math.sqrt(sum(x * x for x in n))
    return [x / length for x in n]


if __name__ == "__main__":
    facets = bracket()
    with open(sys.argv[1] if len(sys.argv) > 1 else "bracket.stl", "wb") as stl:
        stl.write(b"Touchmark sample: L-bracket".ljust(80) + struct.pack("<I", len(facets)))
        for facet in facets:
            stl.write(struct.pack("<12fH", *normal(*facet), *(x for p in facet for x in p), 0))
