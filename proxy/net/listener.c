/* Accepts clients and hands each to a new link of the same worker. */
#include "proxy/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/ledger/why.h"
#include "proxy/net/link.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 1024
/* Clients accepted per event, so that those already served get their turn. */
#define ACCEPT_AT_ONCE 64
#define PAUSE_FIRST_MS 100u
#define PAUSE_MOST_MS  1000u

struct listener {
    struct listener *next;
    struct worker *worker;
    int fd;
    int reserve; /* given up to refuse a client when descriptors run out; -1: lost */
    unsigned pause_ms;
    struct event accept, resume;
};

static int reserve_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void refuse(int fd)
{
    struct buffer out = {0};
    encode_error(&out, &(struct report_text){
                           .severity = "FATAL",
                           .sqlstate = SQLSTATE_TOO_MANY_CONNECTIONS,
                           .message = span_text("too many clients: no file descriptors are left"),
                           .hint = span_text("Raise the limit of open files of the proxy "
                                             "(ulimit -n, LimitNOFILE).")});
    ssize_t sent = send(fd, out.at, out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
    buffer_free(&out);
    /* Unread bytes would make close() send a reset that overtakes the message. */
    shutdown(fd, SHUT_WR);
    char unread[1024];
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0) {
    }
    close(fd);
}

static void refuse_waiting(struct listener *listener)
{
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        if (listener->reserve >= 0) {
            close(listener->reserve);
        }
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            refuse(fd);
        }
        listener->reserve = reserve_open();
        if (fd < 0) {
            return;
        }
    }
}

static void exhausted(struct listener *listener, int error)
{
    refuse_waiting(listener);
    event_del(&listener->accept);
    const struct timeval pause = {.tv_sec = listener->pause_ms / 1000,
                                  .tv_usec = (suseconds_t)(listener->pause_ms % 1000) * 1000};
    evtimer_add(&listener->resume, &pause);
    struct buffer line = log_begin(LOG_ERROR, "accept_paused");
    log_text(&line, "reason", span_text(strerror(error)));
    log_number(&line, "pause_ms", listener->pause_ms);
    log_text(&line, "hint", span_text("raise the limit of open files (ulimit -n, LimitNOFILE)"));
    log_end(&line);
    listener->pause_ms =
        listener->pause_ms * 2 < PAUSE_MOST_MS ? listener->pause_ms * 2 : PAUSE_MOST_MS;
}

static void on_resume(evutil_socket_t fd, short what, void *who)
{
    (void)fd, (void)what;
    struct listener *listener = who;
    event_add(&listener->accept, NULL);
}

static void on_accept(evutil_socket_t listening, short what, void *who)
{
    (void)what;
    struct listener *listener = who;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct address peer = {.length = sizeof peer.at};
        int fd = accept4(listening, (struct sockaddr *)&peer.at, &peer.length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->pause_ms = PAUSE_FIRST_MS;
            link_accept(listener->worker, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            exhausted(listener, errno);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        /* Anything else is the fate of one client that has left already (man 2 accept). */
    }
}

/* A path that nobody listens on is what a killed proxy left behind. */
static void remove_stale_socket(const struct address *address)
{
    const char *path = ((const struct sockaddr_un *)&address->at)->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)&address->at, address->length) != 0 &&
        errno == ECONNREFUSED) {
        unlink(path);
    }
    close(fd);
}

static bool bind_unix(int fd, const struct listen_point *point)
{
    remove_stale_socket(&point->address);
    if (bind(fd, (const struct sockaddr *)&point->address.at, point->address.length) != 0) {
        return false;
    }
    /* As PostgreSQL's default, unix_socket_permissions = 0777: logging in is what protects. */
    return chmod(((const struct sockaddr_un *)&point->address.at)->sun_path, 0777) == 0;
}

/* The first worker binds alone, so that another program (or another proxy) on the same port is
 * found out; only then the port is opened to the other workers. */
