#include "CFaultVFS.h"

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_RECORDINGS 256

struct recording {
    char *folder; /* with a slash at its end; NULL where the slot is free */
    struct fault_operation *operations;
    size_t count, capacity;
    int fail_target, fail_after, fail_code;
};

struct fault_file {
    sqlite3_file base;
    int recording; /* -1 where nobody records */
    char *name;
    sqlite3_file *real;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct recording recordings[MAX_RECORDINGS];
static sqlite3_vfs *root;
static sqlite3_vfs shim;

/* SQLite syncs a folder inside other calls: seen by the system call with which it opens the folder. */
static _Thread_local int folders_opened;
static int (*open_folder)(const char *, int *);

static int watch_open_folder(const char *path, int *descriptor) {
    folders_opened++;
    return open_folder(path, descriptor);
}

/* Recordings */

static void append(int number, int kind, const char *name, int64_t offset, int64_t length, const void *bytes) {
    if (number < 0) return;
    pthread_mutex_lock(&lock);
    struct recording *recording = &recordings[number];
    if (recording->folder) {
        if (recording->count == recording->capacity) {
            recording->capacity = recording->capacity ? recording->capacity * 2 : 1024;
            recording->operations =
                realloc(recording->operations, recording->capacity * sizeof *recording->operations);
            if (!recording->operations) abort();
        }
        uint8_t *copy = NULL;
        if (bytes && length > 0) {
            copy = malloc((size_t)length);
            if (!copy) abort();
            memcpy(copy, bytes, (size_t)length);
        }
        struct fault_operation operation = {kind, offset, length, copy, strdup(name ? name : "")};
        recording->operations[recording->count++] = operation;
    }
    pthread_mutex_unlock(&lock);
}

static int failure(int number, int target) {
    if (number < 0) return SQLITE_OK;
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    struct recording *recording = &recordings[number];
    if (recording->fail_code && recording->fail_target == target) {
        if (recording->fail_after > 0) recording->fail_after--;
        else code = recording->fail_code;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

/* The recording of a path, and the name of its file. */
static int recording_of(const char *path, const char **name) {
    int found = -1;
    if (!path) return found;
    const char *slash = strrchr(path, '/');
    if (!slash) return found;
    size_t length = (size_t)(slash - path) + 1;
    pthread_mutex_lock(&lock);
    for (int number = 0; number < MAX_RECORDINGS && found < 0; number++) {
        const char *folder = recordings[number].folder;
        if (folder && strlen(folder) == length && !strncmp(folder, path, length)) found = number;
    }
    pthread_mutex_unlock(&lock);
    *name = slash + 1;
    return found;
}

int fault_recording_start(const char *given) {
    int number = -1;
    /* SQLite opens by the full path: no doubled slashes, no symbolic links. */
    char folder[PATH_MAX];
    if (!realpath(given, folder)) return number;
    pthread_mutex_lock(&lock);
    for (int slot = 0; slot < MAX_RECORDINGS && number < 0; slot++) {
        if (recordings[slot].folder) continue;
        memset(&recordings[slot], 0, sizeof recordings[slot]);
        size_t length = strlen(folder);
        recordings[slot].folder = malloc(length + 2);
        if (!recordings[slot].folder) abort();
        memcpy(recordings[slot].folder, folder, length);
        memcpy(recordings[slot].folder + length, "/", 2);
        number = slot;
    }
    pthread_mutex_unlock(&lock);
    return number;
}

void fault_recording_end(int number) {
    pthread_mutex_lock(&lock);
    struct recording *recording = &recordings[number];
    for (size_t index = 0; index < recording->count; index++) {
        free((void *)recording->operations[index].bytes);
        free((void *)recording->operations[index].name);
    }
    free(recording->operations);
    free(recording->folder);
    memset(recording, 0, sizeof *recording);
    pthread_mutex_unlock(&lock);
}

size_t fault_operation_count(int number) {
    pthread_mutex_lock(&lock);
    size_t count = recordings[number].count;
    pthread_mutex_unlock(&lock);
    return count;
}

struct fault_operation fault_operation_at(int number, size_t index) {
    pthread_mutex_lock(&lock);
    struct fault_operation operation = recordings[number].operations[index];
    pthread_mutex_unlock(&lock);
    return operation;
}

void fault_fail(int number, int target, int after, int code) {
    pthread_mutex_lock(&lock);
    recordings[number].fail_target = target;
    recordings[number].fail_after = after;
    recordings[number].fail_code = code;
    pthread_mutex_unlock(&lock);
}

/* A file: every call goes to the real one. */

#define FILE_OF(file) ((struct fault_file *)(file))
#define REAL(file) (FILE_OF(file)->real)

static int file_close(sqlite3_file *file) {
    int code = REAL(file)->pMethods->xClose(REAL(file));
    free(FILE_OF(file)->name);
    FILE_OF(file)->name = NULL;
    return code;
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    return REAL(file)->pMethods->xRead(REAL(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = failure(FILE_OF(file)->recording, FAULT_WRITES);
    if (code) return code;
    code = REAL(file)->pMethods->xWrite(REAL(file), bytes, count, offset);
    if (!code) append(FILE_OF(file)->recording, FAULT_WRITE, FILE_OF(file)->name, offset, count, bytes);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = REAL(file)->pMethods->xTruncate(REAL(file), size);
    if (!code) append(FILE_OF(file)->recording, FAULT_TRUNCATE, FILE_OF(file)->name, size, 0, NULL);
    return code;
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = failure(FILE_OF(file)->recording, FAULT_SYNCS);
    if (code) return code;
    folders_opened = 0;
    code = REAL(file)->pMethods->xSync(REAL(file), flags);
    if (!code) {
        append(FILE_OF(file)->recording, FAULT_SYNC, FILE_OF(file)->name, 0, 0, NULL);
        if (folders_opened) append(FILE_OF(file)->recording, FAULT_SYNC_FOLDER, "", 0, 0, NULL);
    }
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}
static int file_lock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xLock(REAL(file), level); }
static int file_unlock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xUnlock(REAL(file), level); }
static int file_check_lock(sqlite3_file *file, int *held) {
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), held);
}
static int file_control(sqlite3_file *file, int operation, void *argument) {
    return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}
static int file_sector_size(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }
static int file_device(sqlite3_file *file) { return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file)); }
static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, memory);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int file_shm_unmap(sqlite3_file *file, int delete) {
    return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **memory) {
    return REAL(file)->pMethods->xFetch(REAL(file), offset, count, memory);
}
static int file_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *memory) {
    return REAL(file)->pMethods->xUnfetch(REAL(file), offset, memory);
}

