// What is rehearsed: by the page, and as the page says that it goes.

import { readFileSync } from "node:fs";

import { check, checkEqual, eventually } from "../bench.mjs";

// A module for browsers, whose file Node would take for one of another kind.
const scenarios = readFileSync(new URL("../../../service/sandbox/page/scenarios.js", import.meta.url), "utf8");
const { SCENARIOS } = await import(`data:text/javascript,${encodeURIComponent(scenarios)}`);

const rules = async (bench) => (await bench.get("/sandbox/behaviour")).rules.map(({ used, ...rule }) => rule);

export const cases = [
    [
        "a connection that dies after the dot: the caller is told unknown, and the message is there",
        async (bench) => {
            const page = await bench.page({ hash: "#/rehearse" });
            await page.click('.scenario:has-text("The connection dies after the dot")');
            await page.waitForSelector(".holding li");
            checkEqual(await rules(bench), [{ at: "end_of_data", times: 1, drop: true }], "the rules");
            checkEqual(await page.textContent("#rehearsed"), "1 rule", "the mark");
            await bench.shoot(page, "on");
            await bench.post({ subject: "Did it arrive?" });
            await page.waitForSelector('.lately .badge:text("unknown")');
            await eventually("the rule is used up", async () => (await page.$$(".holding li")).length === 0);
            await page.click(".lately a");
            await page.waitForSelector('.request .outcome .badge:text("unknown")');
            await bench.shoot(page, "unknown");
            await page.click('a:text("Open the message")');
            await page.waitForSelector('.message .outcome .badge:text("unknown")');
            await bench.shoot(page, "unknown-message");
        },
    ],
    [
        "each scenario does what the page says that it does",
        async (bench) => {
            for (const { title, rule, gets, code } of SCENARIOS.filter((item) => !item.rule.delay)) {
                await bench.put("/sandbox/behaviour", { rules: [{ ...rule }] });
                const answer = await bench.post();
                checkEqual([answer.delivery, answer.code ?? null], [gets, code], title);
            }
        },
    ],
    [
        "until cleared, and cleared; one rule of several goes",
        async (bench) => {
            const page = await bench.page({ hash: "#/rehearse" });
            await page.check("#often-always");
            await page.click('.scenario:has-text("The login is refused")');
            await page.waitForSelector(".holding li:nth-child(1)");
            await page.click('.scenario:has-text("The sender is refused")');
            await page.waitForSelector(".holding li:nth-child(2)");
            checkEqual(
                (await rules(bench)).map((rule) => [rule.at, rule.times]),
                [
                    ["auth", undefined],
                    ["mail", undefined],
                ],
                "the rules",
            );
            await page.click(".holding li:first-child button");
            await eventually("one is left", async () => (await rules(bench)).length === 1);
            await page.click('button:text("Clear all")');
            await eventually("none is left", async () => (await rules(bench)).length === 0);
            await page.waitForSelector('text="Nothing: the relay behaves as usual."');
        },
    ],
    [
        "any reply at any step, a delay, one recipient alone; what is wrong is told",
        async (bench) => {
            const page = await bench.page({ hash: "#/rehearse" });
            await page.selectOption("#r-at", "rcpt");
            await page.selectOption("#r-act", "reply");
            await page.fill("#r-reply", "452 4.2.2 Full");
            await page.fill("#r-recipient", "zoe@example.net");
            await page.fill("#r-delay", "250ms");
            await page.click('.rule-form button[type="submit"]');
            await page.waitForSelector(".holding li");
            checkEqual(
                await rules(bench),
                [{ at: "rcpt", recipient: "zoe@example.net", times: 1, delay: "250ms", reply: "452 4.2.2 Full" }],
                "the rule",
            );
            await page.fill("#r-reply", "99 nonsense");
            await page.click('.rule-form button[type="submit"]');
            await eventually("the fault", async () => (await page.textContent(".problem")).includes("must be a reply"));
            checkEqual((await rules(bench)).length, 1, "rules");
            bench.noise = bench.noise.filter((line) => !line.includes("422"));
        },
    ],
    [
        "rules that others set show up, and the curl for them works",
        async (bench) => {
            const page = await bench.page({ hash: "#/rehearse" });
            await bench.put("/sandbox/behaviour", { rules: [{ at: "rcpt", reply: '550 5.1.1 It\'s "nobody"' }] });
            await page.waitForSelector('.holding li:has-text("nobody")');
            const curl = await page.textContent(".rehearsing details pre");
            const [, body] = curl.match(/-d '(.*)'/s);
            checkEqual(JSON.parse(body.replaceAll("'\\''", "'")).rules.length, 1, "rules");
        },
    ],
    [
        "addresses that need no rule are listed, and lead to the form",
        async (bench) => {
            const page = await bench.page({ hash: "#/rehearse" });
            await page.click('.addresses a:has-text("mailbox-full@")');
            await page.waitForSelector("#f-to");
            checkEqual(await page.inputValue("#f-to"), "mailbox-full@sandbox.test", "the recipient");
            await page.click('.compose button[type="submit"]');
            await page.waitForSelector(".result .outcome.not_sent");
            check((await page.textContent(".result")).includes("452"), await page.textContent(".result"));
            bench.noise = bench.noise.filter((line) => !line.includes("503"));
        },
    ],
];