static bool bind_tcp(int fd, struct listen_point *point, bool first)
{
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (point->address.at.ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (!first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) {
        return false;
    }
    if (bind(fd, (const struct sockaddr *)&point->address.at, point->address.length) != 0) {
        return false;
    }
    if (first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) {
        return false;
    }
    socklen_t length = sizeof point->address.at;
    return getsockname(fd, (struct sockaddr *)&point->address.at, &length) == 0;
}

static int open_socket(const struct worker *worker, struct listen_point *point, char **why)
{
    int family = point->address.at.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && (family == AF_UNIX ? bind_unix(fd, point)
                                               : bind_tcp(fd, point, worker->number == 1));
    if (bound && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int error = errno;
    char text[ADDRESS_TEXT_BYTES];
    address_text(&point->address, text);
    why_set(why, "cannot listen on %s: %s. %s", text, strerror(error),
            error == EADDRINUSE ? "Stop the other program there, or change `listen`."
                                : "Check `listen` in the configuration.");
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Each worker has a descriptor of its own, so that the socket ends with the last of them. */
static int open_share(const struct worker *worker, struct listen_point *point, char **why)
{
    if (point->address.at.ss_family != AF_UNIX) {
        return open_socket(worker, point, why);
    }
    if (point->unix_fd < 0) {
        point->unix_fd = open_socket(worker, point, why);
        point->owned = point->unix_fd >= 0;
    }
    if (point->unix_fd < 0) {
        return -1;
    }
    int fd = fcntl(point->unix_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        why_set(why, "no file descriptor for a unix socket: %s", strerror(errno));
    }
    return fd;
}

bool listener_open(struct worker *worker, struct listen_point *point, char **why)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        why_set(why, "no memory for a listener");
        return false;
    }
    int fd = open_share(worker, point, why);
    if (fd < 0) {
        free(listener);
        return false;
    }
    *listener = (struct listener){.next = worker->listeners,
                                  .worker = worker,
                                  .fd = fd,
                                  .reserve = reserve_open(),
                                  .pause_ms = PAUSE_FIRST_MS};
    worker->listeners = listener;
    event_assign(&listener->accept, worker->base, fd, EV_READ | EV_PERSIST, on_accept, listener);
    evtimer_assign(&listener->resume, worker->base, on_resume, listener);
    event_add(&listener->accept, NULL);
    return true;
}

void listener_free_all(struct worker *worker)
{
    while (worker->listeners != NULL) {
        struct listener *listener = worker->listeners;
        worker->listeners = listener->next;
        event_del(&listener->accept);
        event_del(&listener->resume);
        close(listener->fd);
        if (listener->reserve >= 0) {
            close(listener->reserve);
        }
        free(listener);
    }
}

static bool add_point(struct listen_point points[LISTEN_POINTS_MOST], size_t *count,
                      const struct listen_point *point, char **why)
{
    if (*count == LISTEN_POINTS_MOST) {
        why_set(why, "`listen` stands for more than %d addresses", LISTEN_POINTS_MOST);
        return false;
    }
    points[(*count)++] = *point;
    return true;
}

static bool add_tcp(struct listen_point points[LISTEN_POINTS_MOST], size_t *count,
                    const struct listen_address *address, char **why)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    bool everywhere = address->host[0] == 0 || strcmp(address->host, "*") == 0;
    struct addrinfo *found;
    int error = getaddrinfo(everywhere ? NULL : address->host, "0", &hints, &found);
    if (error != 0) {
        why_set(why, "cannot listen on %s: %s. Check `listen` in the configuration.", address->host,
                gai_strerror(error));
        return false;
    }
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
        struct listen_point point = {.address.length = one->ai_addrlen, .unix_fd = -1};
        memcpy(&point.address.at, one->ai_addr, one->ai_addrlen);
        address_set_port(&point.address, address->port);
        if (!add_point(points, count, &point, why)) {
            freeaddrinfo(found);
            return false;
        }
    }
    freeaddrinfo(found);
    return true;
}

bool listen_point_add(struct listen_point points[LISTEN_POINTS_MOST], size_t *count,
                      const struct listen_address *address, char **why)
{
    if (address->kind == LISTEN_TCP) {
        return add_tcp(points, count, address, why);
    }
    struct listen_point point = {.unix_fd = -1};
    if (!address_unix(&point.address, address->path, address->port)) {
        why_set(why, "cannot listen in %s: the path of a unix socket has at most 107 bytes",
                address->path);
        return false;
    }
    return add_point(points, count, &point, why);
}

void listen_point_opened(struct listen_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (points[i].unix_fd >= 0) {
            close(points[i].unix_fd);
            points[i].unix_fd = -1;
        }
    }
}

void listen_point_remove(const struct listen_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (points[i].owned) {
            unlink(((const struct sockaddr_un *)&points[i].address.at)->sun_path);
        }
    }
}
