/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/journal-path.h"

enum {
        LOG_HEAD = 32,
        FRAME_HEAD = 24,
        PAGE_SIZE_MIN = 512,
        PAGE_SIZE_MAX = 65536,
        PAGE_SIZE_USUAL = 4096,
        PAGES_MAX = 1 << 22,
};

static uint32_t big32(const unsigned char *p) {
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little32(const unsigned char *p) {
        return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static bool page_size_is_valid(uint32_t size) {
        return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && !(size & (size - 1));
}

static int read_at(int fd, void *to, size_t len, int64_t at) {
        ssize_t n = pread(fd, to, len, at);

        if (n < 0)
                return -errno;
        return (size_t)n == len ? 0 : -ENODATA;
}

/* The log while it is read: section 4 of the file format. */
struct log {
        int fd;
        bool is_big_endian;
        uint32_t page_size, salt[2], sum[2];
        unsigned char *frame; /* head and page */
};

static void add_sum(struct log *log, const unsigned char *data, size_t len) {
        for (size_t i = 0; i + 8 <= len; i += 8) {
                log->sum[0] += (log->is_big_endian ? big32 : little32)(data + i) + log->sum[1];
                log->sum[1] += (log->is_big_endian ? big32 : little32)(data + i + 4) + log->sum[0];
        }
}

/* A head that is damaged tells no sums: then the first frame tells the salts, and no frame fits. */
static int read_log_head(struct log *log, uint32_t usual_page_size) {
        unsigned char head[LOG_HEAD], first[FRAME_HEAD];
        int r;

        r = read_at(log->fd, head, sizeof(head), 0);
        if (r == 0)
                r = read_at(log->fd, first, sizeof(first), LOG_HEAD);
        if (r < 0)
                return r;
        log->is_big_endian = big32(head) & 1;
        log->page_size = big32(head + 8);
        add_sum(log, head, 24);
        if ((big32(head) & ~1u) == 0x377f0682 && page_size_is_valid(log->page_size) &&
            log->sum[0] == big32(head + 24) && log->sum[1] == big32(head + 28)) {
                memcpy(log->salt, head + 16, sizeof(log->salt));
        } else {
                log->page_size = usual_page_size;
                memcpy(log->salt, first + 8, sizeof(log->salt));
                log->sum[0] = log->sum[1] = 0;
        }
        return log->salt[0] || log->salt[1] ? 0 : -ENODATA;
}

/* The next frame of this log, of which those behind the last one may be of earlier ones. */
static int read_frame(struct log *log, uint32_t number, uint32_t *ret_page, bool *ret_is_commit,
                      bool *ret_fits) {
        unsigned char *frame = log->frame;
        int r;

        r = read_at(log->fd, frame, FRAME_HEAD + log->page_size,
                    LOG_HEAD + (int64_t)(number - 1) * (FRAME_HEAD + log->page_size));
        if (r < 0)
                return r;
        if (memcmp(frame + 8, log->salt, sizeof(log->salt)) != 0)
                return -ENODATA;
        add_sum(log, frame, 8);
        add_sum(log, frame + FRAME_HEAD, log->page_size);
        *ret_fits = log->sum[0] == big32(frame + 16) && log->sum[1] == big32(frame + 20);
        *ret_page = big32(frame);
        *ret_is_commit = big32(frame + 4) != 0;
        return 0;
}

static int note_frame(struct image *image, uint32_t page, uint32_t frame) {
        uint32_t *frames;

        if (page == 0 || page > PAGES_MAX)
                return 0;
        if (page > image->pages) {
                frames = reallocarray(image->frames, page, sizeof(*frames));
                if (!frames)
                        return -ENOMEM;
                memset(frames + image->pages, 0, (page - image->pages) * sizeof(*frames));
                image->frames = frames;
                image->pages = page;
        }
        image->frames[page - 1] = frame;
        return 0;
}

/* Notes the frames from @first to @last; those that cannot be read any more are left out. */
static int note_frames(struct image *image, struct log *log, uint32_t first, uint32_t last) {
        bool is_commit, fits;
        uint32_t page;
        int r = 0;

        for (uint32_t i = first; r == 0 && i <= last; i++)
                if (read_frame(log, i, &page, &is_commit, &fits) == 0)
                        r = note_frame(image, page, i);
        return r;
}

/*
 * Frames count up to the last commit before one that does not fit. Behind that there may be the
 * one transaction that was being written at a crash; if more were committed behind it, the log is
 * damaged in its midst, where SQLite would take what is before for all: then all frames count.
 */
static int read_log(struct image *image, struct log *log) {
        uint32_t number = 1, last_commit = 0, page;
        bool is_commit, fits, is_broken = false;
        int r;

        for (;; number++) {
                r = read_frame(log, number, &page, &is_commit, &fits);
                if (r < 0)
                        break;
                is_broken = is_broken || !fits;
                if (is_commit && !is_broken)
                        last_commit = number;
                image->commits_behind += is_commit && is_broken;
        }
        if (r != -ENODATA)
                return r;
        return note_frames(image, log, 1, image->commits_behind > 1 ? number - 1 : last_commit);
}

static int open_log(struct image *image) {
        struct log log = { .fd = image->log_fd };
        int r;

        if (log.fd < 0)
                return 0;
        r = read_log_head(&log, image->page_size);
        if (r == 0) {
                log.frame = malloc(FRAME_HEAD + log.page_size);
                r = log.frame ? 0 : -ENOMEM;
        }
        if (r == 0) {
                image->page_size = log.page_size;
                r = read_log(image, &log);
        }
        free(log.frame);
        return r == -ENODATA ? 0 : r;
}

static int open_one(const char *path, const char *suffix, int *ret) {
        _cleanup_(freep) char *name = NULL;
        int r;

        r = path_join(path, suffix, &name);
        if (r < 0)
                return r;
        *ret = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        return *ret < 0 && errno != ENOENT ? -errno : 0;
}

static int measure(struct image *image) {
        unsigned char head[18];
        struct stat st = { 0 };

        image->page_size = PAGE_SIZE_USUAL;
        if (image->fd < 0)
                return 0;
        if (fstat(image->fd, &st) < 0)
                return -errno;
        if (read_at(image->fd, head, sizeof(head), 0) == 0) {
                uint32_t size = (uint32_t)head[16] << 8 | head[17];

                if (memcmp(head, "SQLite format 3", 16) == 0 && page_size_is_valid(size))
                        image->page_size = size;
        }
        if (st.st_size / image->page_size >= PAGES_MAX)
                return -EFBIG;
        image->pages = (uint32_t)(st.st_size / image->page_size) + 1;
        image->frames = calloc(image->pages, sizeof(*image->frames));
        return image->frames ? 0 : -ENOMEM;
}

/** image_open() - of a database that nobody has open; either file may be missing. 0 or errno. */
int image_open(const char *path, struct image *ret) {
        struct image image = { .fd = -1, .log_fd = -1 };
        int r;

        r = open_one(path, "", &image.fd);
        if (r == 0)
                r = open_one(path, "-wal", &image.log_fd);
        if (r == 0)
                r = measure(&image);
        if (r == 0)
                r = open_log(&image);
        if (r < 0)
                image_close(&image);
        else
                *ret = image;
        return r;
}

void image_close(struct image *image) {
        if (image->fd >= 0)
                (void)close(image->fd);
        if (image->log_fd >= 0)
                (void)close(image->log_fd);
        free(image->frames);
}

/** image_read() - a page, from 1. Returns 0, -ENODATA where there is none, or another errno. */
int image_read(const struct image *image, uint32_t page, unsigned char *ret) {
        uint32_t frame;

        if (page == 0 || page > image->pages)
                return -ENODATA;
        frame = image->frames[page - 1];
        if (frame)
                return read_at(image->log_fd, ret, image->page_size,
                               LOG_HEAD + FRAME_HEAD +
                                       (int64_t)(frame - 1) * (FRAME_HEAD + image->page_size));
        if (image->fd < 0)
                return -ENODATA;
        return read_at(image->fd, ret, image->page_size, (int64_t)(page - 1) * image->page_size);
}

/**
 * image_is_cut() - would SQLite, opening the file, lose in silence what there was? It does so where
 * the log is damaged in its midst, and where the file is empty or gone while the log, which no new
 * file has, is there. Returns 0 or negative errno.
 */
int image_is_cut(const char *path, bool *ret) {
        int64_t size = -1, log_size = -1;
        struct image image;
        int r;

        r = path_size(path, "", &size);
        if (r == 0)
                r = path_size(path, "-wal", &log_size);
        if (r < 0)
                return r;
        if (log_size <= LOG_HEAD || size < PAGE_SIZE_MIN) {
                *ret = log_size > 0 && size < PAGE_SIZE_MIN;
                return 0;
        }
        r = image_open(path, &image);
        if (r < 0)
                return r;
        *ret = image.commits_behind > 1;
        image_close(&image);
        return 0;
}

/** image_is_unreadable() - is there a page that the disk does not give any more? 0 or errno. */
int image_is_unreadable(const char *path, bool *ret) {
        _cleanup_(freep) unsigned char *page = NULL;
        bool is_unreadable = false;
        struct image image;
        int r;

        r = image_open(path, &image);
        if (r < 0)
                return r;
        page = malloc(PAGE_SIZE_MAX);
        if (!page)
                r = -ENOMEM;
        for (uint32_t i = 1; r == 0 && i <= image.pages; i++)
                is_unreadable = image_read(&image, i, page) == -EIO || is_unreadable;
        image_close(&image);
        if (r == 0)
                *ret = is_unreadable;
        return r;
}
