// A dialogue cut into the steps that it goes through, each named. Pure: lines in, steps out.

const COMMANDS = {
    EHLO: ["hello", "Hello"],
    HELO: ["hello", "Hello"],
    STARTTLS: ["tls", "TLS"],
    AUTH: ["auth", "Login"],
    MAIL: ["envelope", "Envelope"],
    RCPT: ["envelope", "Envelope"],
    DATA: ["content", "Message"],
    BDAT: ["content", "Message"],
    RSET: ["other", "Reset"],
    QUIT: ["end", "End"],
};
const GAP_MS = 200;

const isTls = (line) => line.from === "note" && line.text.startsWith("TLS");

// The step that a line begins; null where it belongs to the one before.
function beginning(line, before) {
    if (line.from === "http_request") {
        return ["request", "HTTP request"];
    }
    if (line.from === "http_response") {
        return ["response", "HTTP response"];
    }
    if (line.from === "client") {
        const command = COMMANDS[line.text.match(/^[A-Za-z]+/)?.[0].toUpperCase()];
        return command && command[0] !== before?.kind ? command : null;
    }
    if (line.from === "note" && line.text.startsWith("connected")) {
        return ["connection", "Connection"];
    }
    if (before === undefined || before.kind === "request") {
        return ["connection", "Connection"];
    }
    return null;
}

function describe(line, before) {
    const reply = line.from === "server" ? line.text.match(/^([2-5])\d\d/) : null;
    const gapMs = before ? line.at_ms - before.at_ms : 0;
    return {
        ...line,
        tone: reply ? `reply-${reply[1]}` : line.text.startsWith("rehearsed:") ? "rehearsed" : "",
        gapMs: gapMs >= GAP_MS ? gapMs : 0,
    };
}

export function steps(lines) {
    const found = [];
    let isSecret = false;
    lines.forEach((line, i) => {
        isSecret ||= isTls(line);
        const begins = beginning(line, found.at(-1));
        if (begins) {
            const [kind, name] = begins;
            found.push({ kind, name: kind === "hello" && isSecret ? "Hello, in TLS" : name, lines: [] });
        }
        if (found.length === 0) {
            found.push({ kind: "connection", name: "Connection", lines: [] });
        }
        found.at(-1).lines.push(describe(line, lines[i - 1]));
    });
    return found;
}
