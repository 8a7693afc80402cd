// JSON for reading: indented, and without the hundred kilobytes of an attachment.

const LONGEST = 600;
const KEPT = 160;

export function shorten(text) {
    if (text.length <= LONGEST) {
        return text;
    }
    return `${text.slice(0, KEPT)}\u2026 (${text.length} characters in all)`;
}

export function readableJson(text) {
    if (!text) {
        return "(nothing)";
    }
    try {
        return JSON.stringify(JSON.parse(text), (_, value) => (typeof value === "string" ? shorten(value) : value), 2);
    } catch {
        return text;
    }
}
