/* An SQLite file system for tests: passes everything through, writes down what is done to the files below a chosen
   folder, and lets writes there fail. From what was written down a test can build every disk that a power cut could
   have left. */
#ifndef C_FAULT_VFS_H
#define C_FAULT_VFS_H

#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_CREATE = 1,    /* a name appears: pending until the folder is synced */
    FAULT_DELETE = 2,    /* a name goes: pending until the folder is synced */
    FAULT_WRITE = 3,     /* pending until the file is synced */
    FAULT_TRUNCATE = 4,  /* pending until the file is synced */
    FAULT_SYNC = 5,      /* what was done to the file before is on the disk */
    FAULT_SYNC_FOLDER = 6 /* names made and removed before are on the disk */
};

/* Which calls fail. */
enum fault_target { FAULT_WRITES = 1, FAULT_SYNCS = 2 };

struct fault_operation {
    int32_t kind;
    int64_t offset;
    int64_t length;
    const uint8_t *bytes; /* of a write; lives as long as the recording */
    const char *name;     /* of the file, without its folder */
};

/* Makes this the file system of every connection opened from now on. Safe to call again. */
int fault_vfs_register(void);

/* Starts a recording of the files directly in a folder; returns its number, or -1 where there are too many. */
int fault_recording_start(const char *folder);
void fault_recording_end(int recording);

size_t fault_operation_count(int recording);
struct fault_operation fault_operation_at(int recording, size_t index);

/* From the nth call of the target on (0: the next one), calls fail with an SQLite result code. Code 0 heals. */
void fault_fail(int recording, int target, int after, int code);

#endif
