#!/usr/bin/env python3
"""A gateway as it is often written in Python: http.server with a thread a client, smtplib with a pool of sessions.

smtplib_gateway.py PORT RELAY_URL SESSIONS
"""

import base64
import email.message
import http.server
import json
import queue
import smtplib
import sys
import urllib.parse

PORT, SESSIONS = int(sys.argv[1]), int(sys.argv[3])
RELAY = urllib.parse.urlsplit(sys.argv[2])
idle = queue.LifoQueue()


def open_session():
    if RELAY.scheme == "smtps":
        return smtplib.SMTP_SSL(RELAY.hostname, RELAY.port)
    return smtplib.SMTP(RELAY.hostname, RELAY.port)


def build(fields):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = fields["from"], fields["to"], fields["subject"]
    message.set_content(fields["text"])
    if "html" in fields:
        message.add_alternative(fields["html"], subtype="html")
    for attachment in fields.get("attachments", ()):
        content = base64.b64decode(attachment["content"])
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=attachment["filename"])
    return message


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        message = build(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        session = idle.get()
        try:
            session = session or open_session()
            session.send_message(message)
        finally:
            idle.put(session)
        answer = b'{"delivery":"sent"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 4096
    daemon_threads = True


for _ in range(SESSIONS):
    idle.put(None)
Server(("127.0.0.1", PORT), Handler).serve_forever()
