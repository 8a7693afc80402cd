// Verifies by mailauth: `mailauth_verifier.js FOLDER RECORDS.json`; node_modules is in the folder, RECORDS.json has for a
// name its TXT record.
//
// On standard input comes the size of a message in decimal, LF, and the message; on standard output goes a line of JSON
// for each: [[selector, whether it verifies, a remark], ...].

'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const [folder, recordsFile] = process.argv.slice(2);
const { dkimVerify } = require(join(folder, 'node_modules/mailauth/lib/dkim/verify.js'));
const records = JSON.parse(readFileSync(recordsFile, 'utf8'));

async function resolver(name) {
    if (!(name in records)) throw Object.assign(new Error(`no record at ${name}`), { code: 'ENOTFOUND' });
    return [[records[name]]];
}

async function verify(message) {
    const { results } = await dkimVerify(message, { resolver, minBitLength: 2048 });
    return results
        .filter((result) => result.selector)
        .map(({ selector, status }) => [selector, status.result === 'pass', status.comment || status.result]);
}

async function main() {
    let input = readFileSync(0);
    while (input.length) {
        const begin = input.indexOf(10) + 1;
        const end = begin + Number(input.subarray(0, begin).toString());
        console.log(JSON.stringify(await verify(input.subarray(begin, end))));
        input = input.subarray(end);
    }
}

main();
