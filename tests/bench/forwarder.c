/* The floor that the proxy is measured against: a single-threaded epoll forwarder, one recv and one
 * send per event. It looks at nothing, and it closes a pair as soon as one side ends: for
 * benchmarks only.
 *
 *      forwarder LISTEN_PORT SERVER_PORT          both on 127.0.0.1 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct end {
    int fd;
    struct end *other;
};

static char bytes[65536];

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void require(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void pair_open(int poll, int client, const struct sockaddr_in *server)
{
    const int one = 1;
    struct end *ends = calloc(2, sizeof *ends);
    require(ends != NULL, "calloc");
    ends[0] = (struct end){client, &ends[1]};
    ends[1] = (struct end){socket(AF_INET, SOCK_STREAM, 0), &ends[0]};
    require(connect(ends[1].fd, (const struct sockaddr *)server, sizeof *server) == 0, "connect");
    for (int i = 0; i < 2; i++) {
        setsockopt(ends[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = &ends[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, ends[i].fd, &wanted);
    }
}

/* The memory of a closed pair is not given back: the other end's event may still lie in the batch.
 */
static void forward(struct end *from)
{
    if (from->fd < 0) {
        return;
    }
    ssize_t count = recv(from->fd, bytes, sizeof bytes, 0);
    if (count > 0 && send(from->other->fd, bytes, (size_t)count, MSG_NOSIGNAL) == count) {
        return;
    }
    close(from->fd);
    close(from->other->fd);
    from->fd = from->other->fd = -1;
}

int main(int argc, char **argv)
{
    require(argc == 3, "usage: forwarder LISTEN_PORT SERVER_PORT");
    const struct sockaddr_in listen_at = loopback(argv[1]), server = loopback(argv[2]);
    const int one = 1;
    int listening = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    require(bind(listening, (const struct sockaddr *)&listen_at, sizeof listen_at) == 0, "bind");
    require(listen(listening, 1024) == 0, "listen");
    struct epoll_event accepting = {.events = EPOLLIN, .data.ptr = NULL}, ready[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &accepting);
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.ptr == NULL) {
                pair_open(poll, accept(listening, NULL, NULL), &server);
            } else {
                forward(ready[i].data.ptr);
            }
        }
    }
}
