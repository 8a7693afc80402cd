// Every place in light and dark, wide and at 400 px: axe finds nothing against it, nothing is wider than the window; and
// each is kept as a picture, to be looked at.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { check, checkEqual } from "../bench.mjs";

const require = createRequire(new URL("../../../build/peers/browser-node/", import.meta.url));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// What a scheme or a width can change; all the rest is asked once.
const RULES = {
    light: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
    dark: { type: "rule", values: ["color-contrast"] },
    narrow: {
        type: "rule",
        values: [
            "landmark-one-main",
            "heading-order",
            "region",
            "scrollable-region-focusable",
            "target-size",
            "page-has-heading-one",
        ],
    },
};

const ORDER = {
    to: ["Bob Ray <bob@example.net>", "drop-after-dot@sandbox.test"],
    cc: "carla@example.net",
    bcc: "audit@example.com",
    return_path: "bounces@shop.example",
    subject: "Your order 10423 is on its way",
    text: "Hello Bob,\n\nit is on its way.\n",
    html: '<h1>On its way</h1><p>Hello Bob. <a href="https://shop.example/10423">Track it</a></p>',
    attachments: [{ content: Buffer.from("%PDF").toString("base64"), filename: "Invoice.pdf" }],
};

// Name, where it is, what is to be there, what is done.
const places = (ids) => [
    ["html", `#/messages/${ids.message}/html`, "iframe.mail"],
    ["text", `#/messages/${ids.message}/text`, ".text"],
    ["header", `#/messages/${ids.message}/headers`, ".headers"],
    ["parts", `#/messages/${ids.message}/parts`, ".parts"],
    ["source", `#/messages/${ids.message}/source`, ".source"],
    ["dialogue", `#/messages/${ids.message}/dialogue`, ".timeline"],
    ["request", `#/requests/${ids.request}`, ".request .timeline"],
    ["session", `#/sessions/${ids.session}`, ".session .timeline"],
    [
        "compose",
        "#/compose",
        ".compose",
        (page) => page.click('.compose button[type="submit"]').then(() => page.waitForSelector(".result .answer")),
    ],
    [
        "rehearse",
        "#/rehearse",
        ".scenario",
        (page) => page.click(".scenario >> nth=1").then(() => page.waitForSelector(".holding li")),
    ],
    ["gone", "#/messages/none", 'h2:text("It is not there")'],
];

async function examine(page, look, name) {
    const { violations } = await page.evaluate(
        (rules) => window.axe.run(document, { runOnly: rules, iframes: false, resultTypes: ["violations"] }),
        RULES[look],
    );
    const told = violations.map(
        (rule) =>
            `${rule.id}: ${rule.nodes
                .slice(0, 4)
                .map((node) => `${node.target} ${node.any.concat(node.all)[0]?.message ?? ""}`)
                .join(", ")}`,
    );
    check(violations.length === 0, `${name}: ${told.join("; ")}`);
}

async function fill(bench) {
    for (const subject of [
        "Weekly report: 12 deploys, 3 incidents",
        "Password reset",
        "Welcome aboard",
        "Your code is 493 201",
    ]) {
        await bench.post({ subject });
    }
    const { id: request } = await bench.post({ subject: "To nobody", to: ["bob@example.net", "bounce@sandbox.test"] });
    await bench.post(ORDER);
    const { messages } = await bench.get("/sandbox/messages?limit=1");
    const { sessions } = await bench.get("/sandbox/sessions?limit=1");
    return { message: messages[0].id, request, session: sessions[0].id };
}

async function tour(bench, look, options) {
    const empty = await bench.page(options);
    await empty.evaluate(AXE);
    await examine(empty, look, "empty");
    await bench.shoot(empty, `${look}-empty`);
    const ids = await fill(bench);
    await empty.waitForSelector("#list .row:nth-child(5)");
    await bench.shoot(empty, `${look}-list`);
    const faults = [];
    for (const [name, hash, selector, act] of places(ids)) {
        await empty.evaluate((target) => (location.hash = target), hash);
        await empty.waitForSelector(selector);
        await act?.(empty);
        await examine(empty, look, name).catch((error) => faults.push(error.message));
        checkEqual(
            await empty.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            0,
            `${name} is too wide by`,
        );
        await bench.shoot(empty, `${look}-${name}`);
    }
    await empty.evaluate(() => document.getElementById("clear").click());
    await examine(empty, look, "the question").catch((error) => faults.push(error.message));
    check(faults.length === 0, faults.join("\n"));
    bench.noise = bench.noise.filter((line) => !/404|502|503/.test(line));
}

export const cases = [
    ["light", (bench) => tour(bench, "light", {})],
    ["dark", (bench) => tour(bench, "dark", { dark: true })],
    ["400 px wide", (bench) => tour(bench, "narrow", { narrow: true })],
];
