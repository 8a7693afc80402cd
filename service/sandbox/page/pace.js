// When something is done that is asked for more often than it need be.

// When nobody has asked for a while.
export function debounced(waitMs, action) {
    let timer = 0;
    return (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => action(...values), waitMs);
    };
}

// At most one at a time and not all the time, however much happens; never none behind the last request.
export function paced(waitMs, action) {
    let isDue = false;
    let isBusy = false;
    return async () => {
        isDue = true;
        if (isBusy) {
            return;
        }
        isBusy = true;
        while (isDue) {
            await new Promise((resolve) => setTimeout(resolve, waitMs));
            isDue = false;
            await action();
        }
        isBusy = false;
    };
}
