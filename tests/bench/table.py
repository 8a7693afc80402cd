"""Rounds of figures as a table: medians, each with the least and the most that was seen."""

import statistics


def spread(values, digits):
    least, median, most = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return median if least == most else f"{median} ({least} to {most})"


def median_of(figures, column):
    return statistics.median(each[column] for each in figures)


def rows(rounds, columns):
    """`rounds` has a list of figures for each peer; `columns` are (figure, digits). The first peer is held against
    each, by the first column."""
    first, compared = next(iter(rounds)), columns[0][0]
    yield ["", *(column for column, _ in columns), f"{first} by {compared}"]
    for peer, figures in rounds.items():
        seen = [
            spread([each[column] for each in figures], digits) if column in figures[0] else ""
            for column, digits in columns
        ]
        yield [peer, *seen, f"{median_of(rounds[first], compared) / median_of(figures, compared):.2f} times"]


def show(title, rounds, columns):
    lines = list(rows(rounds, columns))
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    print(f"\n{title}")
    for name, *cells in lines:
        print("  ".join([name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:]))]))
