// Server-sent events from the pieces of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html
// An EventSource would do, if it could send a key.

const field = (block, name) =>
    block
        .split("\n")
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
        .join("\n");

export class EventReader {
    #rest = "";

    // The events that this piece completes.
    push(piece) {
        const blocks = (this.#rest + piece).split("\n\n");
        this.#rest = blocks.pop();
        return blocks
            .map((block) => ({ name: field(block, "event"), data: field(block, "data") }))
            .filter((event) => event.name !== "");
    }
}
