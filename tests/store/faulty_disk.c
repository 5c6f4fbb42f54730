/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite VFS that passes everything on to the ordinary one, until it is told to fail the log's
 * writes or syncs. */
#include "faults.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

/* SQLite knows a VFS by its address for as long as a connection lives. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    _Atomic int fault, after, hits;
} disk;

struct disk_file {
    sqlite3_file base;
    bool is_log;
    sqlite3_file real[]; /* disk.real->szOsFile bytes */
};

static sqlite3_file *real_of(sqlite3_file *f) {
    return ((struct disk_file *)f)->real;
}

/* True: this call fails. */
static bool fails(sqlite3_file *f, bool sync) {
    int fault = atomic_load(&disk.fault);
    if (fault == DISK_WELL || !((struct disk_file *)f)->is_log ||
        sync != (fault == DISK_BAD_SYNC)) {
        return false;
    }
    if (atomic_fetch_sub(&disk.after, 1) > 0) {
        return false;
    }
    atomic_fetch_add(&disk.hits, 1);
    return true;
}

static int disk_close(sqlite3_file *f) {
    return real_of(f)->pMethods->xClose(real_of(f));
}
static int disk_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}
static int disk_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    if (fails(f, false)) {
        return atomic_load(&disk.fault) == DISK_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}
static int disk_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return real_of(f)->pMethods->xTruncate(real_of(f), n);
}
static int disk_sync(sqlite3_file *f, int flags) {
    return fails(f, true) ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}
static int disk_size(sqlite3_file *f, sqlite3_int64 *n) {
    return real_of(f)->pMethods->xFileSize(real_of(f), n);
}
static int disk_lock(sqlite3_file *f, int level) {
    return real_of(f)->pMethods->xLock(real_of(f), level);
}
static int disk_unlock(sqlite3_file *f, int level) {
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}
static int disk_reserved(sqlite3_file *f, int *out) {
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}
static int disk_control(sqlite3_file *f, int op, void *arg) {
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}
static int disk_sector(sqlite3_file *f) {
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}
static int disk_device(sqlite3_file *f) {
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int disk_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int disk_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}
static void disk_shm_barrier(sqlite3_file *f) {
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}
static int disk_shm_unmap(sqlite3_file *f, int gone) {
    return real_of(f)->pMethods->xShmUnmap(real_of(f), gone);
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    struct disk_file *file = (struct disk_file *)f;
    (void)vfs;
    file->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    int rc = disk.real->xOpen(disk.real, name, file->real, flags, out);
    f->pMethods = file->real->pMethods != NULL ? &disk.methods : NULL;
    return rc;
}

void faulty_disk_set(enum disk_fault fault, int after) {
    atomic_store(&disk.hits, 0);
    atomic_store(&disk.after, after);
    atomic_store(&disk.fault, (int)fault);
}

bool faulty_disk_hit(void) {
    return atomic_load(&disk.hits) > 0;
}

void faulty_disk_install(void) {
    if (disk.real == NULL) {
        disk.real = sqlite3_vfs_find(NULL);
        disk.vfs = *disk.real;
        disk.vfs.pNext = NULL;
        disk.vfs.zName = "faulty";
        disk.vfs.szOsFile = (int)sizeof(struct disk_file) + disk.real->szOsFile;
        disk.vfs.xOpen = disk_open;
        disk.methods = (sqlite3_io_methods){
            .iVersion = 2, /* without memory mapping */
            .xClose = disk_close,
            .xRead = disk_read,
            .xWrite = disk_write,
            .xTruncate = disk_truncate,
            .xSync = disk_sync,
            .xFileSize = disk_size,
            .xLock = disk_lock,
            .xUnlock = disk_unlock,
            .xCheckReservedLock = disk_reserved,
            .xFileControl = disk_control,
            .xSectorSize = disk_sector,
            .xDeviceCharacteristics = disk_device,
            .xShmMap = disk_shm_map,
            .xShmLock = disk_shm_lock,
            .xShmBarrier = disk_shm_barrier,
            .xShmUnmap = disk_shm_unmap,
        };
    }
    faulty_disk_set(DISK_WELL, 0);
    sqlite3_vfs_register(&disk.vfs, 1);
}

void faulty_disk_remove(void) {
    faulty_disk_set(DISK_WELL, 0);
    sqlite3_vfs_unregister(&disk.vfs);
    sqlite3_vfs_register(disk.real, 1);
}
