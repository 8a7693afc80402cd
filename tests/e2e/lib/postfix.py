"""A private Postfix: its own configuration, queue, data and log, on a loopback port, as long as a test needs it.

Debian's packages need not be installed (see peers.py): only their binaries are used, and nothing is read from or
written to /etc/postfix or /var. It needs root, since Postfix drops its rights to users of its own; elsewhere the tests
are skipped.

It offers STARTTLS with a certificate of the test CA, AUTH PLAIN and LOGIN by Cyrus SASL from a sasldb of its own, takes
mail from those who are logged in only, delivers every address listed in `mailboxes` into a Maildir, and
refuses all others at RCPT.
"""

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from . import certificates, gateway, harness, peers

USERNAME, PASSWORD = "ann", "correct horse"
REALM = "postfix.test"
DOMAIN = "example.net"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH SASL_PATH
mail_owner = {owner}
setgid_group = {group}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
syslog_name = postfix

myhostname = postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
biff = no
message_size_limit = 52428800
mailbox_size_limit = 0

virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/etc/mailboxes
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine

smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {key}, {chain}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/etc/sasl
smtpd_sasl_local_domain = postfix.test
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_delay_reject = yes
smtpd_peername_lookup = no
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/etc/sasl/sasldb2
mech_list: PLAIN LOGIN
"""


# What `postfix check` would make in some seconds: name, mode, whether the group of the command line tools owns it.
_QUEUE = (
    *((name, 0o700, False) for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold")),
    *((name, 0o700, False) for name in ("incoming", "private", "saved", "trace")),
    *(("maildrop", 0o730, True), ("public", 0o710, True)),
)


def need_postfix():
    if os.geteuid() != 0:
        raise harness.Skip("needs root, to run a private Postfix")
    if peers.find() is None:
        raise harness.Skip("needs Debian's packages postfix and sasl2-bin; ./dev test unpacks them into build/peers")


def require_or_exit():
    """For a script that is about nothing else."""
    try:
        need_postfix()
    except harness.Skip as reason:
        print(f"SKIP {reason}")
        sys.exit(harness.SKIP_STATUS)


def _first_that_exists(look_up, names):
    """The user or group of Debian's package, or where that is not installed one that every system has."""
    for name in names:
        with contextlib.suppress(KeyError):
            look_up(name)
            return name
    raise harness.Skip(f"none of {names} is there to own Postfix's files")


class Postfix:
    """A context manager. Mail for NAME@example.net is in `maildir(NAME)`."""

    def __init__(self, mailboxes=("bob", "carol", "dave")):
        need_postfix()
        self.mailboxes = mailboxes
        self.folder = harness.make_folder("postern-e2e-postfix-")
        self.root = peers.place(self.folder)
        self.master = None
        self.port = 0

    def __enter__(self):
        self._release = harness.own(self._stop)
        for attempt in range(3):
            self.port = gateway.free_port()
            self._write_configuration()
            self._start()
            try:
                harness.eventually(self._answers, 10, "Postfix's greeting")
                return self
            except harness.Failure as failure:
                self._stop()
                if attempt == 2:
                    raise harness.Failure(f"{failure}\n{self.log()}") from None
        raise AssertionError

    def __exit__(self, *_):
        self._release()

    # --- Use

    def url(self, password=PASSWORD):
        return f"smtp://{USERNAME}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}"

    def maildir(self, name):
        return os.path.join(self.folder, "mail", name)

    def log(self):
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/log", encoding="utf-8") as file:
            return file.read()
        return ""

    def delivered(self, name, token):
        """The one message with the token that arrived for NAME, as it was stored; waits for it."""

        def look():
            folder = os.path.join(self.maildir(name), "new")
            for entry in os.listdir(folder) if os.path.isdir(folder) else ():
                with open(os.path.join(folder, entry), "rb") as file:
                    content = file.read()
                if token.encode() in content:
                    return content
            return None

        return harness.eventually(look, 20, f"the delivery to {name} (log: {self.log()[-1500:]})")

    def log_of_queue_id(self, queue_id):
        return [line for line in self.log().splitlines() if re.search(rf"\]: {re.escape(queue_id)}: ", line)]

    def envelope(self, queue_id):
        """(sender, recipients) as Postfix's log has them."""
        text = "\n".join(self.log_of_queue_id(queue_id))
        sender = re.search(r"from=<([^>]*)>", text)
        return sender and sender[1], set(re.findall(r" to=<([^>]*)>", text))

    # --- Inside

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _write_configuration(self):
        nobody = pwd.getpwnam("nobody")
        owner = _first_that_exists(pwd.getpwnam, ("postfix", "daemon"))
        group = _first_that_exists(grp.getgrnam, ("postdrop", "bin"))
        chain, key = certificates.shared().server("good")
        terms = {
            "folder": self.folder,
            "port": self.port,
            "uid": nobody.pw_uid,
            "gid": nobody.pw_gid,
            "root": str(self.root).rstrip("/"),
            "owner": owner,
            "group": group,
            "chain": chain,
            "key": key,
        }
        self._write("etc/main.cf", _MAIN.format(**terms))
        self._write("etc/master.cf", _MASTER.format(**terms))
        self._write("etc/mailboxes", "".join(f"{name}@{DOMAIN} {name}/\n" for name in self.mailboxes))
        self._write("etc/sasl/smtpd.conf", _SASL.format(**terms))
        self._make_folder("data", 0o700, owner)
        self._make_folder("mail", 0o755, "nobody")
        self._make_folder("queue", 0o755, "root")
        self._make_folder("queue/pid", 0o755, "root")
        for name, mode, for_tools in _QUEUE:
            self._make_folder(f"queue/{name}", mode, owner, group if for_tools else None)
        self._add_user(owner)

    def _make_folder(self, name, mode, owner, group=None):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        shutil.chown(path, owner, group)
        os.chmod(path, mode)

    def _environment(self):
        return {**peers.environment(self.root), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def _add_user(self, owner):
        users = os.path.join(self.folder, "etc/sasl/sasldb2")
        program = str(self.root / "usr/sbin/saslpasswd2")
        command = [program, "-p", "-c", "-f", users, "-u", REALM, USERNAME]
        done = subprocess.run(
            command, input=PASSWORD, text=True, capture_output=True, env=self._environment(), check=False
        )
        harness.check_equal((done.returncode, done.stderr), (0, ""), "saslpasswd2")
        shutil.chown(users, owner)

    def _start(self):
        """master itself, not `postfix start`: it stays our child, and is ready in no time."""
        self.master = subprocess.Popen(
            [str(self.root / "usr/lib/postfix/sbin/master"), "-c", f"{self.folder}/etc", "-d"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
            start_new_session=True,
        )

    def _answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                return sock.recv(512).startswith(b"220 ")
        return False

    def _stop(self):
        """master, asked to end, takes its children with it; whatever does not follow is killed by its number."""
        if self.master and self.master.poll() is None:
            self.master.terminate()
            self.master.wait(10)
        limit = time.monotonic() + 5
        while self._processes() and time.monotonic() < limit:
            time.sleep(0.02)
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _processes(self):
        """Postfix's daemons live in their queue directory, which is ours alone."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd").startswith(self.folder):
                    found.append(int(entry))
        return found