/* Temporary files of the real file system may have fewer methods. */
#define COMMON file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, \
    file_check_lock, file_control, file_sector_size, file_device
static const sqlite3_io_methods methods_1 = {1, COMMON, 0, 0, 0, 0, 0, 0};
static const sqlite3_io_methods methods_2 = {
    2, COMMON, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, 0, 0};
static const sqlite3_io_methods methods_3 = {
    3, COMMON, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, file_fetch, file_unfetch};

/* The file system */

static int is_there(const char *path) { return path && access(path, F_OK) == 0; }

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    struct fault_file *mine = FILE_OF(file);
    memset(mine, 0, sizeof *mine);
    mine->real = (sqlite3_file *)(mine + 1);
    const char *name = NULL;
    mine->recording = recording_of(path, &name);
    int was_there = is_there(path);
    int code = root->xOpen(root, path, mine->real, flags, flags_out);
    if (mine->real->pMethods) {
        int version = mine->real->pMethods->iVersion;
        mine->base.pMethods = version >= 3 ? &methods_3 : version == 2 ? &methods_2 : &methods_1;
        mine->name = name ? strdup(name) : NULL;
    }
    if (!code && !was_there) append(mine->recording, FAULT_CREATE, name, 0, 0, NULL);
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder) {
    (void)vfs;
    const char *name = NULL;
    int recording = recording_of(path, &name);
    folders_opened = 0;
    int code = root->xDelete(root, path, sync_folder);
    if (!code) {
        append(recording, FAULT_DELETE, name, 0, 0, NULL);
        if (folders_opened) append(recording, FAULT_SYNC_FOLDER, "", 0, 0, NULL);
    }
    return code;
}

static int vfs_access(sqlite3_vfs *v, const char *path, int flags, int *out) {
    (void)v;
    return root->xAccess(root, path, flags, out);
}
static int vfs_full_path(sqlite3_vfs *v, const char *path, int size, char *out) {
    (void)v;
    return root->xFullPathname(root, path, size, out);
}
static void *vfs_dl_open(sqlite3_vfs *v, const char *path) { (void)v; return root->xDlOpen(root, path); }
static void vfs_dl_error(sqlite3_vfs *v, int size, char *out) { (void)v; root->xDlError(root, size, out); }
static void (*vfs_dl_sym(sqlite3_vfs *v, void *handle, const char *name))(void) {
    (void)v;
    return root->xDlSym(root, handle, name);
}
static void vfs_dl_close(sqlite3_vfs *v, void *handle) { (void)v; root->xDlClose(root, handle); }
static int vfs_randomness(sqlite3_vfs *v, int size, char *out) { (void)v; return root->xRandomness(root, size, out); }
static int vfs_sleep(sqlite3_vfs *v, int microseconds) { (void)v; return root->xSleep(root, microseconds); }
static int vfs_time(sqlite3_vfs *v, double *out) { (void)v; return root->xCurrentTime(root, out); }
static int vfs_last_error(sqlite3_vfs *v, int size, char *out) { (void)v; return root->xGetLastError(root, size, out); }
static int vfs_time64(sqlite3_vfs *v, sqlite3_int64 *out) { (void)v; return root->xCurrentTimeInt64(root, out); }

static int registered;

static void register_once(void) {
    root = sqlite3_vfs_find(NULL);
    if (!root) return;
    if (root->iVersion >= 3 && root->xGetSystemCall) {
        open_folder = (int (*)(const char *, int *))root->xGetSystemCall(root, "openDirectory");
        if (!open_folder
            || root->xSetSystemCall(root, "openDirectory", (sqlite3_syscall_ptr)watch_open_folder) != SQLITE_OK)
            return;
    }
    shim = (sqlite3_vfs){
        .iVersion = 2, .szOsFile = root->szOsFile + (int)sizeof(struct fault_file), .mxPathname = root->mxPathname,
        .zName = "fault", .xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access,
        .xFullPathname = vfs_full_path, .xDlOpen = vfs_dl_open, .xDlError = vfs_dl_error, .xDlSym = vfs_dl_sym,
        .xDlClose = vfs_dl_close, .xRandomness = vfs_randomness, .xSleep = vfs_sleep, .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error, .xCurrentTimeInt64 = vfs_time64};
    registered = sqlite3_vfs_register(&shim, 1) == SQLITE_OK;
}

int fault_vfs_register(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return registered;
}
