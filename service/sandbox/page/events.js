// What has just happened, as it happens. The stream is opened anew whenever it breaks, sooner where the network or the
// page comes back; each begins with "hello", upon which who listens looks at everything again.

import { ask } from "/sandbox/page/api.js";
import { EventReader } from "/sandbox/page/sse.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SILENCE_MS = 60_000; // the server says something far more often

const wakers = new Set();
let silence = 0;

function wakeUp() {
    wakers.forEach((wake) => wake());
}

function wait(ms) {
    return new Promise((resolve) => {
        const wake = () => {
            clearTimeout(timer);
            wakers.delete(wake);
            resolve();
        };
        const timer = setTimeout(wake, ms);
        wakers.add(wake);
    });
}

async function follow(stream, breakOff, onEvent) {
    const pieces = stream.pipeThrough(new TextDecoderStream()).getReader();
    const reader = new EventReader();
    for (;;) {
        clearTimeout(silence);
        silence = setTimeout(breakOff, SILENCE_MS);
        const { value, done } = await pieces.read();
        if (done) {
            return;
        }
        for (const event of reader.push(value)) {
            onEvent(event.name, JSON.parse(event.data));
        }
    }
}

// Ends only where a key is wanted: with one, the page begins anew.
export async function listen(onEvent, onState) {
    addEventListener("online", wakeUp);
    document.addEventListener("visibilitychange", wakeUp);
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
        const broken = new AbortController();
        try {
            const response = await ask("/sandbox/events", { signal: broken.signal });
            onState("live");
            waitMs = FIRST_WAIT_MS;
            await follow(response.body, () => broken.abort(), onEvent);
        } catch (error) {
            if (error.status === 401 || error.status === 403) {
                onState("key");
                return;
            }
            onState(error.status === 503 ? "full" : "away");
            await wait(waitMs);
            continue;
        }
        onState("away");
        await wait(waitMs);
    }
}
