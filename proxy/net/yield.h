/* Before a concurrent build all other sessions of its database are asked to let go of snapshots
 * that are of no use to them (SESSION_YIELD), on all workers, and the last answer is a letter to
 * the one that builds.
 *
 *      A: yield_ask_others --mail--> every worker --SESSION_YIELD--> its links of that database
 *      A <----------------- SESSION_YIELDED ------- the last of them: yield_answer              */
#ifndef PROXY_NET_YIELD_H
#define PROXY_NET_YIELD_H

struct link;

/* On the link's worker. Without memory not all are asked, or no answer comes: the session goes on
 * by itself after a while. */
void yield_ask_others(struct link *from);
/* The link has answered all who have asked, or is ending; nothing when nobody has. On its worker.
 */
void yield_answer(struct link *link);

#endif
