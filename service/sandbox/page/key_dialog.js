// Asks for the API key where the server wants one.

import { key } from "/sandbox/page/api.js";
import { find } from "/sandbox/page/dom.js";

export function startKey(onKey) {
    const dialog = find("ask-key");
    const button = find("key-button");
    const ask = () => {
        button.hidden = false;
        if (!dialog.open && !document.querySelector("dialog[open]")) {
            find("key").value = key.get();
            dialog.showModal();
        }
    };
    key.whenNeeded(ask);
    button.addEventListener("click", ask);
    button.hidden = key.get() === "";
    dialog.addEventListener("close", () => {
        if (dialog.returnValue === "use" || dialog.returnValue === "forget") {
            key.set(dialog.returnValue === "use" ? find("key").value.trim() : "");
            onKey();
        }
        find("key").value = "";
    });
    find("key-form").addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target === find("key")) {
            event.preventDefault();
            dialog.close("use");
        }
    });
}
