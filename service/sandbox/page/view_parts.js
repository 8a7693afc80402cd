// A message's parts as the tree that they are (RFC 2045), and the files among them.

import { icon, make } from "/sandbox/page/dom.js";
import { bytes } from "/sandbox/page/format.js";

const nameOf = (part) => part.filename || `part ${part.part}`;

function fileLink(part, ...children) {
    return make("a", { class: "file", href: part.url, download: nameOf(part) }, ...children);
}

function sizes(part) {
    const isEncoded = part.encoded_bytes !== part.size_bytes;
    return isEncoded ? `${bytes(part.size_bytes)}, ${bytes(part.encoded_bytes)} as sent` : bytes(part.size_bytes);
}

function showPart(part, children) {
    const words = [part.charset, part.encoding, part.disposition, part.content_id && `<${part.content_id}>`];
    return make(
        "li",
        {},
        make(
            "div",
            { class: "part" },
            make("code", { class: "type" }, part.content_type),
            part.filename && make("strong", {}, part.filename),
            words.filter(Boolean).map((word) => make("span", { class: "tag" }, word)),
            make("span", { class: "size" }, sizes(part)),
            fileLink(part, icon("download"), make("span", { class: "hidden" }, `Download ${nameOf(part)}`)),
            part.trouble && make("span", { class: "trouble" }, icon("warning"), part.trouble),
        ),
        children.length > 0 && make("ul", {}, children),
    );
}

export function partTree(parts) {
    const children = parts.map(() => []);
    parts.forEach((part) => part.part > 0 && children[part.parent].push(part));
    const branch = (part) => showPart(part, children[part.part].map(branch));
    return make("ul", { class: "parts" }, parts.slice(0, 1).map(branch));
}

export function fileStrip(parts) {
    const files = parts.filter((part) => part.attachment);
    if (files.length === 0) {
        return null;
    }
    return make(
        "ul",
        { class: "files", "aria-label": "Attachments" },
        files.map((part) =>
            make(
                "li",
                {},
                fileLink(part, icon("clip"), nameOf(part), make("span", { class: "size" }, bytes(part.size_bytes))),
            ),
        ),
    );
}
