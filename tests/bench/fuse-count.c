/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the requests that a FUSE daemon takes from the kernel, without its knowledge: loaded by
 * LD_PRELOAD it looks at what read(2) brings from /dev/fuse. The file named by FUSE_COUNT_FILE
 * holds one 64-bit number in this machine's order for each opcode; it is mapped, so it is always
 * exact.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
        OPCODES = 64,
        FUSE_MAJOR = 10, /* of the device /dev/fuse */
        FUSE_MINOR = 229,
        HEADER_BYTES = 40,
};

typedef ssize_t read_function(int fd, void *data, size_t size);

static _Atomic(read_function *) next_read;
static _Atomic uint64_t *counters; /* in the mapped file; NULL: none is counted */

__attribute__((constructor)) static void begin(void) {
        const char *path = getenv("FUSE_COUNT_FILE");
        void *map;
        int fd;

        if (!path)
                return;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || ftruncate(fd, OPCODES * sizeof(*counters)) < 0)
                abort();
        map = mmap(NULL, OPCODES * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                abort();
        counters = map;
        (void)close(fd);
}

static read_function *find_read(void) {
        read_function *found = atomic_load(&next_read);
        void *symbol;

        if (found)
                return found;
        symbol = dlsym(RTLD_NEXT, "read");
        if (!symbol)
                abort();
        memcpy(&found, &symbol, sizeof(found)); /* a function's address in a data pointer */
        atomic_store(&next_read, found);
        return found;
}

static int is_fuse(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == FUSE_MAJOR &&
               minor(st.st_rdev) == FUSE_MINOR;
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *data, size_t size) {
        ssize_t n = find_read()(fd, data, size);
        uint32_t header[2]; /* length, opcode */

        if (counters && n >= HEADER_BYTES && is_fuse(fd)) {
                memcpy(header, data, sizeof(header));
                if (header[1] < OPCODES)
                        atomic_fetch_add(&counters[header[1]], 1);
        }
        return n;
}
