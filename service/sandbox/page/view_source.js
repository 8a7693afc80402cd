// The message as it was sent. Of a long one the beginning is shown; all of it is in the file.

import { ask } from "/sandbox/page/api.js";
import { icon, make } from "/sandbox/page/dom.js";
import { bytes } from "/sandbox/page/format.js";

const MOST_BYTES = 256 * 1024;

async function readBeginning(url) {
    const reader = (await ask(url)).body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    while (length < MOST_BYTES) {
        const { value, done } = await reader.read();
        if (done) {
            break;
        }
        text += decoder.decode(value.subarray(0, MOST_BYTES - length), { stream: true });
        length += value.length;
    }
    reader.cancel().catch(() => {});
    return text;
}

export function emlLink(message) {
    return make(
        "a",
        { class: "button", href: message.raw_url, download: `${message.id}.eml` },
        icon("download"),
        "Download .eml",
    );
}

export async function sourceView(message) {
    const text = await readBeginning(message.raw_url);
    const isCut = message.size_bytes > MOST_BYTES;
    return [
        isCut && make("p", { class: "quiet" }, `The first ${bytes(MOST_BYTES)} of ${bytes(message.size_bytes)}.`),
        make("pre", { class: "source", tabindex: "0", role: "region", "aria-label": "Source" }, text),
    ];
}
