/* Folder, file and lock of the journal. It never touches what is in the file.
 *
 *      FOLDER/ledger.db        the journal, mode 0600
 *      FOLDER/ledger.db-wal    SQLite's log and its index: local file systems only
 *      FOLDER/ledger.db-shm
 *      FOLDER/ledger.db.lock   flock'd by the proxy that writes; holds its process id for people
 *
 * The lock is on a file of its own because readers must be able to open the journal meanwhile, and
 * because SQLite's own locks on it would be dropped by our closing any descriptor of it. */
#include "proxy/ledger/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proxy/ledger/why.h"

struct network_file_system {
    unsigned long magic;
    const char *name;
};

/* WAL needs memory shared between the processes that have the file open, which these cannot give
 * (sqlite.org/wal.html), and an fsync that means it. Numbers: statfs(2), linux/magic.h. */
static const struct network_file_system network_file_systems[] = {
    {NFS_SUPER_MAGIC, "NFS"},   {SMB_SUPER_MAGIC, "SMB"}, {CIFS_SUPER_MAGIC, "CIFS"},
    {SMB2_SUPER_MAGIC, "SMB2"}, {AFS_SUPER_MAGIC, "AFS"}, {CEPH_SUPER_MAGIC, "Ceph"},
};

static bool folder_is_right(const char *path, const char *folder, char **why)
{
    struct stat found;
    if (stat(folder, &found) != 0 || !S_ISDIR(found.st_mode)) {
        why_set(why,
                "the folder of the ledger does not exist: %s (%s). Create it, owned by the user "
                "that ddlguard runs as, or set ledger.path",
                folder, errno != 0 ? strerror(errno) : "not a folder");
        return false;
    }
    struct statfs system;
    if (statfs(folder, &system) != 0) {
        why_set(why, "cannot examine the folder of the ledger, %s: %s", folder, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < sizeof network_file_systems / sizeof network_file_systems[0]; i++) {
        if ((unsigned long)system.f_type == network_file_systems[i].magic) {
            why_set(why,
                    "the ledger %s is on a network file system (%s), which cannot keep it safe. "
                    "Set ledger.path to a local disk",
                    path, network_file_systems[i].name);
            return false;
        }
    }
    return true;
}

static void name_the_holder(int lock, char *out, size_t size)
{
    ssize_t length = pread(lock, out, size - 1, 0);
    out[length > 0 ? length : 0] = 0;
    out[strspn(out, "0123456789")] = 0;
}

static bool name_ourselves(int lock)
{
    return ftruncate(lock, 0) == 0 && dprintf(lock, "%ld\n", (long)getpid()) > 0;
}

static bool take_lock(struct place *place, char **why)
{
    char *name;
    if (asprintf(&name, "%s.lock", place->path) < 0) {
        why_set(why, "out of memory");
        return false;
    }
    place->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = errno;
    free(name);
    if (place->lock < 0) {
        why_set(why,
                "cannot open %s.lock: %s. The user that ddlguard runs as must be able to write "
                "to the folder",
                place->path, strerror(error));
        return false;
    }
    char holder[16];
    if (flock(place->lock, LOCK_EX | LOCK_NB) != 0) {
        name_the_holder(place->lock, holder, sizeof holder);
        why_set(why,
                "the ledger %s is in use by another ddlguard (process %s). Each needs a ledger of "
                "its own: set ledger.path",
                place->path, holder[0] != 0 ? holder : "unknown");
        return false;
    }
    (void)name_ourselves(place->lock); /* for people only: without it the lock holds as well */
    return true;
}

static bool take_file(struct place *place, char **why)
{
    int file = open(place->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat found;
    if (file < 0 || fstat(file, &found) != 0) {
        why_set(why, "cannot open the ledger %s for writing: %s", place->path, strerror(errno));
        if (file >= 0) {
            close(file);
        }
        return false;
    }
    close(file);
    if (!S_ISREG(found.st_mode)) {
        why_set(why, "the ledger %s must be a regular file", place->path);
        return false;
    }
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        why_set(why, "the ledger %s can be written by others (mode %04o): chmod go-w it",
                place->path, (unsigned)found.st_mode & 07777u);
        return false;
    }
    place->device = found.st_dev;
    place->inode = found.st_ino;
    return true;
}

bool place_take(struct place *place, const char *path, char **why)
{
    *place = (struct place){.path = strdup(path), .lock = -1};
    char *copy = strdup(path); /* dirname() may cut its argument, and its result lies therein */
    bool taken = false;
    if (place->path == NULL || copy == NULL) {
        why_set(why, "out of memory");
    } else {
        errno = 0;
        taken = folder_is_right(path, dirname(copy), why) && take_lock(place, why) &&
                take_file(place, why);
    }
    free(copy);
    if (!taken) {
        place_leave(place);
    }
    return taken;
}

bool place_stands(const struct place *place, char **why)
{
    struct stat found;
    if (stat(place->path, &found) == 0 && found.st_dev == place->device &&
        found.st_ino == place->inode) {
        return true;
    }
    why_set(why,
            "the ledger %s was removed or replaced while in use. Put the file back, or restart "
            "ddlguard to begin a new one",
            place->path);
    return false;
}

void place_leave(struct place *place)
{
    if (place->lock >= 0) {
        close(place->lock);
    }
    free(place->path);
    *place = (struct place){.lock = -1};
}
