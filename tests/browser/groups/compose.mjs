// The form, what it sends, and the programs that send the same.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { check, checkEqual, eventually } from "../bench.mjs";

// Everything that a language could take for something else.
const TRICKY = 'it\'s "quoted" $HOME `id` \\n %s {{x}} <b>&amp;</b> \u00fc \ud83d\ude9a \u2028 #{x} ${x} !\n';
const SUBJECT = TRICKY.replace("\u2028", "").trim();
const FILE = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const FILE_NAME = "it's a \u00fc $file.bin";

const have = (program, ...args) => spawnSync(program, args).status === 0;

const RUNS = {
    curl: [() => have("curl", "--version"), "send.sh", (file) => ["sh", file]],
    python: [() => have("python3", "--version"), "send.py", (file) => ["python3", file]],
    node: [() => true, "send.mjs", (file) => ["node", file]],
    go: [() => have("go", "version"), "send.go", (file) => ["go", "run", file]],
    php: [() => have("php", "--version"), "send.php", (file) => ["php", file]],
};

async function fillIn(page, withFile) {
    await page.fill("#f-from", 'Ann "A" Lee <ann@example.com>');
    await page.fill("#f-to", '"Ray, Bob" <bob@example.net>, carla@example.net');
    await page.fill("#f-bcc", "audit@example.com");
    await page.fill("#f-subject", SUBJECT);
    await page.fill("#f-text", TRICKY);
    if (withFile) {
        await page.setInputFiles("#f-files", { name: FILE_NAME, mimeType: "application/octet-stream", buffer: FILE });
    }
}

// What a request asked for, as far as it does not depend on who asks.
async function asked(bench, id) {
    const { method, target, request } = await bench.get(`/sandbox/exchanges/${id}`);
    const type = request.fields.find(({ name }) => name.toLowerCase() === "content-type").value;
    return { method, target, type, message: sorted(JSON.parse(request.body)) };
}

// Go sorts the names.
function sorted(value) {
    if (Array.isArray(value)) {
        return value.map(sorted);
    }
    return value && typeof value === "object"
        ? Object.fromEntries(
              Object.entries(value)
                  .sort()
                  .map(([name, item]) => [name, sorted(item)]),
          )
        : value;
}

const newest = async (bench) => (await bench.get("/sandbox/exchanges?limit=1")).exchanges[0]?.id;

async function send(page) {
    await page.click('.compose button[type="submit"]');
    await page.waitForSelector(".result .answer");
}

async function runAll(bench, withFile, names) {
    const page = await bench.page({ hash: "#/compose" });
    await fillIn(page, withFile);
    await send(page);
    const wanted = await asked(bench, await newest(bench));
    const folder = mkdtempSync(`${tmpdir()}/postern-page-`);
    try {
        writeFileSync(`${folder}/${FILE_NAME}`, FILE);
        for (const name of names) {
            const [isThere, file, command] = RUNS[name];
            await page.click(`#code-${name}`);
            const code = await page.textContent("#code pre");
            writeFileSync(`${folder}/${file}`, code);
            if (!isThere()) {
                continue;
            }
            const before = await newest(bench);
            const [program, ...args] = command(file);
            const done = spawnSync(program, args, { cwd: folder, timeout: 60_000 });
            checkEqual(done.status, 0, `${name}: ${done.stderr}\n${code}`);
            const id = await newest(bench);
            check(id !== before, `${name} asked for nothing`);
            checkEqual(await asked(bench, id), wanted, `what ${name} asks for`);
        }
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
    return page;
}

export const cases = [
    [
        "the form sends, and shows what the caller gets; what was typed stays",
        async (bench) => {
            const page = await bench.page({ hash: "#/compose" });
            await fillIn(page, true);
            await page.click("summary:text-is('HTML')");
            await page.fill("#f-html", '<p>See <img src="cid:pic"></p>');
            await page.fill(".picked input", "pic");
            await send(page);
            checkEqual(await page.textContent(".result .badge"), "sent", "the outcome");
            await bench.shoot(page, "sent");
            await page.click('.result a:text("Open the message")');
            await page.waitForSelector(".message h2");
            checkEqual(await page.textContent(".message h2"), SUBJECT, "the subject");
            check((await page.textContent(".beside")).includes("<audit@example.com> Bcc"), "no Bcc");
            checkEqual(await page.textContent(".files .file"), `${FILE_NAME}256 octets`, "the file");
            await page.click('[data-place="compose"]');
            checkEqual(await page.inputValue("#f-subject"), SUBJECT, "what was typed");
        },
    ],
    [
        "files are dropped, and taken out again",
        async (bench) => {
            const page = await bench.page({ hash: "#/compose" });
            const data = await page.evaluateHandle(() => {
                const transfer = new DataTransfer();
                transfer.items.add(new File(["a"], "dropped.txt", { type: "text/plain" }));
                return transfer;
            });
            await page.dispatchEvent(".drop", "drop", { dataTransfer: data });
            await page.waitForSelector('.picked .name:text("dropped.txt")');
            check((await page.textContent("#code pre")).includes("dropped.txt"), "it is not in the code");
            await page.click('[aria-label="Remove dropped.txt"]');
            checkEqual(await page.$$eval(".picked li", (list) => list.length), 0, "files");
        },
    ],
    [
        "what is refused is told, each fault with its place",
        async (bench) => {
            const page = await bench.page({ hash: "#/compose" });
            await page.fill("#f-to", "nobody, not an address");
            await send(page);
            checkEqual(await page.textContent(".result .badge"), "not sent", "the outcome");
            check((await page.textContent(".errors")).includes("/to/0"), await page.textContent(".result"));
            await bench.shoot(page, "refused");
            bench.noise = bench.noise.filter((line) => !line.includes("422"));
        },
    ],
    ["curl, Python and Node make the very same request", (bench) => runAll(bench, false, ["curl", "python", "node"])],
    [
        "and with a file, Go and PHP too, where they are there",
        async (bench) => {
            const page = await runAll(bench, true, Object.keys(RUNS));
            await page.click("#code-python");
            await bench.shoot(page, "code");
        },
    ],
    [
        "code is copied",
        async (bench) => {
            const page = await bench.page({ hash: "#/compose", permissions: ["clipboard-read", "clipboard-write"] });
            await page.click("#code .copy");
            await eventually("the clipboard", async () =>
                (await page.evaluate(() => navigator.clipboard.readText())).startsWith("curl "),
            );
        },
    ],
];
