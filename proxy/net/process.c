/* Start, wait, stop. The order of the end matters:
 *
 *      workers' threads                     they ask the others below; their links die
 *      maintenance, resolver, ledger        they post to workers, where nobody reads it any more
 *      workers' memory                      now nothing points at it */
#include "proxy/net/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "proxy/ledger/why.h"
#include "proxy/net/cancel.h"
#include "proxy/net/link.h"
#include "proxy/net/listener.h"
#include "proxy/net/maintenance.h"
#include "proxy/net/queue.h"
#include "proxy/net/resolver.h"

/* How often it is looked whether the last client has gone. */
#define POLL_MS 20u
/* What killed sessions get to send their last words. */
#define KILL_LIMIT_MS 2000u
/* Descriptors that are no client's or server's: journal, listeners, event loops, cancels under way.
 */
#define DESCRIPTORS_ASIDE 128u

struct process {
    struct proxy proxy;
    struct listen_point points[LISTEN_POINTS_MOST];
    size_t point_count;
};

static void log_note(const struct process *process, enum log_level level, const char *event,
                     const char *text)
{
    if (log_shows(process->proxy.log_level, level)) {
        struct buffer line = log_begin(level, event);
        log_text(&line, "text", span_text(text));
        log_end(&line);
    }
}

/* As many files as the system lets us; each session takes two of them. */
static void settle_limits(struct process *process)
{
    unsigned wanted = process->proxy.config->max_connections;
    struct rlimit limit;
    process->proxy.pairs_max = wanted;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t room = limit.rlim_cur > DESCRIPTORS_ASIDE ? (limit.rlim_cur - DESCRIPTORS_ASIDE) / 2 : 1;
    if (limit.rlim_cur != RLIM_INFINITY && room < wanted) {
        process->proxy.pairs_max = (unsigned)room;
        struct buffer line = log_begin(LOG_WARN, "few_descriptors");
        log_number(&line, "max_connections", wanted);
        log_number(&line, "possible", room);
        log_number(&line, "open_files", limit.rlim_cur);
        log_text(&line, "hint",
                 span_text("raise the limit of open files (ulimit -n, LimitNOFILE)"));
        log_end(&line);
    }
}

static bool open_shared(struct process *process, char **why)
{
    struct proxy *proxy = &process->proxy;
    const struct config *config = proxy->config;
    proxy->cancels = cancel_map_new();
    if (proxy->cancels == NULL) {
        why_set(why, "no memory for the cancel map");
        return false;
    }
    proxy->queue = queue_new();
    if (proxy->queue == NULL) {
        why_set(why, "no memory for the queue of changes");
        return false;
    }
    proxy->resolver = resolver_new(why);
    if (proxy->resolver == NULL) {
        return false;
    }
    proxy->ledger = ledger_open(config->ledger_path, why);
    if (proxy->ledger == NULL) {
        return false;
    }
    if (config->maintenance.user != NULL) {
        proxy->maintenance = maintenance_new(config, proxy->ledger, proxy->log_level, why);
        return proxy->maintenance != NULL;
    }
    return true;
}

static bool open_workers(struct process *process, char **why)
{
    unsigned wanted = process->proxy.config->workers;
    if (wanted == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        wanted = processors > 0 ? (unsigned)processors : 1;
    }
    process->proxy.workers = calloc(wanted, sizeof(struct worker *));
    if (process->proxy.workers == NULL) {
        why_set(why, "no memory for %u workers", wanted);
        return false;
    }
    for (unsigned i = 0; i < wanted; i++) {
        process->proxy.workers[i] = worker_new(&process->proxy, i + 1, why);
        if (process->proxy.workers[i] == NULL) {
            return false;
        }
        process->proxy.worker_count++;
        for (size_t point = 0; point < process->point_count; point++) {
            if (!listener_open(process->proxy.workers[i], &process->points[point], why)) {
                return false;
            }
        }
    }
    return true;
}

static bool open_points(struct process *process, char **why)
{
    const struct config *config = process->proxy.config;
    for (unsigned i = 0; i < config->listen_count; i++) {
        if (!listen_point_add(process->points, &process->point_count, &config->listen[i], why)) {
            return false;
        }
    }
    return true;
}

