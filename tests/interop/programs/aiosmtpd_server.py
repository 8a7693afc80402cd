"""The process of servers/aiosmtpd.py: python3 aiosmtpd_server.py SETTINGS, a JSON object. Runs until SIGTERM."""

import asyncio
import json
import os
import signal
import ssl
import sys
import tempfile
import uuid

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, folder):
        self.folder = folder

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            file.write(json.dumps(envelope.rcpt_tos).encode() + b"\n" + envelope.original_content)
        os.rename(file.name, os.path.join(self.folder, uuid.uuid4().hex))
        return "250 OK"  # as the library's own handlers answer


async def serve(settings):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings["chain"], settings["key"])
    handler = Handler(settings["folder"])

    def log_in(server, session, envelope, mechanism, login):
        given = [login.login.decode(), login.password.decode()]
        return AuthResult(success=given == settings["login"], handled=False)

    def protocol(**how):
        return SMTP(
            handler,
            hostname="aiosmtpd.test",
            data_size_limit=settings["size"],
            enable_SMTPUTF8=True,
            authenticator=log_in,
            auth_required=True,
            **how,
        )

    loop = asyncio.get_running_loop()
    await loop.create_server(
        lambda: protocol(tls_context=context, require_starttls=True), "127.0.0.1", settings["port"]
    )
    await loop.create_server(
        lambda: protocol(auth_require_tls=False), "127.0.0.1", settings["tls_port"], ssl=context
    )
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
