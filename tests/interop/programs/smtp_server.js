// The process of servers/smtp_server.py: node smtp_server.js SETTINGS, a JSON object. Runs until SIGTERM.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { SMTPServer } = require('smtp-server');

const settings = JSON.parse(process.argv[2]);

function isRight(auth) {
    const [username, password] = settings.login;
    return auth.username === username && (auth.validatePassword ? auth.validatePassword(password) : auth.password === password);
}

function refuse(code, text) {
    return Object.assign(new Error(text), { responseCode: code });
}

const options = {
    key: fs.readFileSync(settings.key),
    cert: fs.readFileSync(settings.chain),
    name: 'smtp-server.test',
    size: settings.size,
    authMethods: settings.auth,
    hideDSN: false,
    disableReverseLookup: true,
    onAuth: (auth, session, done) => done(isRight(auth) ? null : refuse(535, 'no'), { user: auth.username }),
    onRcptTo: (to, session, done) => done(to.address.startsWith('refused') ? refuse(550, 'no such mailbox') : null),
    onData(stream, session, done) {
        const name = crypto.randomUUID();
        const hidden = path.join(settings.folder, `.${name}`);
        const file = fs.createWriteStream(hidden);
        file.write(JSON.stringify(session.envelope.rcptTo.map(to => to.address)) + '\n');
        file.on('close', () => {
            if (stream.sizeExceeded) {
                return fs.unlink(hidden, () => done(refuse(552, 'too large')));
            }
            fs.rename(hidden, path.join(settings.folder, name), done);
        });
        stream.pipe(file);
    },
};

for (const [port, secure] of [[settings.port, false], [settings.tls_port, true]]) {
    const server = new SMTPServer({ ...options, secure });
    server.on('error', error => console.error(error.message)); // of a client's connection, too
    server.listen(port, '127.0.0.1');
}
process.on('SIGTERM', () => process.exit(0));
