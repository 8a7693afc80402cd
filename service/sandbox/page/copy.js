// Text with a button that copies it.

import { announce } from "/sandbox/page/announce.js";
import { icon, make } from "/sandbox/page/dom.js";

const SHOWN_MS = 1500;

async function copy(text, button, label) {
    try {
        await navigator.clipboard.writeText(text);
        button.lastChild.textContent = "Copied";
        announce("Copied.");
    } catch {
        button.lastChild.textContent = "Select and copy by hand";
    }
    setTimeout(() => (button.lastChild.textContent = label), SHOWN_MS);
}

export function copyable(text, name) {
    const label = "Copy";
    const pre = make("pre", { tabindex: "0", role: "region", "aria-label": name }, text);
    const button = make("button", { type: "button", class: "copy" }, icon("copy"), make("span", {}, label));
    button.addEventListener("click", () => copy(pre.textContent, button, label));
    return make("div", { class: "copyable" }, make("div", { class: "copy-bar" }, make("span", {}, name), button), pre);
}
