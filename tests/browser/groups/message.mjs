// One message, from every side.

import { check, checkEqual, eventually } from "../bench.mjs";

const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const ORDER = {
    cc: "Carla <carla@example.net>",
    bcc: "audit@example.com",
    return_path: "bounces@shop.example",
    subject: "Gr\u00fc\u00dfe: your order \ud83d\ude9a",
    text: "Hello B\u00f6b,\n\n  it is on its way.\n",
    html: '<h1>On its way</h1><p><img id="in" src="cid:map" width="10"> <img src="http://tracker.example/p.gif"> <a href="https://shop.example/?a=1&amp;b=2">Track</a></p>',
    attachments: [
        { content: PICTURE, filename: "map.png", content_id: "map" },
        { content: Buffer.from("a,b\n").toString("base64"), filename: "Lieferschein f\u00fcr Z\u00fcrich.csv" },
    ],
};

async function open(bench, message, view = "", options = {}) {
    const { queue_id: id } = await bench.post(message);
    const page = await bench.page({ hash: `#/messages/${id}/${view}`, ...options });
    await page.waitForSelector(".message h2");
    return page;
}

const body = (page) => page.frameLocator("iframe.mail").locator("body");

export const cases = [
    [
        "HTML stands in a frame with its inline pictures; remote content only when asked for",
        async (bench) => {
            const page = await open(bench, ORDER);
            await body(page).locator("h1").waitFor();
            const frame = page.frames().find((each) => each.url().includes("/sandbox/shown/"));
            await eventually("the inline picture", () =>
                frame.evaluate(() => document.getElementById("in").naturalWidth === 1),
            );
            checkEqual(await page.getAttribute("iframe.mail", "sandbox"), "", "the frame's rights");
            checkEqual(bench.trap.visits, [], "what went out");
            await bench.shoot(page, "html");
            await page.click('button:text("Load remote content")');
            await eventually("the picture of others", () => bench.trap.visits.includes("GET /p.gif HTTP/1.1"));
            bench.trap.visits.length = 0;
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "its links are listed, and lead nowhere by themselves",
        async (bench) => {
            const page = await open(bench, ORDER);
            await page.click(".links summary");
            checkEqual(await page.textContent(".links li"), "https://shop.example/?a=1&b=2", "the link");
            await body(page).locator("a").click();
            await body(page).locator("h1").waitFor();
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "the envelope stands beside the header: Bcc and return path are seen",
        async (bench) => {
            const page = await open(bench, ORDER);
            const text = await page.textContent(".beside");
            check(text.includes("<bounces@shop.example> not in From"), text);
            check(text.includes("<audit@example.com> Bcc"), text);
            check(!text.includes("<bob@example.net> Bcc") && !text.includes("<carla@example.net> Bcc"), text);
            bench.forgiveWhatWasBlocked();
        },
    ],
    [
        "text, header, parts and source",
        async (bench) => {
            const page = await open(bench, ORDER, "text");
            await eventually("the text", async () =>
                (await page.textContent(".view .text")).startsWith("Hello B\u00f6b,"),
            );
            await bench.shoot(page, "text");
            await page.click("#view-headers");
            check((await page.textContent(".view .headers")).includes(ORDER.subject), "the subject is not decoded");
            await bench.shoot(page, "headers");
            await page.click("#view-parts");
            const parts = await page.$$eval(".part", (list) => list.map((part) => part.textContent));
            checkEqual(parts.length, 7, "parts");
            check(
                parts[0].startsWith("multipart/mixed") &&
                    parts.some((part) => /^image\/png.*base64.*70 octets, \d+ octets as sent/.test(part)),
                parts.join("\n"),
            );
            await bench.shoot(page, "parts");
            await page.click("#view-source");
            check((await page.textContent(".source")).includes("Subject: =?utf-8?"), "the source is decoded");
            await bench.shoot(page, "source");
        },
    ],
    [
        "attachments are downloaded under their names, as they were",
        async (bench) => {
            const page = await open(bench, ORDER, "text");
            const [download] = await Promise.all([
                page.waitForEvent("download"),
                page.click('.files a:has-text("Lieferschein")'),
            ]);
            check(/Lieferschein f.*r Z.*rich\.csv$/.test(download.suggestedFilename()), download.suggestedFilename());
            const chunks = [];
            for await (const chunk of await download.createReadStream()) {
                chunks.push(chunk);
            }
            checkEqual(Buffer.concat(chunks).toString(), "a,b\n", "its content");
            const [whole] = await Promise.all([
                page.waitForEvent("download"),
                page.click('a:has-text("Download .eml")'),
            ]);
            check(whole.suggestedFilename().endsWith(".eml"), whole.suggestedFilename());
        },
    ],
    [
        "the dialogue: steps with names, lines with direction and time, HTTP on the same line",
        async (bench) => {
            const page = await open(bench, ORDER, "dialogue");
            await page.waitForSelector(".timeline");
            const names = await page.$$eval(".step h3", (list) => list.map((name) => name.textContent));
            checkEqual(
                names,
                [
                    "HTTP request",
                    "Connection",
                    "Hello",
                    "TLS",
                    "Hello, in TLS",
                    "Login",
                    "Envelope",
                    "Message",
                    "HTTP response",
                ],
                "steps",
            );
            const lines = await page.$$eval(".line", (list) => list.map((line) => line.textContent));
            check(
                lines.every((line) => /^\d+\.\d milliseconds, /.test(line)),
                "a line without its time",
            );
            check(
                lines.some((line) => line.includes("client says: MAIL FROM:<bounces@shop.example>")),
                lines.join("\n"),
            );
            check(
                lines.some((line) => /client says: \(body, \d+ octets\)/.test(line)),
                "the body is not elided",
            );
            check(
                lines.some((line) => line.includes("client says: AUTH") && line.includes("***")),
                "the login",
            );
            await bench.shoot(page, "dialogue");
            await page.click(".step.request summary");
            check(
                (await page.textContent(".step.request")).includes('"return_path": "bounces@shop.example"'),
                "the request",
            );
            check((await page.textContent(".step.response")).includes('"delivery": "sent"'), "the answer");
            await page.click("#side-relay");
            await page.waitForSelector('.line:has-text("connected from 127.0.0.1")');
        },
    ],
    [
        "a pause in a dialogue is told",
        async (bench) => {
            const page = await open(bench, { to: "slow@sandbox.test" }, "dialogue");
            const told = await page.textContent(".gap");
            check(/^[3-9]\.\d s pass$/.test(told), told);
        },
    ],
    [
        "what came by SMTP has its dialogue too",
        async (bench) => {
            const [id] = await bench.smtp("From: x@example.com\nSubject: by hand\n\nhi\n");
            const page = await bench.page({ hash: `#/messages/${id}/dialogue` });
            await page.waitForSelector(".timeline");
            const names = await page.$$eval(".step h3", (list) => list.map((name) => name.textContent));
            checkEqual(names, ["Connection", "Hello", "Envelope", "Message"], "steps");
        },
    ],
    [
        "the chosen view stays from one message to the next, and the address leads back to it",
        async (bench) => {
            await bench.post({ subject: "other" });
            const page = await open(bench, ORDER, "source");
            await page.waitForSelector(".source");
            await page.click("#list .row:nth-child(2)");
            await page.waitForSelector('.message h2:text("other")');
            check(page.url().endsWith("/source"), page.url());
            await page.goBack();
            await page.waitForSelector(`.message h2:text("${ORDER.subject}")`);
        },
    ],
    [
        "a message that is not there says so",
        async (bench) => {
            const page = await bench.page({ hash: "#/messages/none" });
            await page.waitForSelector('h2:text("It is not there")');
            bench.noise = bench.noise.filter((line) => !line.includes("404"));
        },
    ],
];
