// Programs that make the very same request as the form, each with what its language brings along. Pure. A key is never
// part of one: it comes from the environment.

import { GO, JSON_TEXT, NODE, PHP, PYTHON, literal } from "/sandbox/page/literal.js";

const KEY_NAME = "POSTERN_API_KEY";

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const shellWord = (text) => (/^[\w.@%+=:,-]+$/.test(text) ? text : shellQuoted(text));

// What stands in a here-document that the shell still looks into.
const inHereDocument = (text) => text.replace(/[\\$`]/g, "\\$&");

function curlWithFiles(url, fields, message) {
    const text = literal(
        message,
        { ...JSON_TEXT, text: (value) => inHereDocument(JSON.stringify(value)) },
        (name) => `"$(base64 < ${shellWord(name)} | tr -d '\\n')"`,
    );
    return `curl ${url}${fields} --data-binary @- <<END_OF_MESSAGE\n${text}\nEND_OF_MESSAGE\n`;
}

function curl({ url, hasKey, message, hasFiles }) {
    const key = hasKey ? ` \\\n  -H "Authorization: Bearer $${KEY_NAME}"` : "";
    const fields = ` \\\n  -H 'Content-Type: application/json'${key} \\\n `;
    if (hasFiles) {
        return curlWithFiles(url, fields, message);
    }
    return `curl ${url}${fields} -d ${shellQuoted(literal(message, JSON_TEXT))}\n`;
}

function python({ url, hasKey, message, hasFiles }) {
    const value = literal(
        message,
        PYTHON,
        (name) => `base64.b64encode(open(${PYTHON.text(name)}, "rb").read()).decode()`,
    );
    const imports = ["json", ...(hasKey ? ["os"] : []), "urllib.error", "urllib.request"];
    const fields = hasKey
        ? `{"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["${KEY_NAME}"]}`
        : '{"Content-Type": "application/json"}';
    return `${hasFiles ? "import base64\n" : ""}${imports.map((name) => `import ${name}\n`).join("")}
message = ${value}
request = urllib.request.Request(
    "${url}",
    json.dumps(message).encode(),
    ${fields},
)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as refusal:
    answer = refusal
print(answer.status, json.load(answer))
`;
}

function node({ url, hasKey, message, hasFiles }) {
    const value = literal(message, NODE, (name) => `readFileSync(${NODE.text(name)}, "base64")`);
    const key = hasKey ? `, Authorization: \`Bearer \${process.env.${KEY_NAME}}\`` : "";
    return `// send.mjs, for Node 18 and later
${hasFiles ? 'import { readFileSync } from "node:fs";\n\n' : ""}const message = ${value};

const answer = await fetch("${url}", {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(message),
});
console.log(answer.status, await answer.json());
`;
}

// Go is indented by tabs, and these files are not.
const tabbed = (text) => text.replace(/^(?: {4})+/gm, (margin) => "\t".repeat(margin.length / 4));

const GO_READ = `
func read(name string) string {
    content, err := os.ReadFile(name)
    if err != nil {
        log.Fatal(err)
    }
    return base64.StdEncoding.EncodeToString(content)
}
`;

function go({ url, hasKey, message, hasFiles }) {
    const value = literal(message, GO, (name) => `read(${GO.text(name)})`, "\t");
    const imports = ["bytes", ...(hasFiles ? ["encoding/base64"] : []), "encoding/json", "io", "log", "net/http", "os"];
    const key = hasKey ? `    request.Header.Set("Authorization", "Bearer "+os.Getenv("${KEY_NAME}"))\n` : "";
    return tabbed(`package main

import (
${imports.map((name) => `\t"${name}"\n`).join("")})
${hasFiles ? GO_READ : ""}
func main() {
    message := ${value}
    body, err := json.Marshal(message)
    if err != nil {
        log.Fatal(err)
    }
    request, err := http.NewRequest("POST", "${url}", bytes.NewReader(body))
    if err != nil {
        log.Fatal(err)
    }
    request.Header.Set("Content-Type", "application/json")
${key}    answer, err := http.DefaultClient.Do(request)
    if err != nil {
        log.Fatal(err)
    }
    defer answer.Body.Close()
    log.Println(answer.Status)
    io.Copy(os.Stdout, answer.Body)
}
`);
}

function php({ url, hasKey, message }) {
    const value = literal(message, PHP, (name) => `base64_encode(file_get_contents(${PHP.text(name)}))`);
    const key = hasKey ? `, "Authorization: Bearer " . getenv("${KEY_NAME}")` : "";
    return `<?php
$message = ${value};
$answer = file_get_contents("${url}", false, stream_context_create(["http" => [
    "method" => "POST",
    "header" => ["Content-Type: application/json"${key}],
    "content" => json_encode($message),
    "ignore_errors" => true,
]]));
echo $answer, "\\n";
`;
}

// In the order in which they are offered: name, title, code.
export function snippets(request) {
    return [
        ["curl", "curl", curl(request)],
        ["python", "Python", python(request)],
        ["node", "Node", node(request)],
        ["go", "Go", go(request)],
        ["php", "PHP", php(request)],
    ];
}
