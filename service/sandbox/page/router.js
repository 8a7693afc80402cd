// What is open stands behind the # of the address: "#/messages/ID/dialogue". So it can be gone back to, and be passed on.

let onRoute = () => {};

function decode(step) {
    try {
        return decodeURIComponent(step);
    } catch {
        return step;
    }
}

export function parse(hash) {
    const [place = "", id = "", view = ""] = hash.replace(/^#\/?/, "").split("/").map(decode);
    return { place, id, view };
}

export const current = () => parse(location.hash);

export function address(...steps) {
    return `#/${steps.filter(Boolean).map(encodeURIComponent).join("/")}`;
}

export function go(...steps) {
    if (location.hash === address(...steps)) {
        onRoute(current());
    } else {
        location.hash = address(...steps);
    }
}

// Without a step in the history: for what is gone through with the arrow keys.
export function replace(...steps) {
    history.replaceState(null, "", address(...steps));
    onRoute(current());
}

export function start(action) {
    onRoute = action;
    addEventListener("hashchange", () => {
        if (location.hash === "" || location.hash.startsWith("#/")) {
            onRoute(current());
        }
    });
    onRoute(current());
}
