// Where API keys are asked for: the page asks for one, keeps it for its tab, and everything works as it did.

import { check, checkEqual, eventually } from "../bench.mjs";

const KEY = process.env.POSTERN_TEST_KEY;
const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const cases = [
    [
        "the key is asked for, then list, live news, HTML with pictures, files and the form work",
        async (bench) => {
            bench.fields = { Authorization: `Bearer ${KEY}` };
            await bench.post({
                subject: "for keys",
                html: '<img id="in" src="cid:p">',
                attachments: [
                    { content: PICTURE, filename: "p.png", content_id: "p" },
                    { content: "YQ==", filename: "a.txt" },
                ],
            });
            const page = await bench.page({ ready: false });
            await page.waitForSelector("#ask-key[open]");
            await bench.shoot(page, "asked");
            await page.fill("#key", "wrong");
            await page.click('#ask-key button[value="use"]');
            await page.waitForSelector("#ask-key[open]");
            await page.fill("#key", KEY);
            await page.keyboard.press("Enter");
            await page.waitForSelector('#state[data-state="live"]');
            await page.waitForSelector(".message h2");
            await eventually("the picture", async () => {
                const frame = page.frames().find((each) => each.url().includes("/sandbox/shown/"));
                return frame && frame.evaluate(() => document.getElementById("in")?.naturalWidth === 1);
            });
            const [download] = await Promise.all([
                page.waitForEvent("download"),
                page.click('.files a:has-text("a.txt")'),
            ]);
            checkEqual(download.suggestedFilename(), "a.txt", "the file");
            const [mbox] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
            checkEqual(mbox.suggestedFilename(), "sandbox.mbox", "mbox");
            await bench.post({ subject: "live" });
            await page.waitForSelector('#list .title:text("live")');
            await page.click('[data-place="compose"]');
            const code = await page.textContent("#code pre");
            check(code.includes("$POSTERN_API_KEY") && !code.includes(KEY), code);
            await page.click('.compose button[type="submit"]');
            await page.waitForSelector('.result .badge:text("sent")');
            check(!(await page.content()).includes(KEY), "the key stands in the page");
            bench.noise = bench.noise.filter((line) => !/401|403|429/.test(line));
        },
    ],
];
