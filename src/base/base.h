/* SPDX-License-Identifier: Apache-2.0 */
/* base: what every other folder stands on. No sockets, no database, no cryptography.
 *
 * A request (or a command) lives in one `struct ctx`: its arena, the protocol time, the source of
 * randomness, the database connection to use, and the one failure it may end with. Functions that
 * can fail return `err`; TRY() hands a failure up. fail() stores the reason for the log, fail_say()
 * also for the client. Memory comes from the arena and is never freed by hand; what is not memory
 * is given to the arena with arena_defer() or carries CLEANUP(). Text is `struct str`, a borrowed
 * slice that need not end in NUL. Outputs are `ret_...`, last, and written on success only.
 *
 * Nothing here is shared between threads unless it says so.
 */
#ifndef POSTERN_BASE_H
#define POSTERN_BASE_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args), nonnull(fmt)))
#define CLEANUP(fn)            __attribute__((cleanup(fn)))
#ifdef __clang__ /* on a type gcc 12 only warns: the clang build is the gate */
#define MUST_USE __attribute__((warn_unused_result))
#else
#define MUST_USE
#endif
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct ctx;
struct db_conn;

/* ---- err.c: the registry of errors (err.def) ---- */

typedef enum MUST_USE err {
    OK = 0,
#define ERR(name, status, code, text, hint) ERR_##name,
#include "err.def"
#undef ERR
    ERR_COUNT
} err;

struct err_info {
    const char *name; /* "INVALID_GRANT" */
    int status;       /* HTTP */
    const char *code; /* "invalid_grant" */
    const char *text; /* what a client may read */
    bool hint;        /* fail_say() replaces the text */
};

/* The row of an error; OK has status 200. Never NULL. */
const struct err_info *err_info(err e);

/* Hands a failure up. It hides a `return`: safe because memory is the arena's. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        err try_err_ = (call);                                                                     \
        if (try_err_ != OK) {                                                                      \
            return try_err_;                                                                       \
        }                                                                                          \
    } while (0)

/* ---- ctx.c: one request ---- */

#define FAILURE_DETAIL_MAX 512

struct failure {
    err code;
    const char *file;
    int line;
    bool say; /* the detail may be shown to the client */
    char detail[FAILURE_DETAIL_MAX];
};

struct clock {
    int64_t (*now_ms)(const struct clock *); /* milliseconds since the epoch */
    int64_t fixed_ms;                        /* a test's clock */
};
extern const struct clock clock_system;
/* A clock that stands still at `fixed_ms` until a test moves it. */
struct clock clock_fixed(int64_t fixed_ms);
/* Monotonic microseconds: durations and deadlines, never protocol time. */
int64_t clock_monotonic_us(void);

struct random {
    void (*fill)(const struct random *, void *to, size_t n); /* never fails */
    void *state;
};

struct ctx {
    struct arena *arena;
    int64_t now;    /* protocol time in seconds since the epoch, fixed for the whole request */
    int64_t now_ms; /* the same moment in milliseconds */
    const struct clock *clock;
    const struct random *random;
    struct log *log;
    struct db_conn *db;  /* reads; inside a write closure: its transaction */
    unsigned worker_id;  /* which of the server's threads runs this: index of per-thread caches */
    unsigned signatures; /* made for this request so far, and how long they took: a metric */
    int64_t signature_us;
    struct failure failure;
    const void *app; /* what posternd shares with its handlers (model.h: struct platform) */
};

/* Sets time from the clock and clears all else: db, worker_id and app are set after it. `arena` is
 * borrowed. */
void ctx_init(struct ctx *cx, struct arena *arena, const struct clock *clock,
              const struct random *random, struct log *log);

/* Stores the failure (the last one wins) and returns `code`. The detail goes to the log, and for
 * fail_say() to the client too if the error's row allows: no secret belongs in it. */
#define fail(cx, code, ...)     FAILURE(cx, code, false, __VA_ARGS__)
#define fail_say(cx, code, ...) FAILURE(cx, code, true, __VA_ARGS__)
/* The compiler sees that what is returned is `code`, hence no success. */
#define FAILURE(cx, code, say, ...)                                                                \
    __extension__({                                                                                \
        const err failure_code_ = (code);                                                          \
        (void)failure_set((cx), failure_code_, (say), __FILE__, __LINE__, __VA_ARGS__);            \
        failure_code_;                                                                             \
    })
err failure_set(struct ctx *cx, err code, bool say, const char *file, int line, const char *format,
                ...) PRINTF_LIKE(6, 7);
/* What the client may read of this failure: the detail if it was said and the row allows, else the
 * row's text. Valid while cx is. */
const char *failure_text(const struct ctx *cx);

/* ---- memory.c: when there is no more ---- */

/* Where a thread goes on when memory is exhausted. A server has none: the process ends. A library
 * may not end its program: it enters a guard, `setjmp(guard.out)` right after, and leaves it on
 * both ways. What is not an arena's must be known to one by then (arena_defer). */
