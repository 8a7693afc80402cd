// What is worth rehearsing, and what a caller of /v1/messages gets of it. The tests hold each row to its word.

export const SCENARIOS = [
    {
        title: "The connection dies after the dot",
        rule: { at: "end_of_data", drop: true },
        gets: "unknown",
        code: "outcome-unknown",
        why: "The relay has the message, and nobody says so.",
    },
    {
        title: "It dies before the message",
        rule: { at: "data", drop: true },
        gets: "not_sent",
        code: "upstream-tls",
        why: "The relay is gone when it should take it.",
    },
    {
        title: "One recipient is refused",
        rule: { at: "rcpt", recipient: "bob@example.net", reply: "550 5.1.1 User unknown" },
        gets: "not_sent",
        code: "recipients-rejected",
        why: "The address is wrong, and stays so.",
    },
    {
        title: "The message is put off",
        rule: { at: "end_of_data", reply: "451 4.3.0 Temporary failure, try again later" },
        gets: "not_sent",
        code: "message-deferred",
        why: "A 451 after the dot: later it may go.",
    },
    {
        title: "The message is refused",
        rule: { at: "end_of_data", reply: "554 5.6.0 Message content rejected" },
        gets: "not_sent",
        code: "message-rejected",
        why: "A filter did not like it.",
    },
    {
        title: "The relay shuts down",
        rule: { at: "mail", reply: "421 4.3.2 Service shutting down" },
        gets: "not_sent",
        code: "upstream-temporary",
        why: "A 421 at MAIL ends the session.",
    },
    {
        title: "The login is refused",
        rule: { at: "auth", reply: "535 5.7.8 Authentication credentials invalid" },
        gets: "not_sent",
        code: "upstream-auth-failed",
        why: "The password has changed.",
    },
    {
        title: "The sender is refused",
        rule: { at: "mail", reply: "550 5.7.1 Sender refused" },
        gets: "not_sent",
        code: "sender-rejected",
        why: "This account may not send as that address.",
    },
    {
        title: "TLS breaks",
        rule: { at: "tls", drop: true },
        gets: "not_sent",
        code: "upstream-tls",
        why: "The handshake never ends.",
    },
    {
        title: "Nobody knows the certificate",
        rule: { at: "starttls", certificate: "untrusted" },
        gets: "not_sent",
        code: "upstream-tls",
        why: "It may be someone in between.",
    },
    {
        title: "TLS is not offered",
        rule: { at: "ehlo", without: "STARTTLS" },
        gets: "not_sent",
        code: "upstream-tls-required",
        why: "Credentials do not go in the clear.",
    },
    {
        title: "It takes three seconds",
        rule: { at: "end_of_data", delay: "3s" },
        gets: "sent",
        code: null,
        why: "Does your caller wait that long?",
    },
];

export const STEP_TITLES = {
    greeting: "at the greeting",
    ehlo: "at EHLO",
    starttls: "at STARTTLS",
    tls: "in the TLS handshake",
    auth: "at AUTH",
    mail: "at MAIL",
    rcpt: "at RCPT",
    data: "at DATA",
    content: "before the dot",
    end_of_data: "after the dot",
};

// A rule in words.
export function tell(rule) {
    const acts = [
        rule.delay && `waits ${rule.delay}`,
        rule.drop && "drops the connection",
        rule.reply && `replies \u201c${rule.reply}\u201d`,
        rule.certificate && "shows a certificate that nobody trusts",
        rule.without && `does not offer ${rule.without}`,
    ];
    const where = STEP_TITLES[rule.at] ?? rule.at;
    const whom = rule.recipient ? ` for ${rule.recipient}` : "";
    return `${where[0].toUpperCase()}${where.slice(1)}${whom}, the relay ${acts.filter(Boolean).join(" and ")}`;
}