/* Signals are taken by process_run alone: threads made from here on inherit the mask. */
static void take_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool start(struct process *process, char **why)
{
    bool opened =
        open_shared(process, why) && open_points(process, why) && open_workers(process, why);
    listen_point_opened(process->points, process->point_count);
    if (!opened) {
        return false;
    }
    for (unsigned i = 0; i < process->proxy.worker_count; i++) {
        if (!worker_start(process->proxy.workers[i], why)) {
            return false;
        }
    }
    for (size_t i = 0; i < process->point_count; i++) {
        char text[ADDRESS_TEXT_BYTES];
        address_text(&process->points[i].address, text);
        printf("listening on %s\n", text);
    }
    fflush(stdout);
    return true;
}

struct order {
    struct mail mail;
    struct worker *worker;
    enum session_event event;
};

static void deliver_order(struct mail *mail, bool lost)
{
    struct order *order = (struct order *)mail;
    if (!lost) {
        listener_free_all(order->worker);
        link_tell_all(order->worker, order->event);
    }
    free(order);
}

static void order_all(struct process *process, enum session_event event)
{
    for (unsigned i = 0; i < process->proxy.worker_count; i++) {
        struct order *order = malloc(sizeof *order);
        if (order != NULL) {
            *order = (struct order){{.deliver = deliver_order}, process->proxy.workers[i], event};
            worker_post(process->proxy.workers[i], &order->mail);
        }
    }
}

/* True: all clients have gone. False: the limit is over, or another SIGTERM or SIGINT came. */
static bool wait_for_clients(const struct process *process, const sigset_t *signals,
                             uint32_t limit_ms)
{
    const struct timespec slice = {.tv_nsec = POLL_MS * 1000000L};
    for (uint64_t waited_ms = 0; atomic_load(&process->proxy.links) > 0; waited_ms += POLL_MS) {
        int signal_number = sigtimedwait(signals, NULL, &slice);
        if (waited_ms >= limit_ms || signal_number == SIGTERM || signal_number == SIGINT) {
            return false;
        }
    }
    return true;
}

/* False: sessions had to be cut off. */
static bool serve(struct process *process, const sigset_t *signals)
{
    int number;
    while ((number = sigwaitinfo(signals, NULL)) == SIGHUP || number < 0) {
        if (number == SIGHUP) {
            log_note(process, LOG_WARN, "no_reload",
                     "SIGHUP is ignored: restart to read the configuration again");
        }
    }
    log_note(process, LOG_INFO, "stopping", "no more clients; running transactions may end");
    listen_point_remove(process->points, process->point_count);
    order_all(process, SESSION_SHUTDOWN);
    if (wait_for_clients(process, signals, process->proxy.config->shutdown_ms)) {
        return true;
    }
    log_note(process, LOG_WARN, "killing", "sessions that have not ended are cut off");
    order_all(process, SESSION_KILL);
    bool gone = wait_for_clients(process, signals, KILL_LIMIT_MS);
    (void)gone; /* the program ends either way */
    return false;
}

static void stop(struct process *process)
{
    struct proxy *proxy = &process->proxy;
    for (unsigned i = 0; i < process->proxy.worker_count; i++) {
        worker_stop(process->proxy.workers[i]);
    }
    for (unsigned i = 0; i < process->proxy.worker_count; i++) {
        worker_join(process->proxy.workers[i]);
    }
    maintenance_free(proxy->maintenance);
    resolver_free(proxy->resolver);
    ledger_close(proxy->ledger);
    for (unsigned i = 0; i < process->proxy.worker_count; i++) {
        worker_free(process->proxy.workers[i]);
    }
    free(process->proxy.workers);
    cancel_map_free(proxy->cancels);
    queue_free(proxy->queue);
}

bool process_run(const struct config *config)
{
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL) {
        fputs("ddlguard: out of memory\n", stderr);
        return false;
    }
    process->proxy.config = config;
    process->proxy.log_level = LOG_INFO;
    bool known = log_level_parse(span_text(config->log_level), &process->proxy.log_level);
    (void)known; /* the configuration was checked when it was loaded */
    process->proxy.options = (struct session_options){
        .settings = &config->settings,
        .overrides = config->overrides,
        .override_count = config->override_count,
        .inspect_limit = config->inspect_limit_bytes,
        .parse_limit = config->parse_limit_bytes,
        .refuse_without_ledger = config->ledger_required,
        .aside = config->maintenance.user != NULL,
        .instance = "ddlguard",
    };
    sigset_t signals;
    take_signals(&signals);
    settle_limits(process);
    char *why = NULL;
    bool in_order = start(process, &why);
    if (in_order) {
        in_order = serve(process, &signals);
    } else {
        fprintf(stderr, "ddlguard: %s\n", why == NULL ? "out of memory" : why);
        listen_point_remove(process->points, process->point_count);
    }
    stop(process);
    free(why);
    free(process);
    return in_order;
}
