// One stream for all tabs: a browser opens six connections to a server and no more, and each tab would keep one of them.
// Whoever has the lock listens and passes on; when that tab goes, the next one has it.

import { listen } from "/sandbox/page/events.js";

const NAME = "postern-sandbox-events";

export function listenTogether(onEvent, onState) {
    if (!navigator.locks) {
        listen(onEvent, onState);
        return;
    }
    const channel = new BroadcastChannel(NAME);
    let state = null; // while it is this tab that listens
    const actions = { event: onEvent, state: onState, ask: () => state && channel.postMessage(["state", state]) };
    channel.addEventListener("message", ({ data: [kind, ...values] }) => actions[kind](...values));
    channel.postMessage(["ask"]);
    navigator.locks.request(NAME, () =>
        listen(
            (name, data) => {
                channel.postMessage(["event", name, data]);
                onEvent(name, data);
            },
            (now) => {
                state = now;
                channel.postMessage(["state", now]);
                onState(now);
            },
        ),
    );
}
