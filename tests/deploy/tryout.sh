#!/bin/bash
# What package_check.py has done under systemd: each step a line, "ok" or "FAILED" and what it was. The journal goes
# behind.
try() {
    local said
    if said=$("${@:2}" 2>&1); then
        echo "ok $1"
    else
        echo "FAILED $1: $said"
    fi
}

post() {
    curl --silent --show-error --max-time 30 --fail-with-body "$@" \
        --json '{"from": "a@example.com", "to": "b@example.net", "text": "It works."}'
}

is() {
    local is
    is=$(systemctl show --property "$1" --value postern.service)
    echo "$1 is $is"
    [[ $is == "$2" ]]
}

# By itself until the second is over, so that more than one sign of life was due.
lives_on() {
    sleep 20 && is NRestarts 0 && is ActiveState active
}

none_left() {
    ! find /etc/systemd -name '*postern*' | grep .
}

{
    try "the sandbox, as the relay" systemctl start sandbox.service
    try "sockets" systemctl enable --now postern.socket postern-admin.socket
    try "a mail to the socket starts the service" post http://127.0.0.1:8587/v1/messages
    try "it says that it is ready" is StatusText "taking messages"
    try "alive, by the other socket" curl --silent --fail --output /dev/null http://127.0.0.1:8588/livez
    try "reload" systemctl reload postern.service
    try "restart" systemctl restart postern.service
    try "a mail after it" post http://127.0.0.1:8587/v1/messages
    try "stop" systemctl stop postern.service postern.socket postern-admin.socket
    mv /etc/postern/alone.json /etc/postern/postern.json
    sed -i 's/^WatchdogSec=.*/WatchdogSec=5s/' /usr/lib/systemd/system/postern.service
    systemctl daemon-reload
    try "a start without the sockets" systemctl start postern.service
    try "a mail to the Unix socket" post --unix-socket /run/postern/http.sock http://localhost/v1/messages
    try "the watchdog is content" lives_on
    try "stop again" systemctl stop postern.service
    try "it ended well" is Result success
    try "purge, while it is enabled" dpkg --purge postern
    try "no link of it is left" none_left
    echo "---"
    journalctl --no-pager --output cat --unit postern.service
} >/root/tryout.log 2>&1
systemctl poweroff --force --force
