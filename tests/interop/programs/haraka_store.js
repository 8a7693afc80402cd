// A plug-in of servers/haraka.py: refuses at RCPT whom it should, requires a login, and stores each message.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

exports.hook_mail = function (next, connection) {
    return connection.notes.auth_user ? next() : next(DENY, 'log in first');
};

exports.hook_rcpt = function (next, connection, params) {
    return params[0].user.startsWith('refused') ? next(DENY, 'no such mailbox') : next(OK);
};

// For a client that logged in Haraka would send it on, by a queue of its own: nothing may leave the machine.
exports.hook_queue_outbound = function (next, connection) {
    const { transaction } = connection;
    const folder = path.join(process.env.HARAKA, 'mail');
    const hidden = path.join(folder, `.${transaction.uuid}`);
    const file = fs.createWriteStream(hidden);
    file.write(JSON.stringify(transaction.rcpt_to.map(to => to.address())) + '\n');
    file.on('close', () => fs.rename(hidden, path.join(folder, transaction.uuid), () => next(OK)));
    transaction.message_stream.pipe(file);
};
