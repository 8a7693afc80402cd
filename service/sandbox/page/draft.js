// What the form says, as a message for /v1/messages. Pure but for the reading of files.

import { FileContent } from "/sandbox/page/literal.js";

// Mailboxes between commas, those within quotes or brackets left alone.
export function mailboxes(text) {
    const found = text.match(/(?:"(?:\\.|[^"\\])*"?|<[^>]*>?|[^,])+/g) ?? [];
    return found.map((mailbox) => mailbox.trim()).filter(Boolean);
}

function attachments(files, contentOf) {
    return files.map(({ file, contentId }) => ({
        content: contentOf(file),
        filename: file.name,
        ...(file.type && { content_type: file.type }),
        ...(contentId && { content_id: contentId }),
    }));
}

// `fields` as they stand in the form; `contentOf(file)` is what stands for a file.
export function messageOf(fields, files, contentOf = (file) => new FileContent(file.name)) {
    const lists = ["to", "cc", "bcc", "reply_to"].map((name) => [name, mailboxes(fields[name])]);
    const message = {
        from: fields.from.trim(),
        ...Object.fromEntries(lists.filter(([, list]) => list.length > 0)),
        ...(fields.return_path.trim() && {
            return_path: fields.return_path.trim() === "<>" ? "" : fields.return_path.trim(),
        }),
        ...(fields.subject && { subject: fields.subject }),
        ...(fields.text && { text: fields.text }),
        ...(fields.html && { html: fields.html }),
        ...(files.length > 0 && { attachments: attachments(files, contentOf) }),
        ...(fields.partial && { partial: "deliver" }),
        ...(fields.require_tls && { require_tls: true }),
    };
    return message;
}

function readBase64(file) {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
        reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
        reader.readAsDataURL(file);
    });
}

export async function bodyOf(fields, files) {
    const contents = new Map();
    for (const { file } of files) {
        contents.set(file, file.size ? await readBase64(file) : "");
    }
    return JSON.stringify(messageOf(fields, files, (file) => contents.get(file)));
}
