// Files to send: dropped, pasted or chosen. Each may be given an ID, by which the HTML shows it.

import { icon, make } from "/sandbox/page/dom.js";
import { bytes } from "/sandbox/page/format.js";

export function filePicker(onChange) {
    let files = [];
    const list = make("ul", { class: "picked", "aria-label": "Files" });
    const input = make("input", { type: "file", id: "f-files", multiple: true, class: "hidden" });
    const zone = make(
        "div",
        { class: "drop" },
        make("label", { for: "f-files" }, make("strong", {}, "Choose files"), " or drop them here"),
        input,
    );

    function row(entry) {
        const id = make("input", {
            "aria-label": `Content ID of ${entry.file.name}`,
            placeholder: "cid",
            spellcheck: "false",
        });
        const remove = make(
            "button",
            { type: "button", class: "plain", "aria-label": `Remove ${entry.file.name}` },
            icon("close"),
        );
        id.value = entry.contentId;
        id.addEventListener("input", () => (entry.contentId = id.value.trim()));
        remove.addEventListener("click", () => {
            set(files.filter((other) => other !== entry));
            input.focus();
        });
        return make(
            "li",
            {},
            make("span", { class: "name" }, entry.file.name),
            make("span", { class: "size" }, bytes(entry.file.size)),
            id,
            remove,
        );
    }

    function set(newFiles) {
        files = newFiles;
        list.replaceChildren(...files.map(row));
        onChange();
    }

    const add = (more) => set(files.concat([...more].map((file) => ({ file, contentId: "" }))));

    input.addEventListener("change", () => {
        add(input.files);
        input.value = "";
    });
    for (const name of ["dragenter", "dragover"]) {
        zone.addEventListener(name, (event) => {
            event.preventDefault();
            zone.classList.add("over");
        });
    }
    for (const name of ["dragleave", "drop"]) {
        zone.addEventListener(name, () => zone.classList.remove("over"));
    }
    zone.addEventListener("drop", (event) => {
        event.preventDefault();
        add(event.dataTransfer.files);
    });
    return { element: make("div", { class: "field" }, zone, list), list: () => files };
}
