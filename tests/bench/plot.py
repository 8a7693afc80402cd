"""Curves as SVG, each in a panel of its own over one logarithmic axis, from zero up, every point with its value."""

import math
from html import escape

WIDTH, PANEL, LEFT, TOP, GAP = 460, 200, 50, 34, 70


def draw(axis, curves):
    """`curves` are (title, [(x, y), ...]), all of the same x above zero."""
    height = TOP + len(curves) * (PANEL + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * LEFT} {height}" font-family="sans-serif" '
        'font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (title, points) in enumerate(curves):
        parts += panel(TOP + number * (PANEL + GAP), axis, title, points)
    return "\n".join([*parts, "</svg>", ""])


def panel(top, axis, title, points):
    first, last = math.log(points[0][0]), math.log(points[-1][0])
    most = max(y for _, y in points) * 1.15
    bottom = top + PANEL
    places = [
        (LEFT + WIDTH * (math.log(x) - first) / (last - first), bottom - PANEL * y / most, x, y) for x, y in points
    ]
    yield f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>'
    yield f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="#999"/>'
    line = " ".join(f"{left:.1f},{up:.1f}" for left, up, _, _ in places)
    yield f'<polyline points="{line}" fill="none" stroke="#0b62a4" stroke-width="2"/>'
    for left, up, x, y in places:
        yield f'<circle cx="{left:.1f}" cy="{up:.1f}" r="3" fill="#0b62a4"/>'
        yield f'<text x="{left:.1f}" y="{up - 8:.1f}" text-anchor="middle">{y:,.0f}</text>'
        yield f'<text x="{left:.1f}" y="{bottom + 16}" text-anchor="middle">{x:,}</text>'
    yield f'<text x="{LEFT + WIDTH / 2:.0f}" y="{bottom + 34}" text-anchor="middle">{escape(axis)}</text>'
