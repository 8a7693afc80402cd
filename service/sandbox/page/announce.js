// Says what happened to who hears the page: one line at a time, and not every one of a flood.

import { find } from "/sandbox/page/dom.js";

const WAIT_MS = 800;
let timer = 0;

export function announce(text) {
    clearTimeout(timer);
    timer = setTimeout(() => (find("announcements").textContent = text), WAIT_MS);
}
