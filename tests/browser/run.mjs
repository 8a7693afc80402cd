// node run.mjs GROUP URL SMTP_PORT FOLDER: runs groups/GROUP.mjs against the sandbox at URL, a line of JSON for each case;
// screenshots go to FOLDER. Started by tests/e2e/page_test.py, which has a fresh sandbox for each group.

import { Bench } from "./bench.mjs";

const [, , group, url, smtpPort, folder] = process.argv;
const { cases } = await import(`./groups/${group}.mjs`);
const bench = await Bench.open({ url, smtpPort: Number(smtpPort), folder, group });

for (const [name, run] of cases) {
    const began = Date.now();
    let failure = null;
    try {
        await run(bench);
        await bench.checkNoNoise();
    } catch (error) {
        failure = error.stack ?? String(error);
        await bench.shootFailure(name);
    }
    console.log(JSON.stringify({ name, failure, seconds: (Date.now() - began) / 1000 }));
    await bench.clear();
}
await bench.close();
