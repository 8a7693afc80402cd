// The list: what is there, what comes, what is looked for, and thousands of it.

import net from "node:net";
import { check, checkEqual, eventually } from "../bench.mjs";

const titles = (page) => page.$$eval("#list .row .title", (rows) => rows.map((row) => row.lastChild.textContent));
const count = (page) => page.textContent("#count");

async function many(bench, number) {
    for (let sent = 0; sent < number; sent += 500) {
        const batch = Array.from(
            { length: Math.min(500, number - sent) },
            (_, i) => `Subject: number ${sent + i}\n\nx\n`,
        );
        await bench.smtp(...batch);
    }
}

// Between the page and the sandbox: a line that can be cut, and mended.
async function openLine(target) {
    const sockets = new Set();
    let port = 0;
    let server = null;
    const join = (client) => {
        const onward = net.connect(target, "127.0.0.1");
        for (const [from, to] of [
            [client, onward],
            [onward, client],
        ]) {
            sockets.add(from);
            from.on("error", () => to.destroy()).on("close", () => to.destroy());
            from.pipe(to);
        }
    };
    const mend = () =>
        new Promise((resolve) => {
            server = net.createServer(join).listen(port, "127.0.0.1", () => {
                port = server.address().port;
                resolve();
            });
        });
    const cut = () => {
        server.close();
        sockets.forEach((socket) => socket.destroy());
        sockets.clear();
    };
    await mend();
    return { port, cut, mend };
}

