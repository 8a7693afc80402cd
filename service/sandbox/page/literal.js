// A JSON value as a literal of a programming language. Pure. A FileContent stands for a file's content in base64, which
// the program reads where it runs.

export class FileContent {
    constructor(name) {
        this.name = name;
    }
}

// Escapes that JSON has and another language has not, each behind an even number of backslashes.
const escapes = (text, replace) => text.replace(/\\(u[0-9a-f]{4}|.)/g, (all, rest) => replace(rest) ?? all);

// Go's sources have no byte order mark inside.
const forGo = (text) => JSON.stringify(text).replaceAll("\ufeff", "\\ufeff");

function forPhp(text) {
    const quoted = escapes(JSON.stringify(text), (rest) => {
        if (rest === "b") {
            return "\\u{8}";
        }
        return rest[0] === "u" ? `\\u{${rest.slice(1)}}` : null;
    });
    return quoted.replaceAll("$", "\\$");
}

const braces = { open: "{", close: "}", separator: ": " };
const brackets = { open: "[", close: "]" };

// How a language writes each kind of value; "last" is whether the last of a list has a comma too.
export const PYTHON = {
    indent: "    ",
    object: braces,
    list: brackets,
    text: JSON.stringify,
    words: { true: "True", false: "False", null: "None" },
    last: true,
};
export const NODE = { indent: "  ", object: braces, list: brackets, text: JSON.stringify, words: {}, last: true };
export const GO = {
    indent: "\t",
    object: { ...braces, open: "map[string]any{" },
    list: { open: "[]any{", close: "}" },
    text: forGo,
    words: { null: "nil" },
    last: true,
};
export const PHP = {
    indent: "    ",
    object: { open: "[", close: "]", separator: " => " },
    list: brackets,
    text: forPhp,
    words: {},
    last: true,
};
export const JSON_TEXT = { indent: "  ", object: braces, list: brackets, text: JSON.stringify, words: {}, last: false };

function several(items, { open, close }, syntax, margin) {
    const inner = margin + syntax.indent;
    const lines = items.map((item) => inner + item).join(",\n");
    return `${open}\n${lines}${syntax.last ? "," : ""}\n${margin}${close}`;
}

// `readFile(name)` is the expression that a file's content is.
export function literal(value, syntax, readFile, margin = "") {
    const inner = margin + syntax.indent;
    if (value instanceof FileContent) {
        return readFile(value.name);
    }
    if (typeof value === "string") {
        return syntax.text(value);
    }
    if (Array.isArray(value)) {
        const items = value.map((item) => literal(item, syntax, readFile, inner));
        const isShort = value.every((item) => typeof item === "string") && items.join().length < 60;
        return isShort
            ? syntax.list.open + items.join(", ") + syntax.list.close
            : several(items, syntax.list, syntax, margin);
    }
    if (value !== null && typeof value === "object") {
        const items = Object.entries(value).map(
            ([name, item]) => syntax.text(name) + syntax.object.separator + literal(item, syntax, readFile, inner),
        );
        return several(items, syntax.object, syntax, margin);
    }
    return syntax.words[String(value)] ?? String(value);
}