struct memory_guard {
    jmp_buf out;
    struct memory_guard *outer;
};
void memory_guard_enter(struct memory_guard *g);
void memory_guard_leave(const struct memory_guard *g);
/* To this thread's guard, or the end of the process. */
void memory_exhausted(size_t wanted) __attribute__((noreturn));

/* ---- arena.c: memory of one request ---- */

struct arena;
#define ARENA_FIRST 8192 /* bytes kept across arena_reset */

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine; runs the deferred calls */
void arena_cleanup(struct arena **a);
/* Runs the deferred calls, last first, and forgets all but the first chunk. */
void arena_reset(struct arena *a);
/* Zeroed, aligned for any type; never NULL: see memory_exhausted(). */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
void *arena_array(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
/* `fn(object)` runs at reset or free. */
void arena_defer(struct arena *a, void (*fn)(void *), void *object);
#define NEW(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define NEW_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

/* ---- str.c: borrowed text ---- */

struct str {
    const char *p; /* NULL: absent; not NUL-terminated */
    size_t n;
};
#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int)(s).n, ((s).p != NULL ? (s).p : "")

struct str str_from(const char *z); /* NULL gives STR_NONE */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *z);
bool str_eq_nocase(struct str a, struct str b); /* ASCII */
bool str_starts(struct str s, const char *prefix);
bool str_starts_nocase(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
bool str_empty(struct str s); /* absent or of length 0 */
int str_compare(struct str a, struct str b);
/* Position of c, or s.n. */
size_t str_find_char(struct str s, char c);
struct str str_sub(struct str s, size_t from, size_t n); /* clipped to s */
struct str str_trim(struct str s);                       /* space, tab, CR, LF at both ends */
/* Takes the text up to `at` off *rest (all of it if there is none). False when *rest was absent:
 * "a,,b" gives a, "", b. */
bool str_next(struct str *rest, char at, struct str *ret_part);
/* True if the list, whose items are separated by single or several spaces, has the word. */
bool str_has_word(struct str list, struct str word);
/* Decimal digits with an optional '-', nothing else, in range. */
bool str_int(struct str s, int64_t *ret);
/* Length (1-4) of the UTF-8 sequence that begins s and its code point; 0 if s is empty or invalid.
 */
size_t str_code_point(struct str s, uint32_t *ret_code_point);
/* Valid UTF-8 without NUL: the precondition for binding text to a statement. */
bool str_is_text(struct str s);
struct str str_copy(struct arena *a, struct str s);
char *str_z(struct arena *a, struct str s); /* NUL-terminated copy */
struct str str_format(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
struct str str_lower(struct arena *a, struct str s); /* ASCII; the stored, folded form of names */

/* ---- buf.c: text that grows, in the arena ---- */

struct buf {
    struct arena *arena;
    char *p;
    size_t n, cap;
};
struct buf buf_in(struct arena *a, size_t expected);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_z(struct buf *b, const char *z);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t v);
void buf_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for n more bytes and returns where they go; buf_used() says how many were written. */
char *buf_room(struct buf *b, size_t n);
void buf_used(struct buf *b, size_t n);
struct str buf_view(const struct buf *b);

/* ---- json.c: a writer of ours, jansson as the parser ---- */

#define JSON_DEPTH_MAX 64

/* Writes compact JSON; commas are the writer's business. Members put outside any object give the
 * inside of one (log_write takes it). Text that is not ASCII is written as \uXXXX (PROTOCOL 12.12),
 * invalid UTF-8 as U+FFFD. Nesting deeper than JSON_DEPTH_MAX asserts. */
struct json_out {
    struct buf *to;
    unsigned depth;
    bool first[JSON_DEPTH_MAX + 1];
    bool after_key;
};
struct json_out json_to(struct buf *b);
void json_open_object(struct json_out *j, const char *key); /* key NULL: no key (array or top) */
void json_close_object(struct json_out *j);
void json_open_array(struct json_out *j, const char *key);
void json_close_array(struct json_out *j);
void json_put_str(struct json_out *j, const char *key, struct str s); /* absent: null */
void json_put_z(struct json_out *j, const char *key, const char *z);
void json_put_int(struct json_out *j, const char *key, int64_t v);
void json_put_real(struct json_out *j, const char *key, double v);
void json_put_bool(struct json_out *j, const char *key, bool v);
void json_put_null(struct json_out *j, const char *key);
/* Text that is JSON already (stored, or written by another writer). */
void json_put_raw(struct json_out *j, const char *key, struct str json);
void json_key(struct json_out *j, struct str key); /* a key that is not a literal; then one value */
/* Puts only if s is present. */
void json_put_str_if(struct json_out *j, const char *key, struct str s);

/* Strict: UTF-8, no duplicate members, depth at most JSON_DEPTH_MAX (checked before jansson sees
 * it), nothing after the value, numbers finite and integers within 64 bits. The value is the
 * arena's. On failure: ERR_INVALID_REQUEST whose detail says line and column. */
err json_parse(struct ctx *cx, struct str text, json_t **ret_value);
/* Members of an object. Absent or JSON null: STR_NONE / `otherwise`. Wrong type:
 * ERR_INVALID_REQUEST that names the member. Text borrows from the value. */
err json_get_str(struct ctx *cx, const json_t *object, const char *key, struct str *ret);
err json_get_int(struct ctx *cx, const json_t *object, const char *key, int64_t otherwise,
                 int64_t *ret);
err json_get_bool(struct ctx *cx, const json_t *object, const char *key, bool otherwise, bool *ret);
/* The member as text "a b c": accepts an array of strings (without spaces in them) or one string.
 */
err json_get_words(struct ctx *cx, const json_t *object, const char *key, struct str *ret);
/* The value written compactly with sorted keys (comparable form), in the arena. */
struct str json_canonical(struct arena *a, const json_t *value);

/* ---- file.c: whole files, and files of settings ---- */

/* At most `max` bytes of a file, "-" being standard input. ERR_BAD_CONFIG says why it cannot be
 * read; errno is the system's, 0 if it was too long. */
err file_read(struct ctx *cx, const char *path, size_t max, struct str *ret_text);
/* One after the other: temporary file of mode 0600 beside it, fsync, rename, fsync of the
 * directory. A reader sees the old text or the new one. ERR_STORAGE with the reason. */
err file_replace(struct ctx *cx, const char *path, struct str text);

/* A line `name = value` of a settings file. */
struct setting_line {
    int number; /* of the line, from 1 */
    struct str name, value;
    struct str text; /* the line, trimmed */
    bool malformed;  /* no '=' or no name */
};
/* The next line that is not empty and no comment (#); false at the end. A value is trimmed, and
 * taken as it is between double quotes. `line` is zero at first. */
bool setting_line_next(struct str *text, struct setting_line *line);

/* ---- log.c: one JSON line an event ---- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Shared by threads: a line is one write(2). fd -1 discards. Set before the first thread. */
struct log {
    int fd;
    enum log_level level;
    const struct clock *clock;
};
/* {"time":ISO,"level":...,"event":event, ...the members that `members` wrote }. `members` is a JSON
 * object's inside ("" for none) made by json_out. */
void log_write(struct log *l, enum log_level level, const char *event, struct str members);
/* {"time","level","event","message"} */
void log_message(struct log *l, enum log_level level, const char *event, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* "2026-11-21T06:30:00.123Z", 24 characters and NUL. */
#define TIME_ISO_SIZE 25
void time_iso(int64_t ms, char ret_text[TIME_ISO_SIZE]);

/* ---- secret.c: bytes that must not leak ---- */

/* Cannot be printed by accident (it is no str); wiped by its owner. */
struct secret {
    unsigned char *p;
    size_t n;
};
/* Copies into the arena; wiped when the arena is reset. */
struct secret secret_in(struct arena *a, const void *p, size_t n);
void secret_wipe(void *p, size_t n);
/* Constant time in the content; the lengths are compared first. */
bool secret_equal(struct secret a, struct secret b);
bool secret_equal_bytes(const void *a, const void *b, size_t n);

/* ---- encode.c: base64, base32, hex, percent ---- */

#define BASE64URL_SIZE(n) (((n)*4 + 2) / 3)
#define BASE32_SIZE(n)    (((n) + 4) / 5 * 8)
/* Without padding; `to` has BASE64URL_SIZE(n) bytes and gets no NUL. Returns that size. */
size_t base64url_write(char *to, const void *from, size_t n);
struct str base64url(struct arena *a, const void *from, size_t n);
/* Only the canonical form (no padding, no white space, unused bits zero). */
bool base64url_parse(struct arena *a, struct str text, struct str *ret_bytes);
/* RFC 4648 4, padded; parsing also takes unpadded (Basic headers come both ways). */
struct str base64(struct arena *a, const void *from, size_t n);
bool base64_parse(struct arena *a, struct str text, struct str *ret_bytes);
/* RFC 4648 6, upper case, padded. 32 bytes give the 56 characters of an access key. */
struct str base32(struct arena *a, const void *from, size_t n);
struct str hex(struct arena *a, const void *from, size_t n);
bool hex_parse(struct arena *a, struct str text, struct str *ret_bytes);
/* %XX and, if `plus`, '+' as space. A stray % or bad digits: false. NUL (%00) or text that is not
 * UTF-8: false. Returns `text` itself when there is nothing to decode. */
bool percent_decode(struct arena *a, struct str text, bool plus, struct str *ret_text);
/* Everything but the unreserved characters of RFC 3986 2.3. */
struct str percent_encode(struct arena *a, struct str text);

/* ---- uuid.c ---- */

#define UUID_LENGTH 36
struct str uuid_v4(struct ctx *cx);
/* RFC 9562 5.7: begins with cx->now_ms, so keys of rows written often are ordered. */
struct str uuid_v7(struct ctx *cx);
/* 8-4-4-4-12 hexadecimal digits of any version; ret is in lower case, in the arena. */
bool uuid_parse(struct arena *a, struct str text, struct str *ret);

/* ---- nearest.c: what was probably meant by a mistyped word ---- */

struct nearest {
    struct str word;
    const char *name; /* the nearest of the names offered; NULL if none is near */
    size_t distance;
};
void nearest_offer(struct nearest *n, const char *name);

#endif
