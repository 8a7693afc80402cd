/* service/commands/serve_inside.h: a gateway that runs, for command_serve.c, which runs it, and serve_start.c,
 * serve_reload.c and serve_stop.c, which are its ways in and out. Nobody else includes it.
 *
 * Threads    the main one; servers and gateway have their own.
 */
#ifndef POSTERN_SERVICE_COMMANDS_SERVE_INSIDE_H
#define POSTERN_SERVICE_COMMANDS_SERVE_INSIDE_H

#include "api/http/server.h"
#include "service/access/gate.h"
#include "service/admin.h"
#include "service/process/confine.h"
#include "service/process/memory.h"
#include "service/process/notify.h"
#include "service/process/signals.h"
#include "service/process/watchdog.h"
#include "service/relays/gateway.h"
#include "service/settings/configuration.h"
#include "service/watch/exporter.h"
#include "service/watch/process_figures.h"

struct service {
    struct arena arena;
    const struct option_sources *sources;
    int stop_fd;
    struct launcher launcher;
    struct confinement confinement;
    struct sandbox *sandbox;
    struct configuration *configuration;
    struct process_figures process;
    struct exporter *exporter; /* NULL without a collector */
    struct gateway *gateway;
    struct gate *gate;
    struct gate_door main_door, admin_door;
    struct admin admin;
    struct str sandbox_listen;
    struct str listen, admin_listen; /* where the listeners are, once they are */
    int listen_fd, admin_listen_fd;  /* -1: none, or its server's by now */
    bool listen_is_shared;           /* systemd has the main one too */
    struct tls_listener *tls;        /* NULL where the main listener speaks plain HTTP */
    struct api_server *main_server;
    struct api_server *admin_server;
    struct memory memory;
    struct notify notify;     /* the service manager, where one wants to hear */
    struct watchdog watchdog; /* likewise */
};

/* On failure `exit_code` says whether the configuration or the system is at fault. */
bool serve_start(struct service *service, bool with_sandbox, int *exit_code, struct fault *fault);

/* SIGHUP: the options and the files that they name are read again; what does not load leaves everything as it
 * was. Listeners and limits stay until the next start. */
void serve_reload(struct service *service);

/* Looks after what waited too long, on either side. To be called now and then; often while anything is out. */
void serve_tick(struct service *service);

/* Messages that are coming in, or are out. */
bool serve_has_work(const struct service *service);

/* Takes no new work, and waits for what is out, within the grace time; further signals hurry it. */
void serve_finish(struct service *service, const sigset_t *signals);

/* Ends what is left, and frees all that was started; also after a start that failed. */
void serve_stop(struct service *service);

#endif
