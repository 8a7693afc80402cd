// What the cases share: a browser, pages that are watched, a trap for what wants to go out, and ways to send mail.

import { mkdirSync } from "node:fs";
import net from "node:net";
import { launch } from "./chromium.mjs";

const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 400, height: 800 };
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

export function check(condition, message) {
    if (!condition) {
        throw new Error(message);
    }
}

export function checkEqual(got, wanted, what) {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    check(a === b, `${what}: got ${a}, wanted ${b}`);
}

// Whoever comes is counted, and given a picture.
function openTrap() {
    const visits = [];
    const server = net.createServer((socket) => {
        const place = visits.push("a connection") - 1;
        socket.on("error", () => {});
        socket.once("data", (octets) => {
            visits[place] = octets.toString("latin1").split("\r\n")[0].slice(0, 120);
            socket.end(
                Buffer.concat([
                    Buffer.from(
                        `HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: ${PIXEL.length}\r\nConnection: close\r\n\r\n`,
                    ),
                    PIXEL,
                ]),
            );
        });
    });
    return new Promise((resolve) =>
        server.listen(0, "127.0.0.1", () => resolve({ server, visits, port: server.address().port })),
    );
}

export class Bench {
    noise = [];
    #contexts = [];

    static async open(settings) {
        const bench = new Bench();
        Object.assign(bench, settings);
        bench.trap = await openTrap();
        bench.browser = await launch(bench.trap.port);
        mkdirSync(settings.folder, { recursive: true });
        return bench;
    }

    async close() {
        await this.browser.close();
        this.trap.server.close();
    }

    // A page that is open at #hash. What it says of errors, or asks of others, is noise.
    async page({ hash = "", dark = false, narrow = false, ready = true, url = this.url, ...more } = {}) {
        const context = await this.browser.newContext({
            viewport: narrow ? NARROW : WIDE,
            colorScheme: dark ? "dark" : "light",
            reducedMotion: "reduce",
            ...more,
        });
        this.#contexts.push(context);
        const page = await context.newPage();
        page.setDefaultTimeout(45_000);
        page.on("pageerror", (error) => this.noise.push(`error: ${error.message}`));
        page.on("console", (message) => message.type() === "error" && this.noise.push(`console: ${message.text()}`));
        page.on("request", (request) => this.#watch(request, url));
        page.on("dialog", (dialog) => {
            this.noise.push(`a dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
        page.on("popup", () => this.noise.push("a popup"));
        await page.goto(`${url}/sandbox/${hash}`);
        if (ready) {
            await page.waitForSelector('#state[data-state="live"]');
        }
        return page;
    }

    // Another tab of the same browser.
    async tab(page) {
        const other = await page.context().newPage();
        await other.goto(`${this.url}/sandbox/`);
        await other.waitForSelector('#state[data-state="live"]');
        return other;
    }

    #watch(request, own) {
        const { protocol, origin } = new URL(request.url());
        if (protocol !== "data:" && protocol !== "blob:" && origin !== own) {
            this.noise.push(`a request: ${request.url().slice(0, 200)}`);
        }
    }

    async checkNoNoise() {
        const { visits } = this.trap;
        check(this.noise.length === 0, `the page said or did: ${this.noise.join("; ")}`);
        check(visits.length === 0, `something went out: ${visits.join("; ")}`);
    }

    // What is forbidden is told on the console, and begins as a request that never leaves; the trap knows.
    forgiveWhatWasBlocked() {
        this.noise = this.noise.filter((line) => !/^(console|a request):/.test(line));
    }

    async shoot(page, name) {
        await page.screenshot({ path: `${this.folder}/${this.group}-${name}.png` });
    }

    async shootFailure(name) {
        const file = `${this.folder}/failed-${this.group}-${name.replace(/\W+/g, "-").slice(0, 60)}.png`;
        const page = this.#contexts.at(-1)?.pages()[0];
        await page?.screenshot({ path: file }).catch(() => {});
    }

    async clear() {
        await Promise.all(this.#contexts.splice(0).map((context) => context.close().catch(() => {})));
        await fetch(`${this.url}/sandbox/messages`, { method: "DELETE", headers: this.fields }).catch(() => {});
        await fetch(`${this.url}/sandbox/behaviour`, { method: "DELETE", headers: this.fields }).catch(() => {});
        this.noise = [];
        this.trap.visits.length = 0;
    }

    async get(path) {
        return (await fetch(this.url + path, { headers: this.fields })).json();
    }

    async put(path, value) {
        const response = await fetch(this.url + path, {
            method: "PUT",
            headers: { "Content-Type": "application/json", ...this.fields },
            body: JSON.stringify(value),
        });
        check(response.ok, `PUT ${path}: ${response.status}`);
    }

    async post(message = {}) {
        const body = JSON.stringify({
            from: "Ann Lee <ann@example.com>",
            to: "bob@example.net",
            subject: "Hello",
            text: "It works.\n",
            ...message,
        });
        const response = await fetch(`${this.url}/v1/messages`, {
            method: "POST",
            headers: { "Content-Type": "application/json", ...this.fields },
            body,
        });
        return response.json();
    }

    // A message as it is, by SMTP; many of them in one session. Returns the queue IDs.
    async smtp(...messages) {
        const socket = net.connect(this.smtpPort, "127.0.0.1");
        const chunks = socket[Symbol.asyncIterator]();
        let rest = "";
        const reply = async () => {
            for (;;) {
                const line = rest.match(/^\d{3} .*\r\n/m);
                if (line) {
                    rest = rest.slice(line.index + line[0].length);
                    return line[0];
                }
                rest += (await chunks.next()).value.toString("latin1");
            }
        };
        const say = async (text) => {
            socket.write(text);
            return reply();
        };
        const ids = [];
        await reply();
        await say("EHLO test.example\r\n");
        for (const message of messages) {
            const octets = Buffer.isBuffer(message) ? message : Buffer.from(message.replace(/\r?\n/g, "\r\n"));
            await say("MAIL FROM:<ann@example.com>\r\n");
            await say("RCPT TO:<bob@example.net>\r\n");
            ids.push(
                (await say(Buffer.concat([Buffer.from(`BDAT ${octets.length} LAST\r\n`), octets])))
                    .trim()
                    .split(" ")
                    .at(-1),
            );
        }
        socket.end("QUIT\r\n");
        return ids;
    }
}

export async function eventually(what, condition, seconds = 45) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
        if (await condition()) {
            return;
        }
        check(Date.now() < until, `${what} did not come true within ${seconds} s`);
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
}