export const cases = [
    [
        "where nothing has come, the page teaches the first request, which works as it stands there",
        async (bench) => {
            const page = await bench.page();
            const shown = await page.textContent(".welcome pre");
            check(shown.startsWith(`curl ${bench.url}/v1/messages`), shown);
            await bench.shoot(page, "empty");
            const [, body] = shown.match(/-d '(.*)'/s);
            const response = await fetch(`${bench.url}/v1/messages`, {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body,
            });
            checkEqual(response.status, 200, "the first request");
            await page.waitForSelector(".message h2");
            checkEqual(await page.textContent(".message h2"), "Hello", "what opens by itself");
        },
    ],
    [
        "the newest is first and opens by itself; another opens by a click",
        async (bench) => {
            await bench.post({ subject: "one" });
            await bench.post({ subject: "two" });
            const page = await bench.page();
            await page.waitForSelector(".message h2");
            checkEqual(await titles(page), ["two", "one"], "the list");
            checkEqual(await page.textContent(".message h2"), "two", "what is open");
            await page.click("#list .row:nth-child(2)");
            await page.waitForSelector('.message h2:text("one")');
            checkEqual(await page.getAttribute("#list .row:nth-child(2)", "aria-selected"), "true", "what is chosen");
        },
    ],
    [
        "what comes is there at once, is marked as new and told, and what is open stays open",
        async (bench) => {
            await bench.post({ subject: "first" });
            const page = await bench.page();
            await page.waitForSelector(".message h2");
            await bench.post({ subject: "second" });
            await page.waitForSelector('#list .new .title:text("second")');
            checkEqual(await page.textContent(".message h2"), "first", "what is open");
            checkEqual(await page.title(), "(1) Postern sandbox", "the title");
            await eventually("the announcement", async () =>
                (await page.textContent("#announcements")).includes("second"),
            );
            await page.click("#list .row:first-child");
            await eventually("the mark goes", async () => (await page.title()) === "Postern sandbox");
        },
    ],
    [
        "a stream that breaks is opened again, and nothing is missed",
        async (bench) => {
            const line = await openLine(Number(new URL(bench.url).port));
            await bench.post({ subject: "before" });
            const page = await bench.page({ url: `http://127.0.0.1:${line.port}` });
            await page.waitForSelector('#list .title:text("before")');
            line.cut();
            await page.waitForSelector('#state[data-state="away"]');
            await bench.post({ subject: "meanwhile" });
            await line.mend();
            await page.waitForSelector('#state[data-state="live"]');
            await page.waitForSelector('#list .title:text("meanwhile")');
            await bench.post({ subject: "afterwards" });
            await page.waitForSelector('#list .title:text("afterwards")');
            line.cut();
            bench.noise = bench.noise.filter((text) => !text.includes("ERR_"));
        },
    ],
    [
        "tabs share one stream; when the one that has it goes, another takes it",
        async (bench) => {
            const streams = [];
            const page = await bench.page();
            page.context().on("request", (request) => request.url().endsWith("/events") && streams.push(request));
            const others = [await bench.tab(page), await bench.tab(page)];
            checkEqual(streams.length, 0, "streams of the other tabs");
            await bench.post({ subject: "for all" });
            for (const tab of [page, ...others]) {
                await tab.waitForSelector('#list .title:text("for all")');
            }
            await page.close();
            await eventually("another stream", () => streams.length === 1);
            await bench.post({ subject: "for two" });
            for (const tab of others) {
                await tab.waitForSelector('#list .title:text("for two")');
            }
        },
    ],
    [
        "search finds by subject, address and queue ID, and says where nothing fits",
        async (bench) => {
            await bench.post({ subject: "Gr\u00fc\u00dfe an alle" });
            const { queue_id: id } = await bench.post({ subject: "other", to: "zoe@example.net" });
            const page = await bench.page();
            for (const [words, wanted] of [
                ["gr\u00fc\u00dfe", ["Gr\u00fc\u00dfe an alle"]],
                ["zoe@", ["other"]],
                [id, ["other"]],
                ["nothing like it", []],
            ]) {
                await page.fill("#search", words);
                await eventually(
                    `the list for ${words}`,
                    async () => JSON.stringify(await titles(page)) === JSON.stringify(wanted),
                );
            }
            check(await page.isVisible("#none"), "nothing is said");
            await page.fill("#search", "");
            await eventually("all of them", async () => (await titles(page)).length === 2);
        },
    ],
    [
        "one is deleted by its button; all are, after a question",
        async (bench) => {
            await bench.post({ subject: "one" });
            await bench.post({ subject: "two" });
            await bench.post({ subject: "three" });
            const page = await bench.page();
            await page.click(".headline button");
            await eventually("one is gone", async () => (await titles(page)).join() === "two,one");
            await page.waitForSelector('h2:text("It is not there")');
            await page.click("#clear");
            await page.click('dialog button[value="no"]');
            checkEqual((await titles(page)).length, 2, "those that were kept");
            await page.click("#clear");
            await page.click('dialog button[value="yes"]');
            await eventually("all are gone", async () => (await count(page)) === "0 messages");
        },
    ],
    [
        "mbox is exported",
        async (bench) => {
            await bench.post({ subject: "kept" });
            const page = await bench.page();
            const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
            checkEqual(download.suggestedFilename(), "sandbox.mbox", "its name");
        },
    ],
    [
        "thousands: few elements, no stutter, the end is reached, and who has scrolled away stays there",
        async (bench) => {
            await many(bench, 3000);
            const page = await bench.page();
            await eventually("the count", async () => (await count(page)) === "3,000 messages");
            const rows = () => page.$$eval("#list .row", (list) => list.length);
            check((await rows()) < 60, `${await rows()} rows`);
            const longest = await page.evaluate(async () => {
                const list = document.getElementById("list");
                let longest = 0;
                let last = performance.now();
                for (let i = 0; i < 60; i++) {
                    list.scrollTop += 400;
                    await new Promise(requestAnimationFrame);
                    const now = performance.now();
                    longest = Math.max(longest, now - last);
                    last = now;
                }
                return longest;
            });
            check(longest < 500, `a frame of ${longest} ms`);
            await page.focus("#list");
            await eventually("the last one", async () => {
                await page.keyboard.press("End");
                return (await titles(page)).includes("number 0");
            });
            check((await rows()) < 60, `${await rows()} rows at the end`);
            const before = await titles(page);
            await bench.post({ subject: "one more" });
            await eventually("the count again", async () => (await count(page)) === "3,001 messages");
            checkEqual(await titles(page), before, "what is in sight");
        },
    ],
    [
        "a flood of messages is taken in steps, and all of it is there",
        async (bench) => {
            await bench.post({ subject: "first" });
            const page = await bench.page();
            await page.waitForSelector(".message h2");
            await many(bench, 1500);
            await eventually("the count", async () => (await count(page)) === "1,501 messages");
            checkEqual((await titles(page))[0], "number 1499", "the newest");
        },
    ],
    [
        "what comes while another list is shown is told in the title, and there when one comes back",
        async (bench) => {
            await bench.post({ subject: "before" });
            const page = await bench.page();
            await page.waitForSelector(".message h2");
            await page.click("#kind-requests");
            await bench.post({ subject: "behind" });
            await eventually("the title", async () => (await page.title()) === "(1) Postern sandbox");
            await page.click("#kind-messages");
            await page.waitForSelector('#list .new .title:text("behind")');
        },
    ],
    [
        "requests that were refused and sessions without a message have lists of their own",
        async (bench) => {
            await bench.post({ subject: "to nobody", to: "bounce@sandbox.test" });
            const page = await bench.page();
            await page.click("#kind-requests");
            await page.waitForSelector('#list .title:text("to nobody")');
            await page.click("#list .row");
            await page.waitForSelector('.request .badge:text("not sent")');
            await bench.shoot(page, "request");
            await page.click("#kind-sessions");
            await page.click("#list .row");
            await page.waitForSelector(".session h2");
            await page.waitForSelector(".session .reply-5");
        },
    ],
];
