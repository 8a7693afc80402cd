"""A name server that knows some TXT records, and else answers every question with one response code, or not at all.

resolv.conf takes no port, so it listens on port 53 of an address in 127/8 that is likely to be its own.
"""

import os
import random
import socket
import struct
import threading

from . import harness

NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3
TYPE_TXT, TYPE_CNAME, CLASS_IN = 16, 5, 1
MAX_UDP_OCTETS = 512


class NameServer:
    """A context manager; `code` None stays silent.

    `texts` has for a name its TXT records; a record is a string, which is cut at 255 octets as it must be, or the list
    of its strings; ("CNAME", name) in place of one is an alias. What does not fit into a datagram is cut, and told
    by TCP, unless `tcp` says that nothing listens there, or "silent" that nothing is said there.
    """

    def __init__(self, code=NO_SUCH_NAME, texts=None, tcp=True):
        if os.geteuid() != 0:
            raise harness.Skip("needs root, for port 53")
        self.code, self.tcp = code, tcp
        self.texts = {name.lower().rstrip("."): records for name, records in (texts or {}).items()}
        self.sock, self.listener = self._listen()
        self.questions = 0

    def _listen(self):
        for _ in range(20):
            self.address = f"127.53.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                sock.bind((self.address, 53))
                if self.tcp:
                    listener.bind((self.address, 53))
                    listener.listen(16)
                return sock, listener
            except OSError:
                sock.close()
                listener.close()
        raise harness.Skip("finds no address in 127/8 with a port 53 that is free")

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        if self.tcp is True:
            threading.Thread(target=self._serve_tcp, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.sock.close()
        self.listener.close()

    def _serve(self):
        while True:
            try:
                question, peer = self.sock.recvfrom(2048)
            except OSError:
                return
            answer = self._answer(question)
            if answer is None:
                continue
            if len(answer) > MAX_UDP_OCTETS:
                # RFC 1035 4.1.1: TC; whoever asks comes again by TCP
                flags = bytes([answer[2] | 0x02])
                answer = answer[:2] + flags + answer[3:6] + b"\0\0" + answer[8 : question_end(answer)]
            self.sock.sendto(answer, peer)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                (length,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
                answer = self._answer(connection.recv(length, socket.MSG_WAITALL))
                if answer is not None:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, question):
        self.questions += 1
        end = question_end(question)
        name, kind = read_name(question), question[end - 4 : end - 2]
        records = self.texts.get(name, []) if kind == struct.pack("!H", TYPE_TXT) else []
        answers = b"".join(self._records(name, records))
        code = NO_ERROR if name in self.texts else self.code
        if code is None:
            return None
        # QR, RD as asked, RA, the code; the question is sent back
        head = question[:2] + bytes([0x80 | (question[2] & 0x01), 0x80 | code])
        return head + struct.pack("!HHHH", 1, answers.count(b"\xc0\x0c"), 0, 0) + question[12:end] + answers

    def _records(self, name, records):
        for record in records:
            if isinstance(record, tuple):
                yield resource(TYPE_CNAME, write_name(record[1]))
                yield from self._records(name, self.texts[record[1]])
            else:
                yield resource(TYPE_TXT, b"".join(bytes([len(part)]) + part for part in strings_of(record)))


def resource(kind, data):
    """Of the name that was asked for: it stands at octet 12."""
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, CLASS_IN, 60, len(data)) + data


def strings_of(record):
    if isinstance(record, str):
        octets = record.encode()
        return [octets[at : at + 255] for at in range(0, max(len(octets), 1), 255)]
    return [part if isinstance(part, bytes) else part.encode() for part in record]


def question_end(message):
    return message.index(b"\0", 12) + 5


def read_name(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("latin-1").lower())
        at += 1 + message[at]
    return ".".join(labels)


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
