"""Something done on the side, while the test goes on."""

import threading

from .harness import check, seconds


def in_background(function, *arguments, **more):
    """Returns a function that waits for the result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **more)), daemon=True)
    thread.start()

    def result(timeout=30):
        thread.join(seconds(timeout))
        check(results, "no answer came")
        return results[0]

    return result
