/* Submissions and lists of them. It never takes a lock: who shares a list guards it. */
#include "proxy/ledger/submission.h"

#include <stdlib.h>

#include "proxy/ledger/why.h"

struct submission *submission_new(struct span lines, ledger_done *done, void *who)
{
    struct submission *made = malloc(sizeof *made + lines.length);
    if (made == NULL) {
        return NULL;
    }
    *made = (struct submission){.done = done, .who = who, .length = lines.length};
    if (lines.length > 0) {
        memcpy(made->lines, lines.at, lines.length);
    }
    return made;
}

void submission_free(struct submission *submission)
{
    if (submission == NULL) {
        return;
    }
    for (size_t i = 0; i < submission->event_count; i++) {
        event_free(&submission->events[i]);
    }
    free(submission->events);
    free(submission);
}

/* The line at `from`, without its newline. */
static struct span line_at(const struct submission *submission, size_t from)
{
    struct span rest = span_of(submission->lines + from, submission->length - from);
    const uint8_t *end = rest.length == 0 ? NULL : memchr(rest.at, '\n', rest.length);
    return end == NULL ? rest : span_of(rest.at, (size_t)(end - rest.at));
}

static size_t count_lines(const struct submission *submission)
{
    size_t count = 0;
    for (size_t from = 0; from < submission->length;) {
        struct span line = line_at(submission, from);
        count += line.length > 0;
        from += line.length + 1;
    }
    return count;
}

bool submission_parse(struct submission *submission, char **why)
{
    submission->events = calloc(count_lines(submission) + 1, sizeof *submission->events);
    if (submission->events == NULL) {
        why_set(why, "out of memory");
        return false;
    }
    for (size_t from = 0; from < submission->length;) {
        struct span line = line_at(submission, from);
        from += line.length + 1;
        if (line.length == 0) {
            continue;
        }
        if (!event_parse(line, &submission->events[submission->event_count], why)) {
            return false;
        }
        submission->event_count++;
    }
    return true;
}

void submission_report(struct submission *submission, bool ok, const char *why)
{
    ledger_done *done = submission->done;
    submission->done = NULL;
    if (done != NULL) {
        done(submission->who, ok, why);
    }
}

void submission_list_push(struct submission_list *list, struct submission *submission)
{
    submission->next = NULL;
    if (list->last == NULL) {
        list->first = submission;
    } else {
        list->last->next = submission;
    }
    list->last = submission;
    list->bytes += submission->length;
}

struct submission *submission_list_pop(struct submission_list *list)
{
    struct submission *first = list->first;
    if (first == NULL) {
        return NULL;
    }
    list->first = first->next;
    if (list->first == NULL) {
        list->last = NULL;
    }
    list->bytes -= first->length;
    return first;
}

void submission_list_free(struct submission_list *list)
{
    struct submission *each;
    while ((each = submission_list_pop(list)) != NULL) {
        submission_free(each);
    }
}

struct submission_list submission_list_take(struct submission_list *from)
{
    struct submission_list taken = *from;
    *from = (struct submission_list){0};
    return taken;
}

static bool is_spoken_of_later(const struct submission *submission, const struct change_id *id)
{
    for (const struct submission *later = submission->next; later != NULL; later = later->next) {
        for (size_t i = 0; i < later->event_count; i++) {
            if (memcmp(&later->events[i].change_id, id, sizeof *id) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool submission_came_to_nothing(const struct submission *submission)
{
    for (size_t i = 0; i < submission->event_count; i++) {
        const struct event *event = &submission->events[i];
        if (event->kind != EVENT_INTENDED || is_spoken_of_later(submission, &event->change_id)) {
            return false;
        }
    }
    return true;
}
