/*
 * Joinly Storage: key-value, lobby and player storage over SQLite, with a cache that is never stale.
 *
 * This header is the specification of the C ABI. It is written from the library's source: do not edit it.
 * License: MIT OR Apache-2.0.
 *
 * Conventions, for every function:
 * - Arguments come as: the object, inputs, outputs, `joinly_error **err`. `err` may be NULL; on failure it receives an
 *   error object that the caller frees with joinly_error_free. On success, and for the outcomes marked "no error
 *   object", it receives NULL.
 * - Bytes are pointer and length and may hold any value, NUL included. NULL is allowed for length 0. Only paths, URLs
 *   and names are NUL-terminated strings, in UTF-8.
 * - Outputs are NULL or 0 after a failure.
 * - `T **` outputs are owned by the caller and freed with the function of their type, never with free(). A returned
 *   `const T *` is borrowed.
 * - Objects are handles, not addresses: a NULL, closed, freed or foreign one is answered with JOINLY_BAD_HANDLE, or
 *   ignored by functions that return nothing. They never crash the host.
 * - Structs that may grow start with `struct_size`: zero-initialise them and set it to sizeof.
 * - No function unwinds or aborts; a defect inside is contained and answered with JOINLY_PANIC.
 */


#ifndef JOINLY_STORAGE_H
#define JOINLY_STORAGE_H

#include <stdint.h>
#include <stddef.h>

/**
 * The version of the C ABI that this header describes. It rises only when the ABI breaks, together with the
 * library's SONAME.
 */
#define JOINLY_ABI_VERSION 1

/**
 * Nothing.
 */
#define JOINLY_LOG_OFF 0

/**
 * Contained defects, failed background work.
 */
#define JOINLY_LOG_ERROR 1

/**
 * Things that will become a problem, such as a write-ahead log that cannot shrink.
 */
#define JOINLY_LOG_WARN 2

/**
 * Opening, closing, recovery.
 */
#define JOINLY_LOG_INFO 3

/**
 * Durability by default: `JOINLY_DURABILITY_PROCESS`.
 */
#define JOINLY_DURABILITY_DEFAULT 0

/**
 * An acknowledged commit survives power loss: the device is synchronised before the call returns. Concurrent
 * writers share one synchronisation.
 */
#define JOINLY_DURABILITY_POWER 1

/**
 * An acknowledged commit survives the death of the process. Power loss may roll back the last commits, never
 * part of one, and never damages the file.
 */
#define JOINLY_DURABILITY_PROCESS 2

/**
 * Nothing survives the store. For `joinly_capabilities` alone.
 */
#define JOINLY_DURABILITY_NONE 3

/**
 * One store of one process may have the data open at a time.
 */
#define JOINLY_SHARING_ONE_STORE 1

/**
 * One store that writes, and others that read.
 */
#define JOINLY_SHARING_ONE_WRITER 2

/**
 * Any number of stores and processes, each of which may write.
 */
#define JOINLY_SHARING_EVERYONE 3

/**
 * Mode by default: `JOINLY_MODE_THROUGH`.
 */
#define JOINLY_MODE_DEFAULT 0

/**
 * A commit is in the database before it is acknowledged. Any number of processes write.
 */
#define JOINLY_MODE_THROUGH 1

/**
 * A commit is acknowledged once it is in a journal beside the file, and reaches the database later, sorted and
 * together with others. It survives the death of the process: whoever opens the store next recovers it. This store
 * alone writes meanwhile, and others get `JOINLY_BUSY`; they read what has been flushed. Power loss may roll back
 * what is not flushed, in order and never part of a commit, unless the durability is `JOINLY_DURABILITY_POWER`.
 */
#define JOINLY_MODE_BEHIND 2

/**
 * Watch from the present on.
 */
#define JOINLY_FROM_NOW UINT64_MAX

/**
 * The key was written.
 */
#define JOINLY_CHANGE_PUT 1

/**
 * The key was deleted.
 */
#define JOINLY_CHANGE_DELETE 2

/**
 * The key had expired and was removed.
 */
#define JOINLY_CHANGE_EXPIRE 3

/**
 * Everybody finds the lobby and may join it.
 */
#define JOINLY_VISIBILITY_PUBLIC 0

/**
 * Whom the game vouches for as a friend may join, and who has the code.
 */
#define JOINLY_VISIBILITY_FRIENDS 1

/**
 * Who has the code may join.
 */
#define JOINLY_VISIBILITY_PRIVATE 2

/**
 * When the owner goes, the member who joined first owns the lobby.
 */
#define JOINLY_MIGRATION_OLDEST 0

/**
 * When the owner goes, nobody owns the lobby until the host gives it to a member.
 */
#define JOINLY_MIGRATION_MANUAL 1

/**
 * When the owner goes, nobody owns the lobby any more.
 */
#define JOINLY_MIGRATION_NEVER 2

/**
 * When the owner goes, the lobby closes.
 */
#define JOINLY_MIGRATION_CLOSE 3

/**
 * From open to locked: only who has a reservation may join.
 */
#define JOINLY_MOVE_LOCK 1

/**
 * From locked to open.
 */
#define JOINLY_MOVE_UNLOCK 2

/**
 * From open or locked to in game; with a ready check, to starting until all members are ready.
 */
#define JOINLY_MOVE_START 3

/**
 * From starting back to open.
 */
#define JOINLY_MOVE_CANCEL 4

/**
 * From in game to open.
 */
#define JOINLY_MOVE_REOPEN 5

/**
 * From any state to closed, which is the end.
 */
#define JOINLY_MOVE_CLOSE 6

/**
 * What anybody may know of a lobby.
 */
#define JOINLY_VIEWER_PUBLIC 0

/**
 * What members may know.
 */
#define JOINLY_VIEWER_MEMBER 1

/**
 * What the owner and the host may know.
 */
#define JOINLY_VIEWER_OWNER 2

/**
 * The lobby was created, with "seats" that it keeps for players if it has some from the beginning, as that of a match.
 */
#define JOINLY_EVENT_CREATED 1

/**
 * A player joined.
 */
#define JOINLY_EVENT_JOINED 2

/**
 * A seat was reserved, or its reservation renewed.
 */
#define JOINLY_EVENT_RESERVED 3

/**
 * A seat was given up.
 */
#define JOINLY_EVENT_LEFT 4

/**
 * A player may not join.
 */
#define JOINLY_EVENT_BANNED 5

/**
 * A player may join again.
 */
#define JOINLY_EVENT_UNBANNED 6

/**
 * The ownership went on.
 */
#define JOINLY_EVENT_OWNER 7

/**
 * The state changed.
 */
#define JOINLY_EVENT_MOVED 8

/**
 * A member is ready, or not any more.
 */
#define JOINLY_EVENT_READY 9

/**
 * Fields of the lobby changed.
 */
#define JOINLY_EVENT_PATCHED 10

/**
 * Attributes of a member changed.
 */
#define JOINLY_EVENT_MEMBER_PATCHED 11

/**
 * A member said something.
 */
#define JOINLY_EVENT_SAID 12

/**
 * A player was invited.
 */
#define JOINLY_EVENT_INVITED 13

/**
 * An invitation ended without its player having joined.
 */
#define JOINLY_EVENT_UNINVITED 14

/**
 * Nothing.
 */
#define JOINLY_SQL_NULL 0

/**
 * A whole number, in `integer`.
 */
#define JOINLY_SQL_INTEGER 1

/**
 * A number, in `real`.
 */
#define JOINLY_SQL_REAL 2

/**
 * UTF-8 text, in `data` and `len`; not NUL-terminated.
 */
#define JOINLY_SQL_TEXT 3

/**
 * Bytes, in `data` and `len`. What SQL takes for text and is not UTF-8 comes as these, too.
 */
#define JOINLY_SQL_BLOB 4

/**
 * Records are written to where they go.
 */
#define JOINLY_PHASE_COPY 1

/**
 * What was changed meanwhile is written.
 */
#define JOINLY_PHASE_CATCH_UP 2

/**
 * What was written is compared or checked.
 */
#define JOINLY_PHASE_VERIFY 3

/**
 * It is made visible.
 */
#define JOINLY_PHASE_FINISH 4

/**
 * The import is refused with `JOINLY_EXISTS` when the store has a key of it already.
 */
#define JOINLY_EXISTING_REFUSE 0

/**
 * Records that the store has already stay as they are.
 */
#define JOINLY_EXISTING_KEEP 1

/**
 * Records that the store has already are replaced.
 */
#define JOINLY_EXISTING_REPLACE 2

/**
 * A currency in a player's wallet: a counter at the key `player:{player}:wallet:{name}`.
 */
#define JOINLY_HOLDING_CURRENCY 0

/**
 * An item in a player's inventory: a counter at the key `player:{player}:item:{name}`.
 */
#define JOINLY_HOLDING_ITEM 1

/**
 * Whatever is there is replaced.
 */
#define JOINLY_EXPECT_ANY 0

/**
 * Nothing is there.
 */
#define JOINLY_EXPECT_ABSENT 1

/**
 * What is there has the version that the write names.
 */
#define JOINLY_EXPECT_VERSION 2

/**
 * The player won.
 */
#define JOINLY_SCORE_WIN 1

/**
 * Neither won.
 */
#define JOINLY_SCORE_DRAW 2

/**
 * The player lost.
 */
#define JOINLY_SCORE_LOSS 3

/**
 * Backups made every so often. Usable from any thread.
 */
typedef struct joinly_backup_schedule joinly_backup_schedule;

/**
 * A list of checks and mutations. It belongs to no store and may be committed to several, or again. Usable from
 * any thread; freed with `joinly_batch_free`.
 */
typedef struct joinly_batch joinly_batch;

/**
 * A bounded cache in memory with least-recently-used eviction and expiry. Every operation takes constant time.
 * Usable from any thread at the same time. After `fork()` it starts empty in the child.
 */
typedef struct joinly_cache joinly_cache;

/**
 * The changes of one commit. Immutable; usable from any thread; freed with `joinly_changes_free`.
 */
typedef struct joinly_changes joinly_changes;

/**
 * A failure: status, message, engine code. Immutable; usable from any thread; freed with `joinly_error_free`.
 */
typedef struct joinly_error joinly_error;

/**
 * A batch of events, in order. Immutable; usable from any thread; freed with `joinly_events_free`.
 */
typedef struct joinly_events joinly_events;

/**
 * An immutable page of rows, the result of one call. Usable from any thread; freed with `joinly_page_free`.
 */
typedef struct joinly_page joinly_page;

/**
 * A session of a subject, from its begin to its flush. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
 */
typedef struct joinly_session joinly_session;

/**
 * A query that has more rows to give. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
 */
typedef struct joinly_sql joinly_sql;

/**
 * Rows of a result. Immutable; usable from any thread; freed with `joinly_sql_rows_free`.
 */
typedef struct joinly_sql_rows joinly_sql_rows;

/**
 * An open store. Usable from any thread at the same time. Handles are never dereferenced: a closed, freed,
 * foreign or invented one is answered with `JOINLY_BAD_HANDLE`. After `fork()` the child's handles answer
 * `JOINLY_FORKED`.
 */
typedef struct joinly_store joinly_store;

/**
 * A transaction: reads of one moment plus its own writes, committed together or not at all. It belongs to one
 * thread at a time (`JOINLY_BUSY` otherwise). It takes no lock until it commits: a transaction whose reads were
 * overtaken by another writer loses with `JOINLY_CONFLICT`, changes nothing, and is to be repeated from its begin.
 */
typedef struct joinly_txn joinly_txn;

/**
 * A value read from a store or cache: a reference-counted pin. Its bytes stay valid and unchanged until it is
 * freed, whatever happens to the key, the cache or the store. Immutable; usable from any thread.
 */
typedef struct joinly_value joinly_value;

/**
 * A position in the change log. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
 */
typedef struct joinly_watch joinly_watch;

/**
 * What a call answers: `JOINLY_OK` or one of the statuses below. Codes are never reused.
 */
typedef int32_t joinly_status;

/**
 * Receives a message: its level (`JOINLY_LOG_*`), a UTF-8 text valid during the call, and the pointer given at
 * registration. Called from any thread, also the library's own; it must not call the library.
 */
typedef void (*joinly_log_callback)(int32_t level,
                                    const char *message,
                                    void *user);

/**
 * How to open a store. Zero-initialise it, set `struct_size` to `sizeof(joinly_options)`, then what differs from
 * the defaults. A URL or TOML file sets the same options by the same names, and wins over this struct.
 */
typedef struct {
    /**
     * `sizeof(joinly_options)`.
     */
    uint32_t struct_size;
    /**
     * One of `JOINLY_DURABILITY_*`. In URLs: `durability=power` or `process`.
     */
    uint32_t durability;
    /**
     * Memory for the cache of values, in bytes, taken as it is used; 0: 64 MiB. A value of more than about a tenth of
     * it is read each time. In URLs also `cache_mb`, in MiB.
     */
    uint64_t cache_bytes;
    /**
     * How long a call waits for a lock that another process holds, in milliseconds; 0: 5000.
     */
    uint32_t busy_timeout_ms;
    /**
     * The longest that a read snapshot is held open, in milliseconds; 0: 1000. A longer interactive
     * transaction loses with `JOINLY_CONFLICT`; shorter ages let the write-ahead log shrink sooner.
     */
    uint32_t snapshot_max_age_ms;
    /**
     * Values of at least this many bytes are compressed with zstd when that makes them smaller; 0: 1024. Not for
     * folders of JSON Lines, whose values lie plain.
     */
    uint32_t compress_threshold;
    /**
     * The zstd level, 1 to 19; 0: 3; -1: never compress.
     */
    int32_t compress_level;
    /**
     * How many commits the change log keeps for watches and for the caches of other processes; 0: 100000.
     */
    uint64_t log_keep;
    /**
     * How often expired keys are removed from the file, in milliseconds; 0: 1000. They are invisible at once.
     */
    uint32_t sweep_interval_ms;
    /**
     * 1: open an existing store for reading only. Works on read-only media; elsewhere, whoever may not write in the
     * directory can open it only while somebody who may has it open.
     */
    uint8_t read_only;
    /**
     * 1: answer `JOINLY_NOT_FOUND` instead of creating a store that does not exist.
     */
    uint8_t must_exist;
    /**
     * Zero.
     */
    uint8_t reserved[2];
    /**
     * One of `JOINLY_MODE_*`. In URLs: `mode=through` or `behind`.
     */
    uint32_t mode;
    /**
     * In mode behind: how long a commit waits at most before it is flushed, while the database keeps up, in
     * milliseconds; 0: 100.
     */
    uint32_t flush_interval_ms;
    /**
     * In mode behind: how many bytes of commits may wait; 0: 64 MiB. Writers are slowed down from half of it on. In
     * URLs also `behind_mb`, in MiB.
     */
    uint64_t behind_bytes;
    /**
     * In a folder of JSON Lines: how many archives of the write-ahead log are kept, the latest; 0: 8; -1: none. In
     * URLs 0 is none.
     */
    int32_t archive_keep;
    /**
     * In a folder of JSON Lines: 1: archives are compressed with zstd.
     */
    uint32_t archive_compress;
} joinly_options;

/**
 * Figures of a store since it was opened, all of this process alone.
 */
typedef struct {
    /**
     * `sizeof(joinly_stats)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Reads answered from the cache, a cached absence included.
     */
    uint64_t cache_hits;
    /**
     * Reads that went to the engine.
     */
    uint64_t cache_misses;
    /**
     * Entries that the cache dropped to stay within its bound.
     */
    uint64_t cache_evictions;
    /**
     * Entries in the cache now.
     */
    uint64_t cache_entries;
    /**
     * Bytes in the cache now, keys, values and overhead.
     */
    uint64_t cache_bytes;
    /**
     * The bound of the cache in bytes.
     */
    uint64_t cache_capacity;
    /**
     * Entries dropped because another process or store changed their key.
     */
    uint64_t cache_invalidations;
    /**
     * Times the whole cache was dropped because what had changed could not be told.
     */
    uint64_t cache_resets;
    /**
     * The version of the latest commit that this store knows of.
     */
    uint64_t version;
    /**
     * Commits made through this store.
     */
    uint64_t commits;
    /**
     * Transactions of the engine that carried them: fewer than `commits` when writers were grouped.
     */
    uint64_t engine_commits;
    /**
     * Commits refused with `JOINLY_CONFLICT`.
     */
    uint64_t conflicts;
    /**
     * Expired keys removed from the file by this store.
     */
    uint64_t expired;
    /**
     * Size of the database in bytes, without its write-ahead log.
     */
    uint64_t file_bytes;
    /**
     * Of these, bytes in free pages, reused by later writes or returned by `joinly_store_compact`.
     */
    uint64_t free_bytes;
    /**
     * Bytes of the write-ahead log in use.
     */
    uint64_t wal_bytes;
    /**
     * In mode behind: transactions that were acknowledged and not yet flushed.
     */
    uint64_t queued;
    /**
     * Their bytes in the journal.
     */
    uint64_t queued_bytes;
    /**
     * How long the oldest of them has waited, in milliseconds.
     */
    uint64_t queue_lag_ms;
    /**
     * Flushes so far.
     */
    uint64_t flushes;
    /**
     * Rows that they wrote; a key that was written often in between is one.
     */
    uint64_t flushed_rows;
    /**
     * How fast the database took the journal lately, in bytes a second.
     */
    uint64_t flush_rate;
} joinly_stats;

/**
 * What an engine can hold.
 */
typedef struct {
    /**
     * `sizeof(joinly_limits)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * The most operations of one batch, checks included.
     */
    uint32_t max_batch_ops;
    /**
     * The most bytes of a key. A key has at least one.
     */
    uint64_t max_key_bytes;
    /**
     * The most bytes of a value.
     */
    uint64_t max_value_bytes;
    /**
     * The most bytes of all keys and values of one batch.
     */
    uint64_t max_batch_bytes;
    /**
     * The most rows of one page.
     */
    uint64_t max_page_rows;
} joinly_limits;

/**
 * What may be relied on; engines and ways of opening them differ in it.
 */
typedef struct {
    /**
     * `sizeof(joinly_capabilities)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * What an acknowledged commit survives: one of `JOINLY_DURABILITY_*`, but not the default.
     */
    uint32_t durability;
    /**
     * Who may have the data open at the same time: one of `JOINLY_SHARING_*`.
     */
    uint32_t sharing;
    /**
     * 1: the data is a SQLite file, which other software reads with SQL.
     */
    uint8_t sqlite_file;
    /**
     * 1: values may be compressed; 0: they lie in the file as they were given, whatever the options of compression say.
     */
    uint8_t compresses;
    /**
     * Zero.
     */
    uint8_t reserved[2];
} joinly_capabilities;

/**
 * One row of a page. All pointers borrow from the page.
 */
typedef struct {
    /**
     * The key.
     */
    const uint8_t *key;
    /**
     * Length of the key in bytes.
     */
    size_t key_len;
    /**
     * The value; NULL when the key does not exist (only from `joinly_kv_get_many`) or values were not asked for.
     */
    const uint8_t *value;
    /**
     * Length of the value in bytes.
     */
    size_t value_len;
    /**
     * The version of the commit that wrote the value; 0 when the key does not exist, and for a write of the
     * transaction itself.
     */
    uint64_t version;
    /**
     * When the value expires, in milliseconds since 1970-01-01 UTC; 0 when it never does.
     */
    int64_t expires_at;
} joinly_row;

/**
 * A run of bytes that the caller owns.
 */
typedef struct {
    /**
     * The bytes; may be NULL when `len` is 0.
     */
    const uint8_t *data;
    /**
     * How many.
     */
    size_t len;
} joinly_bytes;

/**
 * How to read a range, in pages. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_scan_options)`.
     */
    uint32_t struct_size;
    /**
     * The most rows of a page; 0: 256.
     */
    uint32_t limit;
    /**
     * Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
     */
    const uint8_t *cursor;
    /**
     * Length of the cursor.
     */
    size_t cursor_len;
    /**
     * 1: from the last key to the first.
     */
    uint8_t reverse;
    /**
     * 1: keys without their values.
     */
    uint8_t keys_only;
    /**
     * Zero.
     */
    uint8_t reserved[6];
} joinly_scan_options;

/**
 * One changed key. The pointer borrows from the `joinly_changes` it came from.
 */
typedef struct {
    /**
     * The key.
     */
    const uint8_t *key;
    /**
     * Length of the key in bytes.
     */
    size_t key_len;
    /**
     * One of `JOINLY_CHANGE_*`.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} joinly_change;

/**
 * What to find in an index, in pages. Zero-initialise it and set `struct_size`. Bounds are JSON texts: null, true,
 * a number, or a string such as "\"open\"". They order as null < false < true < numbers < strings; strings bytewise.
 */
typedef struct {
    /**
     * `sizeof(joinly_find_options)`.
     */
    uint32_t struct_size;
    /**
     * The most rows of a page; 0: 256.
     */
    uint32_t limit;
    /**
     * Only documents whose indexed value equals this; NULL: no such condition. Excludes the bounds below.
     */
    const uint8_t *equal;
    /**
     * Length of `equal`.
     */
    size_t equal_len;
    /**
     * The lower bound; NULL: none.
     */
    const uint8_t *lower;
    /**
     * Length of `lower`.
     */
    size_t lower_len;
    /**
     * The upper bound; NULL: none.
     */
    const uint8_t *upper;
    /**
     * Length of `upper`.
     */
    size_t upper_len;
    /**
     * Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
     */
    const uint8_t *cursor;
    /**
     * Length of the cursor.
     */
    size_t cursor_len;
    /**
     * 1: the lower bound itself is excluded.
     */
    uint8_t lower_exclusive;
    /**
     * 1: the upper bound itself is included. (By default ranges are half-open.)
     */
    uint8_t upper_inclusive;
    /**
     * 1: from the greatest value to the least.
     */
    uint8_t descending;
    /**
     * Zero.
     */
    uint8_t reserved[5];
} joinly_find_options;

/**
 * Who calls, and how. NULL in its place: the game itself, in a transaction of its own. Zero-initialise it and set
 * `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_caller)`.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * For what only the owner of a lobby may do: the player who asks for it, in UTF-8. NULL: the host, which may do all.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * In which epoch the player became the owner; another one than the present is refused with `JOINLY_FORBIDDEN`.
     */
    uint64_t epoch;
    /**
     * The id of this request, in UTF-8, at most 128 bytes: once it has been answered, a repetition within an hour is
     * answered the same and does nothing. NULL: none.
     */
    const char *request;
    /**
     * Length of `request`.
     */
    size_t request_len;
    /**
     * The transaction that the call becomes part of, committed and undone with it; NULL: one of its own. What is refused
     * leaves it as it was.
     */
    joinly_txn *txn;
} joinly_caller;

/**
 * A player who joins. Zero-initialise it and set `struct_size`. Texts are UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_join)`.
     */
    uint32_t struct_size;
    /**
     * The wanted team, from 1; 0: the one with the most free seats.
     */
    uint32_t team;
    /**
     * Who: 1 to 128 bytes.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * The lobby's password, where it has one.
     */
    const char *password;
    /**
     * Length of `password`.
     */
    size_t password_len;
    /**
     * The lobby's code, as people write it; NULL: not known.
     */
    const char *code;
    /**
     * Length of `code`.
     */
    size_t code_len;
    /**
     * The player's build.
     */
    const char *build;
    /**
     * Length of `build`.
     */
    size_t build_len;
    /**
     * The player's role: letters, digits, '_', '-' and '.'.
     */
    const char *role;
    /**
     * Length of `role`.
     */
    size_t role_len;
    /**
     * Attributes for members, a JSON object; NULL: none.
     */
    const char *attributes;
    /**
     * Length of `attributes`.
     */
    size_t attributes_len;
    /**
     * 1: the game vouches that the player is a friend of the members.
     */
    uint8_t is_friend;
    /**
     * Zero.
     */
    uint8_t reserved[7];
} joinly_join;

/**
 * A lobby to create. Zero-initialise it and set `struct_size`. Texts are UTF-8. Attributes are JSON objects, of null,
 * booleans, integers of 64 bits, doubles, strings of at most 512 bytes and arrays of such strings; at most 64 each.
 */
typedef struct {
    /**
     * `sizeof(joinly_lobby_options)`.
     */
    uint32_t struct_size;
    /**
     * How many seats it has, up to 1000; 0: 8.
     */
    uint32_t max_members;
    /**
     * What sort of lobby: letters, digits, '_', '-' and '.'.
     */
    const char *kind;
    /**
     * Length of `kind`.
     */
    size_t kind_len;
    /**
     * Its name, for people: at most 256 bytes.
     */
    const char *name;
    /**
     * Length of `name`.
     */
    size_t name_len;
    /**
     * The password that joining needs, at most 128 bytes; its salted hash is stored. NULL: none.
     */
    const char *password;
    /**
     * Length of `password`.
     */
    size_t password_len;
    /**
     * The build that joining players need; NULL: any.
     */
    const char *build;
    /**
     * Length of `build`.
     */
    size_t build_len;
    /**
     * The first member and owner. NULL: the host made it, and unless the migration is manual or never the first to join
     * owns it.
     */
    const joinly_join *owner;
    /**
     * The sizes of its teams, at most 64, which add up to `max_members`; NULL: no teams.
     */
    const uint32_t *teams;
    /**
     * How many teams.
     */
    size_t team_count;
    /**
     * One of `JOINLY_VISIBILITY_*`.
     */
    uint32_t visibility;
    /**
     * One of `JOINLY_MIGRATION_*`.
     */
    uint32_t migration;
    /**
     * How long a member is believed after a heartbeat, in milliseconds; 0: 30000. No lease is longer than 30 days.
     */
    uint32_t member_ms;
    /**
     * How long a reservation is kept, in milliseconds; 0: 15000.
     */
    uint32_t reservation_ms;
    /**
     * How long the lobby is believed after a heartbeat of its owner or host, in milliseconds; 0: 30000. Later it is
     * stale, hidden and refusing joins, until the next one.
     */
    uint32_t stale_ms;
    /**
     * How long a stale lobby stays until it is closed, in milliseconds; 0: 3600000.
     */
    uint32_t close_ms;
    /**
     * At least so many of its last events are kept, up to 100000; 0: 1000.
     */
    uint64_t keep_events;
    /**
     * Attributes for everybody.
     */
    const char *attributes;
    /**
     * Length of `attributes`.
     */
    size_t attributes_len;
    /**
     * Attributes for members.
     */
    const char *member_attributes;
    /**
     * Length of `member_attributes`.
     */
    size_t member_attributes_len;
    /**
     * Attributes for the owner.
     */
    const char *owner_attributes;
    /**
     * Length of `owner_attributes`.
     */
    size_t owner_attributes_len;
    /**
     * 1: its members may be in other lobbies of the kind too.
     */
    uint8_t not_exclusive;
    /**
     * 1: players may join while it is in game.
     */
    uint8_t backfill;
    /**
     * 1: it stays when the last one leaves.
     */
    uint8_t keep_empty;
    /**
     * Zero.
     */
    uint8_t reserved[5];
    /**
     * How many things a member may say at once, counted anew for who has left and joined again; 0: as many as they like.
     */
    uint32_t chat_burst;
    /**
     * How long it is then until one more, in milliseconds; not 0 where there is a burst.
     */
    uint32_t chat_every_ms;
} joinly_lobby_options;

/**
 * What a call did.
 */
typedef struct {
    /**
     * `sizeof(joinly_done)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * 1: the request had been answered before, and nothing was done again.
     */
    uint32_t repeated;
    /**
     * To which lobby.
     */
    uint64_t lobby;
    /**
     * The number of the last event that it made: events after it are news.
     */
    uint64_t sequence;
} joinly_done;

/**
 * Which lobbies to find. Zero-initialise it and set `struct_size`: every public lobby that somebody could join. Texts are
 * UTF-8. A key of a condition or order is the name of a public attribute, or a path into the document such as "$.name".
 */
typedef struct {
    /**
     * `sizeof(joinly_lobby_query)`.
     */
    uint32_t struct_size;
    /**
     * The most lobbies of a page; 0: 256.
     */
    uint32_t limit;
    /**
     * Only lobbies of this kind; NULL: of any.
     */
    const char *kind;
    /**
     * Length of `kind`.
     */
    size_t kind_len;
    /**
     * What must hold, a JSON array of conditions {"key": ..., "op": ..., "value": ...} and of alternatives
     * {"any": [condition, ...]}. Operators: = != < <= > >= in not-in exists contains prefix. NULL: nothing.
     */
    const char *filter;
    /**
     * Length of `filter`.
     */
    size_t filter_len;
    /**
     * What comes first, a JSON array of at most 4 of {"key": ..., "near": number}, {"key": ...} (the least first) and
     * {"key": ..., "descending": true}, each within those before it. Lobbies without such a value are not found. NULL:
     * by key.
     */
    const char *order;
    /**
     * Length of `order`.
     */
    size_t order_len;
    /**
     * Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
     */
    const uint8_t *cursor;
    /**
     * Length of the cursor.
     */
    size_t cursor_len;
    /**
     * The most documents to read; 0: 10000.
     */
    uint32_t budget;
    /**
     * 1: also those that nobody can join now: full, locked, starting or in game.
     */
    uint8_t include_full;
    /**
     * Zero.
     */
    uint8_t reserved[3];
} joinly_lobby_query;

/**
 * A seat to keep for a player. Zero-initialise it and set `struct_size`. Texts are UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_seat_request)`.
     */
    uint32_t struct_size;
    /**
     * The wanted team, from 1; 0: the one with the most free seats.
     */
    uint32_t team;
    /**
     * For whom: 1 to 128 bytes.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * The player's role: letters, digits, '_', '-' and '.'.
     */
    const char *role;
    /**
     * Length of `role`.
     */
    size_t role_len;
    /**
     * For how long, in milliseconds; 0: as the lobby has it.
     */
    uint32_t for_ms;
    /**
     * Zero.
     */
    uint32_t reserved;
} joinly_seat_request;

/**
 * What a sweep has done.
 */
typedef struct {
    /**
     * `sizeof(joinly_swept)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Lobbies in which time had decided something.
     */
    uint64_t settled;
    /**
     * Closed lobbies that were deleted, with all their events.
     */
    uint64_t deleted;
} joinly_swept;

/**
 * How a search went about it.
 */
typedef struct {
    /**
     * `sizeof(joinly_explain)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * 1: the index gave the first order, so that the search could stop early.
     */
    uint8_t ordered;
    /**
     * 1: the budget ended it: there may be lobbies that it did not see.
     */
    uint8_t exhausted;
    /**
     * Zero.
     */
    uint8_t reserved[2];
    /**
     * How many documents it read.
     */
    uint64_t read;
    /**
     * The name of the index it went along, NUL-terminated; empty: it scanned all lobbies.
     */
    char index[136];
} joinly_explain;

/**
 * Something that happened in a lobby. All pointers borrow from its batch.
 */
typedef struct {
    /**
     * In which lobby.
     */
    uint64_t lobby;
    /**
     * Its number in the lobby: from 1, without a gap.
     */
    uint64_t version;
    /**
     * From `joinly_lobby_poll_all`: the version of the commit that made it; else 0. Events of one commit happened together.
     */
    uint64_t sequence;
    /**
     * When it was made, in milliseconds since 1970-01-01 UTC.
     */
    int64_t time;
    /**
     * The player who made it, in UTF-8; NULL: the host, or time.
     */
    const uint8_t *actor;
    /**
     * Length of `actor`.
     */
    size_t actor_len;
    /**
     * The event as a JSON object of "lobby", "version", "time", "actor" and "change", whose "kind" is the name of the
     * constant in small letters and whose other members tell the rest.
     */
    const uint8_t *json;
    /**
     * Length of `json`.
     */
    size_t json_len;
    /**
     * One of `JOINLY_EVENT_*`.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} joinly_event;

/**
 * A parameter of a query. All zero it is NULL at its place.
 */
typedef struct {
    /**
     * One of `JOINLY_SQL_*`: which of the fields below counts.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Of `JOINLY_SQL_INTEGER`.
     */
    int64_t integer;
    /**
     * Of `JOINLY_SQL_REAL`; not NaN.
     */
    double real;
    /**
     * Of `JOINLY_SQL_TEXT` and `JOINLY_SQL_BLOB`; copied before the call returns. NULL is allowed for length 0.
     */
    const uint8_t *data;
    /**
     * Bytes at `data`.
     */
    size_t len;
    /**
     * The parameter's name in the SQL, with or without the ':', '@' or '$' before it. NULL: the parameter is the one of
     * its place in the array, `?1` at index 0.
     */
    const uint8_t *name;
    /**
     * Length of the name in bytes.
     */
    size_t name_len;
} joinly_sql_param;

/**
 * How to run a query. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_sql_options)`.
     */
    uint32_t struct_size;
    /**
     * The most rows of the first page; 0: 256. A page also ends once it holds 16 MiB.
     */
    uint32_t max_rows;
    /**
     * How long each page may take, in milliseconds; 0: 5000.
     */
    uint32_t timeout_ms;
    /**
     * Zero.
     */
    uint32_t reserved;
} joinly_sql_options;

/**
 * A value of a result. The pointer borrows from the `joinly_sql_rows` it came from.
 */
typedef struct {
    /**
     * One of `JOINLY_SQL_*`: which of the fields below counts. The others are zero.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Of `JOINLY_SQL_INTEGER`.
     */
    int64_t integer;
    /**
     * Of `JOINLY_SQL_REAL`; never NaN.
     */
    double real;
    /**
     * Of `JOINLY_SQL_TEXT` and `JOINLY_SQL_BLOB`; never NULL for these, even when empty.
     */
    const uint8_t *data;
    /**
     * Bytes at `data`.
     */
    size_t len;
} joinly_sql_value;

/**
 * How to migrate. Zero-initialise it, set `struct_size` to `sizeof(joinly_migrate_options)`, then what differs from the
 * defaults.
 */
typedef struct {
    /**
     * `sizeof(joinly_migrate_options)`.
     */
    uint32_t struct_size;
    /**
     * The most records of one commit; 0: 1000.
     */
    uint32_t chunk_records;
    /**
     * 1: only look: count and check every record of the source, touch nothing.
     */
    uint8_t dry_run;
    /**
     * 1: the destination becomes a copy of one moment, and the source goes on as before.
     */
    uint8_t keep_source;
    /**
     * Zero.
     */
    uint8_t reserved[6];
    /**
     * A folder, NUL-terminated: a checked backup of the source is made there first. NULL: none.
     */
    const char *backup;
} joinly_migrate_options;

/**
 * How far an operation on a whole store is. Borrowed by the callback during the call.
 */
typedef struct {
    /**
     * Bytes of this struct, as the library knows it: fields beyond it are not there.
     */
    uint32_t struct_size;
    /**
     * One of `JOINLY_PHASE_*`.
     */
    uint32_t phase;
    /**
     * Records so far in this phase, those of earlier attempts that need not be repeated included.
     */
    uint64_t records;
    /**
     * Bytes of their keys and values.
     */
    uint64_t bytes;
} joinly_progress;

/**
 * Told of progress after every step, on the thread of the call; `user` is what was given with it. Anything but 0 ends the
 * operation with `JOINLY_CANCELLED`. It may call the library, and must not unwind.
 */
typedef int32_t (*joinly_progress_callback)(const joinly_progress *progress,
                                            void *user);

/**
 * How to back up. Zero-initialise it, set `struct_size` to `sizeof(joinly_backup_options)`, then what differs from the
 * defaults.
 */
typedef struct {
    /**
     * `sizeof(joinly_backup_options)`.
     */
    uint32_t struct_size;
    /**
     * The zstd level, 1 to 19; 0: 3.
     */
    int32_t level;
    /**
     * The most backups that the folder keeps; 0: all. The latest is always kept, and so is every backup that a kept one
     * continues.
     */
    uint32_t keep;
    /**
     * 1: only what was changed since the latest backup of the folder, if the change log tells it; else a full one is made.
     */
    uint8_t incremental;
    /**
     * Zero.
     */
    uint8_t reserved[3];
    /**
     * No backup older than so many milliseconds is kept; 0: however old.
     */
    uint64_t max_age_ms;
} joinly_backup_options;

/**
 * A record of a `joinly_import_callback`.
 */
typedef struct {
    /**
     * Bytes of this struct, as the library knows it: fields beyond it are not there.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Its key in the store, of `key_len` bytes. What the source points to stays until it is called again.
     */
    const uint8_t *key;
    /**
     * Bytes of the key.
     */
    size_t key_len;
    /**
     * Its value, of `value_len` bytes; may be NULL when that is 0.
     */
    const uint8_t *value;
    /**
     * Bytes of the value.
     */
    size_t value_len;
    /**
     * When it expires, in milliseconds since 1970-01-01 UTC; 0: never.
     */
    int64_t expires_at;
} joinly_import_record;

/**
 * Gives the next record of an import, on the thread of the call: fills `record`, whose fields are zero, and answers 1, or 0
 * after the last; anything else ends the import with `JOINLY_CANCELLED`. Keys come in ascending order, each once. `after`,
 * of `after_len` bytes, is the key of the record before, or where an earlier attempt stopped: a source may go on there, and
 * one that begins anew is asked until it is past it. `user` is what was given with it. It may call the library, and must
 * not unwind.
 */
typedef int32_t (*joinly_import_callback)(const uint8_t *after,
                                          size_t after_len,
                                          joinly_import_record *record,
                                          void *user);

/**
 * How to import. Zero-initialise it, set `struct_size` to `sizeof(joinly_import_options)`, then what differs from the
 * defaults.
 */
typedef struct {
    /**
     * `sizeof(joinly_import_options)`.
     */
    uint32_t struct_size;
    /**
     * One of `JOINLY_EXISTING_*`.
     */
    uint32_t existing;
    /**
     * The most records of one commit; 0: 1000.
     */
    uint32_t chunk_records;
    /**
     * 1: only look: count and check every record, write nothing.
     */
    uint8_t dry_run;
    /**
     * Zero.
     */
    uint8_t reserved[3];
    /**
     * About the most bytes of one commit; 0: 4 MiB.
     */
    uint64_t chunk_bytes;
} joinly_import_options;

/**
 * A change of what a player owns. Zero-initialise it and set `struct_size`. Texts are ids in UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_delta)`.
     */
    uint32_t struct_size;
    /**
     * One of `JOINLY_HOLDING_*`.
     */
    uint32_t holding;
    /**
     * Whose.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * Which currency or item.
     */
    const char *name;
    /**
     * Length of `name`.
     */
    size_t name_len;
    /**
     * How much more; negative: less.
     */
    int64_t amount;
} joinly_delta;

/**
 * A write of an object. Zero-initialise it and set `struct_size`. Texts but the document are ids in UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_object_change)`.
     */
    uint32_t struct_size;
    /**
     * On which condition: one of `JOINLY_EXPECT_*`.
     */
    uint32_t expected;
    /**
     * For `JOINLY_EXPECT_VERSION`: which version, at least 1; else 0.
     */
    uint64_t version;
    /**
     * Whose.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * In which collection.
     */
    const char *collection;
    /**
     * Length of `collection`.
     */
    size_t collection_len;
    /**
     * By what name there.
     */
    const char *name;
    /**
     * Length of `name`.
     */
    size_t name_len;
    /**
     * The JSON document, at most 1 MiB; NULL deletes the object.
     */
    const char *document;
    /**
     * Length of `document`.
     */
    size_t document_len;
} joinly_object_change;

/**
 * What became of writes of objects.
 */
typedef struct {
    /**
     * `sizeof(joinly_written)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * After `JOINLY_CONFLICT`: which write found something else than it expected, counted from 1. 0: none.
     */
    uint32_t conflict;
    /**
     * The version of all that was written; 0 within a transaction, which has none yet.
     */
    uint64_t version;
    /**
     * After a conflict: the version of what is there; 0 when nothing is, or the transaction wrote it itself.
     */
    uint64_t present;
} joinly_written;

/**
 * How to save a game. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_save_options)`.
     */
    uint32_t struct_size;
    /**
     * How many versions the slot keeps, this one included, at most 32; 0: 5.
     */
    uint32_t keep;
    /**
     * The version that the game was played on from; 0: none, for a slot that is empty.
     */
    uint64_t parent;
    /**
     * Which device writes it, at most 128 bytes of UTF-8, for the player to choose by; NULL: not told.
     */
    const char *device;
    /**
     * Length of `device`.
     */
    size_t device_len;
} joinly_save_options;

/**
 * A player's strength and how uncertain it is, on the scale of a rating system. A plain struct: it never grows.
 */
typedef struct {
    /**
     * The estimate.
     */
    double mu;
    /**
     * Its standard deviation. For leaderboards take `mu - 3 * sigma`, which the player is worth almost surely.
     */
    double sigma;
    /**
     * Glicko-2 only: how erratic the player's results are; else 0.
     */
    double volatility;
} joinly_rating;

/**
 * A team of a match. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_team)`.
     */
    uint32_t struct_size;
    /**
     * How it did: 1 is best, equal places are a draw. Not looked at by `joinly_rating_win_probabilities`.
     */
    uint32_t place;
    /**
     * Its players' ratings before the match.
     */
    const joinly_rating *ratings;
    /**
     * How many players.
     */
    size_t count;
} joinly_team;

/**
 * A game of a rating period. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_game)`.
     */
    uint32_t struct_size;
    /**
     * How it ended for the player: one of `JOINLY_SCORE_*`.
     */
    uint32_t score;
    /**
     * The opponent's rating before the period.
     */
    const joinly_rating *opponent;
} joinly_game;

/**
 * Which rows to select. Zero-initialise it and set `struct_size`: every row, by key. Texts are UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_table_query)`.
     */
    uint32_t struct_size;
    /**
     * The most rows of a page; 0: 256.
     */
    uint32_t limit;
    /**
     * What must hold, as for `joinly_lobby_query`, a key being the name of a column, or a path into it such as "$.address.city";
     * NULL: nothing. A value in a column is never missing, but may be null.
     */
    const char *filter;
    /**
     * Length of `filter`.
     */
    size_t filter_len;
    /**
     * What comes first, a JSON array of at most 4 of {"column": ...} (the least first) and {"column": ..., "descending": true},
     * each within those before it: null < false < true < numbers < strings < others. NULL: by key.
     */
    const char *order;
    /**
     * Length of `order`.
     */
    size_t order_len;
    /**
     * Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
     */
    const uint8_t *cursor;
    /**
     * Length of the cursor.
     */
    size_t cursor_len;
} joinly_table_query;

/**
 * A player who waits. Zero-initialise it and set `struct_size`. Texts are UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_seeker)`.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The rating.
     */
    double mu;
    /**
     * Its deviation.
     */
    double sigma;
    /**
     * Who: 1 to 128 bytes.
     */
    const char *player;
    /**
     * Length of `player`.
     */
    size_t player_len;
    /**
     * The role wanted, one of the queue's; NULL: any.
     */
    const char *role;
    /**
     * Length of `role`.
     */
    size_t role_len;
} joinly_seeker;

/**
 * A party that wants to play; it is never split. Zero-initialise it and set `struct_size`. Texts are JSON in UTF-8.
 */
typedef struct {
    /**
     * `sizeof(joinly_ticket)`.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Its players: as many as a team has at most.
     */
    const joinly_seeker *party;
    /**
     * How many.
     */
    size_t party_count;
    /**
     * Until when it waits, in milliseconds since 1970-01-01 UTC; 0: for ever.
     */
    int64_t deadline;
    /**
     * What must be equal in all tickets of a match, as a whole: an object of texts. NULL: nothing.
     */
    const char *keys;
    /**
     * Length of `keys`.
     */
    size_t keys_len;
    /**
     * What the filters of other tickets look at: an object of booleans, numbers and texts. NULL: nothing.
     */
    const char *attributes;
    /**
     * Length of `attributes`.
     */
    size_t attributes_len;
    /**
     * What every other ticket of the match must have: an array of `{"key": attribute, "test": test}`, where a test is one
     * of `{"equal": value}`, `{"not_equal": value}`, `{"at_least": number}`, `{"at_most": number}` and
     * `{"one_of": [values]}`. A missing attribute fails every test. NULL: nothing.
     */
    const char *filters;
    /**
     * Length of `filters`.
     */
    size_t filters_len;
    /**
     * The latency to each region in milliseconds: an object of numbers. NULL: any region will do.
     */
    const char *latencies;
    /**
     * Length of `latencies`.
     */
    size_t latencies_len;
    /**
     * Players whom this party never meets: an array of ids. NULL: none.
     */
    const char *blocked;
    /**
     * Length of `blocked`.
     */
    size_t blocked_len;
} joinly_ticket;

/**
 * How large a cache may be. Zero-initialise it and set `struct_size`.
 */
typedef struct {
    /**
     * `sizeof(joinly_cache_options)`.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The most entries; 0: no bound by entries.
     */
    uint64_t max_entries;
    /**
     * The most bytes, keys, values and overhead; 0: no bound by bytes, or 64 MiB when `max_entries` is 0 too.
     */
    uint64_t max_bytes;
    /**
     * Life of entries set without one of their own, in milliseconds; 0: for ever.
     */
    uint64_t default_ttl_ms;
} joinly_cache_options;

/**
 * Figures of a cache since it was made.
 */
typedef struct {
    /**
     * `sizeof(joinly_cache_stats)`, set by the caller.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Gets that found their key.
     */
    uint64_t hits;
    /**
     * Gets that did not.
     */
    uint64_t misses;
    /**
     * Entries dropped to stay within the bounds.
     */
    uint64_t evictions;
    /**
     * Entries now, expired ones not yet dropped included.
     */
    uint64_t entries;
    /**
     * Bytes now.
     */
    uint64_t bytes;
    /**
     * The bound in entries; 0: none.
     */
    uint64_t max_entries;
    /**
     * The bound in bytes; 0: none.
     */
    uint64_t max_bytes;
} joinly_cache_stats;

/**
 * The call succeeded.
 */
#define JOINLY_OK 0

/**
 * The key, index or file does not exist. For a missing key no error object is made.
 */
#define JOINLY_NOT_FOUND 1

/**
 * Nothing happened before the time-out. No error object is made.
 */
#define JOINLY_TIMEOUT 2

/**
 * A check failed, or a transaction lost against another writer; nothing was changed. Retry from the read.
 */
#define JOINLY_CONFLICT 3

/**
 * Another process or thread held a lock for longer than `busy_timeout_ms`. Retry later.
 */
#define JOINLY_BUSY 4

/**
 * An argument, option or document is malformed; the message names it.
 */
#define JOINLY_INVALID 5

/**
 * A key, value, batch or count is over its limit (`joinly_store_limits`).
 */
#define JOINLY_TOO_LARGE 6

/**
 * The stored value is not of the type that the operation needs, for example no decimal integer for an add.
 */
#define JOINLY_WRONG_TYPE 7

/**
 * The result does not fit its type, for example a counter beyond 64 bits.
 */
#define JOINLY_OUT_OF_RANGE 8

/**
 * The feature is not available with this engine, file or build.
 */
#define JOINLY_UNSUPPORTED 9

/**
 * The handle is closed, freed, NULL where an object is needed, or of another type.
 */
#define JOINLY_BAD_HANDLE 10

/**
 * The store behind this object was closed, or the transaction is finished.
 */
#define JOINLY_CLOSED 11

/**
 * The process was forked after the store was opened. Open it anew, best in a process that did not inherit one.
 */
#define JOINLY_FORKED 12

/**
 * An earlier failure left the outcome of a write unknown: reads go on, writes are refused until it is reopened.
 */
#define JOINLY_POISONED 13

/**
 * A defect of the library was contained; the store concerned refuses further writes.
 */
#define JOINLY_PANIC 14

/**
 * An allocation was refused.
 */
#define JOINLY_NO_MEMORY 15

/**
 * No room left on the device. Nothing was changed, reads go on, and writes work again once there is room.
 */
#define JOINLY_FULL 16

/**
 * The file, its directory or the store is read-only.
 */
#define JOINLY_READ_ONLY 17

/**
 * The operating system refused an operation; the message says which.
 */
#define JOINLY_IO 18

/**
 * The file is damaged. The store refuses writes; what can be read is still read.
 */
#define JOINLY_CORRUPT 19

/**
 * The file exists and is not a database of this library.
 */
#define JOINLY_NOT_A_DATABASE 20

/**
 * The file was written by a newer version of the library.
 */
#define JOINLY_NEWER_SCHEMA 21

/**
 * The change log no longer reaches back to the wanted version: read the state anew, then watch from now.
 */
#define JOINLY_COMPACTED 22

/**
 * The name is taken by something different.
 */
#define JOINLY_EXISTS 23

/**
 * The caller's buffer is too small: the needed length was reported and nothing was copied. No error object is made.
 */
#define JOINLY_BUFFER_TOO_SMALL 24

/**
 * The lobby, or the team in it, has no free seat.
 */
#define JOINLY_LOBBY_FULL 25

/**
 * The rules do not allow it to this caller: wrong password, banned, not the owner, a fenced epoch.
 */
#define JOINLY_FORBIDDEN 26

/**
 * The lease or deadline that it rests on has passed.
 */
#define JOINLY_EXPIRED 27

/**
 * The ticket was matched before it could be cancelled.
 */
#define JOINLY_ALREADY_MATCHED 28

/**
 * The state that it is in has no such move, for example joining a lobby that is locked.
 */
#define JOINLY_WRONG_STATE 29

/**
 * A balance would go below zero; nothing was changed.
 */
#define JOINLY_INSUFFICIENT 30

/**
 * The caller ended it; what was done so far is kept where the operation says so.
 */
#define JOINLY_CANCELLED 31

/**
 * What is kept here was moved: it is written to in its new place, which the message names.
 */
#define JOINLY_MOVED 32

/**
 * It comes too soon after what the same caller did before. Retry later.
 */
#define JOINLY_RATE_LIMITED 33

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The ABI version of the loaded library. A program compiled against this header needs it to equal
 * `JOINLY_ABI_VERSION`. Any thread; never fails.
 */
uint32_t joinly_abi_version(void);

/**
 * The library's version and that of the SQLite inside it, for example "1.0.0 (SQLite 3.54.1)". A static string
 * in UTF-8, never NULL and never to be freed. Any thread; never fails.
 */
const char *joinly_version_string(void);

/**
 * The stable name of a status, for example "NOT_FOUND"; "UNKNOWN" for a number that is none. A static string,
 * never to be freed. Any thread; never fails.
 */
const char *joinly_status_name(joinly_status status);

/**
 * 1 when the same call can succeed if repeated (`JOINLY_CONFLICT`: from the first read of the transaction;
 * `JOINLY_BUSY`, `JOINLY_TIMEOUT`, `JOINLY_RATE_LIMITED`: later), else 0. Any thread; never fails.
 */
uint8_t joinly_status_is_retryable(joinly_status status);

/**
 * The status of an error; `JOINLY_BAD_HANDLE` for NULL or a freed one. Any thread.
 */
joinly_status joinly_error_status(const joinly_error *error);

/**
 * The message of an error, in UTF-8, for people: what failed and what to do about it. Borrowed: valid until
 * `joinly_error_free`. An empty string for NULL or a freed one. Any thread.
 */
const char *joinly_error_message(const joinly_error *error);

/**
 * The code of the engine below (for SQLite its extended result code), 0 where the library itself refused, and
 * for NULL or a freed error. Any thread.
 */
int32_t joinly_error_engine_code(const joinly_error *error);

/**
 * The present version of what a call expected another version of (`JOINLY_CONFLICT`): read it again from there. 0 where
 * an error tells none, and for NULL or a freed one. Any thread.
 */
uint64_t joinly_error_present_version(const joinly_error *error);

/**
 * Frees an error. NULL and an error that is freed already are ignored. Any thread.
 */
void joinly_error_free(joinly_error *error);

/**
 * Sends the library's messages up to `max_level` to `callback`; NULL: nowhere, as at start. One callback for the
 * whole process. It stays in use until replaced, and a call already under way on another thread may still finish
 * after that. Any thread. Errors: `JOINLY_INVALID` (no such level).
 */
joinly_status joinly_log_set(joinly_log_callback callback,
                             void *user,
                             int32_t max_level,
                             joinly_error **err);

/**
 * Opens or creates a store.
 *
 * `url` is a path ("game.db") or a URL: "sqlite:game.db?cache_mb=64&durability=power", "leveldb:folder",
 * "jsonl:folder", or "memory:" for a store that lives in this process only and ends with its handle. The query sets options by the names of
 * `joinly_options`; characters that a URL reserves are written %XX. `options` may be NULL. `*out` receives the
 * store, to be closed with `joinly_store_close` and freed with `joinly_store_free`. The file is created with
 * permissions 0600, a folder with 0700.
 *
 * Several processes may open one SQLite file; each keeps its own cache, and none is ever stale. A folder of LevelDB
 * is for one store at a time, and needs Google's library to be installed (on Debian libleveldb1d): it is loaded
 * when the first one is opened. A folder that other software wrote is opened with `read_only` alone: its keys are
 * read as they are, and have the version 1. A folder of JSON Lines is for one store at a time too, all of it is in
 * memory, and its files may be edited while no store has it open. See `joinly_store_capabilities`. Any thread.
 *
 * Errors: `JOINLY_INVALID` (unknown option, malformed URL), `JOINLY_NOT_FOUND` (`must_exist`), `JOINLY_IO` (no
 * such directory), `JOINLY_READ_ONLY`, `JOINLY_NOT_A_DATABASE`, `JOINLY_NEWER_SCHEMA`, `JOINLY_CORRUPT`,
 * `JOINLY_BUSY` (also: another store has the folder open), `JOINLY_FULL`, `JOINLY_UNSUPPORTED` (a second copy of
 * SQLite in this process has the file open; LevelDB is not installed), `JOINLY_FORKED` (this process inherited an
 * open store).
 */
joinly_status joinly_store_open(const char *url,
                                const joinly_options *options,
                                joinly_store **out,
                                joinly_error **err);

/**
 * Opens the store that a TOML file describes: `url = "sqlite:game.db"` and any option by its name. A relative
 * path in it is relative to the file. Any thread.
 *
 * Errors: those of `joinly_store_open`; `JOINLY_NOT_FOUND` or `JOINLY_IO` when the file cannot be read,
 * `JOINLY_INVALID` when it is no TOML or names an unknown option.
 */
joinly_status joinly_store_open_config(const char *path,
                                       joinly_store **out,
                                       joinly_error **err);

/**
 * Closes a store: waits for the commits under way, flushes them in mode behind, releases the file, and reports
 * what went wrong. The handle ends, whatever the status; its transactions and watches answer `JOINLY_CLOSED`.
 * Values and pages stay valid. Any thread.
 *
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_IO`, `JOINLY_FORKED` (the child's handle ends, the file is left alone); in
 * mode behind those of a commit: what could not be flushed is recovered by whoever opens the store next.
 */
joinly_status joinly_store_close(joinly_store *store,
                                 joinly_error **err);

/**
 * Closes a store without a report and frees it. NULL and a store that is closed or freed already are ignored. Any
 * thread.
 */
void joinly_store_free(joinly_store *store);

/**
 * Waits until the commit of `version` (0: all so far) is as durable as the store promises and, in mode behind, in
 * the database, where other processes see it. At once in mode through. Any thread.
 *
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_OUT_OF_RANGE` (a version not yet given),
 * `JOINLY_POISONED`; in mode behind those of a commit.
 */
joinly_status joinly_store_flush(joinly_store *store,
                                 uint64_t version,
                                 joinly_error **err);

/**
 * Moves the write-ahead log into the database file and empties it. Done in the background anyway; of use before
 * copying or measuring a file. Any thread.
 *
 * Errors: `JOINLY_BUSY` (readers or writers of other processes are in the way), `JOINLY_FULL`, `JOINLY_IO`,
 * `JOINLY_READ_ONLY`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`.
 */
joinly_status joinly_store_checkpoint(joinly_store *store,
                                      joinly_error **err);

/**
 * Rewrites the database without its free pages. Needs up to twice its size in free space and exclusive write access
 * meanwhile. Any thread. Errors: those of `joinly_store_checkpoint`.
 */
joinly_status joinly_store_compact(joinly_store *store,
                                   joinly_error **err);

/**
 * Checks every page, row, log entry and index of the store. Takes time in proportion to its size; reads and
 * writes go on. `JOINLY_OK` means sound. Any thread.
 *
 * Errors: `JOINLY_CORRUPT` (the message lists up to 100 findings; the store refuses writes from then on),
 * `JOINLY_IO`, `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`.
 */
joinly_status joinly_store_verify(joinly_store *store,
                                  joinly_error **err);

/**
 * The version of the latest commit, of any process; 0 for a new store. Versions only grow. Any thread.
 *
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID` (`version` is NULL), `JOINLY_BUSY`,
 * `JOINLY_IO`, `JOINLY_CORRUPT`.
 */
joinly_status joinly_store_version(const joinly_store *store,
                                   uint64_t *version,
                                   joinly_error **err);

/**
 * The store's clock: milliseconds since 1970-01-01 UTC, which never go back, even when the system's clock does.
 * Any thread. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID` (`now_ms` is NULL).
 */
joinly_status joinly_store_now(const joinly_store *store,
                               int64_t *now_ms,
                               joinly_error **err);

/**
 * Figures of a store. The caller sets `stats->struct_size`. Any thread.
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`, `JOINLY_BUSY`, `JOINLY_IO`,
 * `JOINLY_CORRUPT`.
 */
joinly_status joinly_store_stats(const joinly_store *store,
                                 joinly_stats *stats,
                                 joinly_error **err);

/**
 * What the engine of a store can hold. The caller sets `limits->struct_size`. Any thread.
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`.
 */
joinly_status joinly_store_limits(const joinly_store *store,
                                  joinly_limits *limits,
                                  joinly_error **err);

/**
 * What may be relied on with a store: durability, and who else may have the data open. The caller sets
 * `capabilities->struct_size`. Any thread.
 * Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`.
 */
joinly_status joinly_store_capabilities(const joinly_store *store,
                                        joinly_capabilities *capabilities,
                                        joinly_error **err);

/**
 * The name of a store's engine, as in URLs: "sqlite", "leveldb", "jsonl", "memory". A static string, never to be
 * freed; NULL for a bad handle. Any thread.
 */
const char *joinly_store_engine(const joinly_store *store);

/**
 * The bytes of a value; `*len` (may be NULL) receives their count. Borrowed: valid until `joinly_value_free`.
 * Never NULL for a live value, even an empty one; NULL and 0 for NULL or a freed one. Any thread.
 */
const uint8_t *joinly_value_data(const joinly_value *value,
                                 size_t *len);

/**
 * The version of the commit that wrote the value, for `joinly_batch_check`; 0 for a value of a `joinly_cache`, for a
 * write of the transaction itself, for NULL and for a freed one. Any thread.
 */
uint64_t joinly_value_version(const joinly_value *value);

/**
 * When the value expires, in milliseconds since 1970-01-01 UTC; 0 when it never does, for NULL and for a freed
 * one. Any thread.
 */
int64_t joinly_value_expires_at(const joinly_value *value);

/**
 * Frees a value. NULL and a value that is freed already are ignored. Any thread.
 */
void joinly_value_free(joinly_value *value);

/**
 * The rows of a page as an array; `*count` receives how many. Borrowed: valid until `joinly_page_free`. NULL and
 * 0 for an empty page, for NULL and for a freed one. Any thread.
 */
const joinly_row *joinly_page_rows(const joinly_page *page,
                                   size_t *count);

/**
 * The cursor from which the next page starts, to be given back in the options of the same query; `*len` receives
 * its length. NULL and 0 when this page is the last, for NULL and for a freed one. Borrowed: valid until
 * `joinly_page_free`. Any thread.
 */
const uint8_t *joinly_page_cursor(const joinly_page *page,
                                  size_t *len);

/**
 * Frees a page. NULL and a page that is freed already are ignored. Any thread.
 */
void joinly_page_free(joinly_page *page);

/**
 * Reads a key. `*out` receives a pin of its value, to be freed with `joinly_value_free`.
 *
 * A read sees every commit that any process acknowledged before the call. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`,
 * `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_BUSY`, `JOINLY_IO`, `JOINLY_CORRUPT`.
 */
joinly_status joinly_kv_get(const joinly_store *store,
                            const uint8_t *key,
                            size_t key_len,
                            joinly_value **out,
                            joinly_error **err);

/**
 * Reads a key into the caller's buffer of `cap` bytes. `*len` receives the true length of the value; when that is
 * more than `cap`, nothing is copied and the answer is `JOINLY_BUFFER_TOO_SMALL`. `buf` may be NULL when `cap` is
 * 0. The fastest way to read: no allocation. Any thread.
 *
 * Errors: those of `joinly_kv_get`, and `JOINLY_BUFFER_TOO_SMALL` (no error object).
 */
joinly_status joinly_kv_get_into(const joinly_store *store,
                                 const uint8_t *key,
                                 size_t key_len,
                                 uint8_t *buf,
                                 size_t cap,
                                 size_t *len,
                                 joinly_error **err);

/**
 * Whether a key exists: `*out` receives 1 or 0. Any thread. Errors: those of `joinly_kv_get` but
 * `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_kv_exists(const joinly_store *store,
                               const uint8_t *key,
                               size_t key_len,
                               uint8_t *out,
                               joinly_error **err);

/**
 * Reads many keys as of one moment. The page has one row per key, in their order; a missing key's row has a NULL
 * value. Any thread. Errors: those of `joinly_kv_get` but `JOINLY_NOT_FOUND`; `JOINLY_TOO_LARGE` for more keys than a
 * page may have rows.
 */
joinly_status joinly_kv_get_many(const joinly_store *store,
                                 const joinly_bytes *keys,
                                 size_t count,
                                 joinly_page **out,
                                 joinly_error **err);

/**
 * Writes a key: creates or replaces its value, and removes any expiry. The call returns when the commit is as
 * durable as the store promises. Any thread.
 *
 * Errors: `JOINLY_INVALID` (empty key, NULL), `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, `JOINLY_FULL`, `JOINLY_READ_ONLY`,
 * `JOINLY_IO`, `JOINLY_CORRUPT`, `JOINLY_POISONED`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`. After
 * `JOINLY_IO` the outcome may be unknown; after all others nothing was changed.
 */
joinly_status joinly_kv_put(joinly_store *store,
                            const uint8_t *key,
                            size_t key_len,
                            const uint8_t *value,
                            size_t value_len,
                            joinly_error **err);

/**
 * Writes a key that expires `ttl_ms` milliseconds after its commit; 0: never. From that moment no read, scan or
 * search returns it. Any thread. Errors: those of `joinly_kv_put`.
 */
joinly_status joinly_kv_put_ttl(joinly_store *store,
                                const uint8_t *key,
                                size_t key_len,
                                const uint8_t *value,
                                size_t value_len,
                                uint64_t ttl_ms,
                                joinly_error **err);

/**
 * Deletes a key. `JOINLY_OK` when it existed, `JOINLY_NOT_FOUND` (no error object) when not. Any thread. Errors:
 * those of `joinly_kv_put`.
 */
joinly_status joinly_kv_delete(joinly_store *store,
                               const uint8_t *key,
                               size_t key_len,
                               joinly_error **err);

/**
 * Changes when a key expires: `ttl_ms` milliseconds from the commit; 0: never. The value stays. Any thread.
 * Errors: those of `joinly_kv_put`, and `JOINLY_NOT_FOUND` (no error object).
 */
joinly_status joinly_kv_expire(joinly_store *store,
                               const uint8_t *key,
                               size_t key_len,
                               uint64_t ttl_ms,
                               joinly_error **err);

/**
 * Adds `delta` to a counter, atomically across threads and processes; `*out` (may be NULL) receives the sum. A
 * counter is a value holding a decimal integer of 64 bits in ASCII; a missing key counts as 0; an expiry stays. Any
 * thread. Errors: those of `joinly_kv_put`, `JOINLY_WRONG_TYPE`, `JOINLY_OUT_OF_RANGE`.
 */
joinly_status joinly_kv_add(joinly_store *store,
                            const uint8_t *key,
                            size_t key_len,
                            int64_t delta,
                            int64_t *out,
                            joinly_error **err);

/**
 * Reads a page of the keys in `[start, end)`, ordered bytewise. An empty `start` means from the first key, an
 * empty `end` to the last. The page is one moment's state; the next page, read with its cursor, may be of a later
 * one. `options` may be NULL. Any thread. Errors: those of `joinly_kv_get` but `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_kv_scan(const joinly_store *store,
                             const uint8_t *start,
                             size_t start_len,
                             const uint8_t *end,
                             size_t end_len,
                             const joinly_scan_options *options,
                             joinly_page **out,
                             joinly_error **err);

/**
 * Reads a page of the keys that start with `prefix`; otherwise as `joinly_kv_scan`. An empty prefix means all keys.
 */
joinly_status joinly_kv_scan_prefix(const joinly_store *store,
                                    const uint8_t *prefix,
                                    size_t prefix_len,
                                    const joinly_scan_options *options,
                                    joinly_page **out,
                                    joinly_error **err);

/**
 * Makes an empty batch. Any thread. Errors: `JOINLY_INVALID` (`out` is NULL), `JOINLY_TOO_LARGE` (too many live
 * batches).
 */
joinly_status joinly_batch_new(joinly_batch **out,
                               joinly_error **err);

/**
 * Adds a check: the commit is refused with `JOINLY_CONFLICT` unless the key's version is `version`, or, for 0,
 * unless the key does not exist. All checks see the state before the batch. Errors: `JOINLY_INVALID`,
 * `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_batch_check(joinly_batch *batch,
                                 const uint8_t *key,
                                 size_t key_len,
                                 uint64_t version,
                                 joinly_error **err);

/**
 * Adds a put, as `joinly_kv_put_ttl`. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_batch_put(joinly_batch *batch,
                               const uint8_t *key,
                               size_t key_len,
                               const uint8_t *value,
                               size_t value_len,
                               uint64_t ttl_ms,
                               joinly_error **err);

/**
 * Adds a delete; nothing happens when the key does not exist. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`,
 * `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_batch_delete(joinly_batch *batch,
                                  const uint8_t *key,
                                  size_t key_len,
                                  joinly_error **err);

/**
 * Adds an addition to a counter, as `joinly_kv_add`; it sees the mutations before it in the batch. Errors:
 * `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_batch_add(joinly_batch *batch,
                               const uint8_t *key,
                               size_t key_len,
                               int64_t delta,
                               joinly_error **err);

/**
 * Adds a change of expiry, as `joinly_kv_expire`; nothing happens when the key does not exist. Errors:
 * `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_batch_expire(joinly_batch *batch,
                                  const uint8_t *key,
                                  size_t key_len,
                                  uint64_t ttl_ms,
                                  joinly_error **err);

/**
 * How many checks and mutations a batch holds; 0 for a bad handle.
 */
size_t joinly_batch_len(const joinly_batch *batch);

/**
 * Empties a batch and keeps its memory for the next use. A bad handle is ignored.
 */
void joinly_batch_clear(joinly_batch *batch);

/**
 * Frees a batch. NULL and a batch that is freed already are ignored.
 */
void joinly_batch_free(joinly_batch *batch);

/**
 * Commits a batch: all of it or, on any failure, nothing. `*version` (may be NULL) receives the commit's version,
 * greater than that of every commit before. Serializable across threads and processes; as durable on return as the
 * store promises. An empty batch succeeds and gives the current version. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (a check failed), `JOINLY_WRONG_TYPE` and `JOINLY_OUT_OF_RANGE` (an addition), and those
 * of `joinly_kv_put`.
 */
joinly_status joinly_store_commit(joinly_store *store,
                                  const joinly_batch *batch,
                                  uint64_t *version,
                                  joinly_error **err);

/**
 * Begins a transaction on the present state. `*out` receives it, to be freed with `joinly_txn_free` after commit or
 * rollback. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`, `JOINLY_BUSY`,
 * `JOINLY_IO`, `JOINLY_CORRUPT`, `JOINLY_TOO_LARGE` (too many live transactions).
 */
joinly_status joinly_txn_begin(joinly_store *store,
                               joinly_txn **out,
                               joinly_error **err);

/**
 * Reads a key, as `joinly_kv_get`, as of the transaction's begin and with its own writes. Errors: those of
 * `joinly_kv_get`, and `JOINLY_CONFLICT` (older than `snapshot_max_age_ms`), `JOINLY_CLOSED` (finished),
 * `JOINLY_BUSY` (in use by another thread).
 */
joinly_status joinly_txn_get(joinly_txn *txn,
                             const uint8_t *key,
                             size_t key_len,
                             joinly_value **out,
                             joinly_error **err);

/**
 * Reads a key into the caller's buffer, as `joinly_kv_get_into` and `joinly_txn_get`.
 */
joinly_status joinly_txn_get_into(joinly_txn *txn,
                                  const uint8_t *key,
                                  size_t key_len,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len,
                                  joinly_error **err);

/**
 * Reads a page of a range, as `joinly_kv_scan`, as of the transaction's begin and with its own writes. Another
 * writer's commit into the part that was read makes the transaction lose. Errors: as `joinly_txn_get`.
 */
joinly_status joinly_txn_scan(joinly_txn *txn,
                              const uint8_t *start,
                              size_t start_len,
                              const uint8_t *end,
                              size_t end_len,
                              const joinly_scan_options *options,
                              joinly_page **out,
                              joinly_error **err);

/**
 * Reads a page of the keys that start with `prefix`; otherwise as `joinly_txn_scan`.
 */
joinly_status joinly_txn_scan_prefix(joinly_txn *txn,
                                     const uint8_t *prefix,
                                     size_t prefix_len,
                                     const joinly_scan_options *options,
                                     joinly_page **out,
                                     joinly_error **err);

/**
 * Writes a key within the transaction, as `joinly_kv_put_ttl`; the expiry counts from the commit. Errors:
 * `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_CLOSED`, `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_txn_put(joinly_txn *txn,
                             const uint8_t *key,
                             size_t key_len,
                             const uint8_t *value,
                             size_t value_len,
                             uint64_t ttl_ms,
                             joinly_error **err);

/**
 * Deletes a key within the transaction: `JOINLY_OK` when it existed, else `JOINLY_NOT_FOUND` (no error object).
 * Errors: those of `joinly_txn_get` and `joinly_txn_put`.
 */
joinly_status joinly_txn_delete(joinly_txn *txn,
                                const uint8_t *key,
                                size_t key_len,
                                joinly_error **err);

/**
 * Adds to a counter within the transaction, as `joinly_kv_add`. Errors: those of `joinly_txn_get` and
 * `joinly_txn_put`, `JOINLY_WRONG_TYPE`, `JOINLY_OUT_OF_RANGE`.
 */
joinly_status joinly_txn_add(joinly_txn *txn,
                             const uint8_t *key,
                             size_t key_len,
                             int64_t delta,
                             int64_t *out,
                             joinly_error **err);

/**
 * Commits a transaction and finishes it, whatever the status: later calls on it answer `JOINLY_CLOSED`. `*version`
 * (may be NULL) receives the commit's version; a transaction without writes gives the version it read at.
 *
 * Errors: `JOINLY_CONFLICT` (what it read was changed meanwhile: repeat it from its begin), `JOINLY_CLOSED`, and
 * those of `joinly_kv_put`.
 */
joinly_status joinly_txn_commit(joinly_txn *txn,
                                uint64_t *version,
                                joinly_error **err);

/**
 * Drops a transaction's writes and finishes it. Errors: `JOINLY_CLOSED` (finished already), `JOINLY_BAD_HANDLE`,
 * `JOINLY_BUSY` (in use by another thread).
 */
joinly_status joinly_txn_rollback(joinly_txn *txn,
                                  joinly_error **err);

/**
 * Frees a transaction; one not committed is rolled back. NULL and one that is freed already are ignored.
 */
void joinly_txn_free(joinly_txn *txn);

/**
 * Starts watching the keys that begin with `prefix` (empty: all), for commits after `from_version` (0: as far back as
 * the log reaches; `JOINLY_FROM_NOW`: from now), of every process. `*out` receives the watch, freed with
 * `joinly_watch_free`. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`,
 * `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, `JOINLY_IO`, `JOINLY_CORRUPT`.
 */
joinly_status joinly_watch_open(const joinly_store *store,
                                uint64_t from_version,
                                const uint8_t *prefix,
                                size_t prefix_len,
                                joinly_watch **out,
                                joinly_error **err);

/**
 * Waits for the next commit that touched a watched key, at most `timeout_ms` milliseconds (0: only looks). Commits
 * come in order, none is skipped, and a group of changes committed together comes together. `*out` receives it, to be
 * freed with `joinly_changes_free`. Waiting is idle, not busy.
 *
 * Errors: `JOINLY_TIMEOUT` (no error object), `JOINLY_COMPACTED` (the log no longer reaches back to this position: the
 * watch continues with the oldest commit kept, after the caller has read the state anew), `JOINLY_CLOSED` (the store),
 * `JOINLY_BUSY` (in use by another thread), `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_INVALID`, `JOINLY_IO`,
 * `JOINLY_CORRUPT`.
 */
joinly_status joinly_watch_poll(joinly_watch *watch,
                                uint32_t timeout_ms,
                                joinly_changes **out,
                                joinly_error **err);

/**
 * The version up to which a watch has reported; a new watch may start from it. 0 for a bad handle, or while another
 * thread polls it.
 */
uint64_t joinly_watch_version(const joinly_watch *watch);

/**
 * Frees a watch. NULL and one that is freed already are ignored.
 */
void joinly_watch_free(joinly_watch *watch);

/**
 * The changed keys of a commit as an array; `*count` receives how many. Borrowed: valid until
 * `joinly_changes_free`. NULL and 0 for a bad handle. Any thread.
 */
const joinly_change *joinly_changes_rows(const joinly_changes *changes,
                                         size_t *count);

/**
 * The version of a commit; 0 for a bad handle. Any thread.
 */
uint64_t joinly_changes_version(const joinly_changes *changes);

/**
 * When a commit was made, in milliseconds since 1970-01-01 UTC; 0 for a bad handle. Any thread.
 */
int64_t joinly_changes_time(const joinly_changes *changes);

/**
 * Frees the changes of a commit. NULL and ones that are freed already are ignored.
 */
void joinly_changes_free(joinly_changes *changes);

/**
 * Declares an index called `name` on the JSON documents whose key starts with `prefix` (UTF-8), by the scalar at `path`,
 * for example "$.state", "$.owner.id" or "$.tags[0]". Existing documents are indexed at once; from then on every commit
 * of every process maintains it. Values that are no JSON, and documents without a scalar there or with a string of more
 * than 512 bytes, are stored and not indexed. Declaring the same index again does nothing. Any thread.
 *
 * Errors: `JOINLY_EXISTS` (the name is taken by a different index), `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (more than 64
 * indexes), and those of `joinly_kv_put`.
 */
joinly_status joinly_index_declare(joinly_store *store,
                                   const char *name,
                                   const uint8_t *prefix,
                                   size_t prefix_len,
                                   const char *path,
                                   joinly_error **err);

/**
 * Drops an index. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_kv_put`. Any thread.
 */
joinly_status joinly_index_drop(joinly_store *store,
                                const char *name,
                                joinly_error **err);

/**
 * Builds an index anew from the documents. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_kv_put`. Any thread.
 */
joinly_status joinly_index_rebuild(joinly_store *store,
                                   const char *name,
                                   joinly_error **err);

/**
 * Lists the indexes: a page whose keys are their names and whose values are JSON objects with "prefix" and "path".
 * Any thread. Errors: as `joinly_store_version`.
 */
joinly_status joinly_index_list(const joinly_store *store,
                                joinly_page **out,
                                joinly_error **err);

/**
 * Reads a page of the documents that an index finds, ordered by the indexed value and then by key, all of one moment.
 * `options` may be NULL: all documents of the index. Any thread. Errors: `JOINLY_NOT_FOUND` (no such index),
 * `JOINLY_INVALID` (a bound that is no JSON scalar, a foreign cursor), and those of `joinly_kv_scan`.
 */
joinly_status joinly_index_find(const joinly_store *store,
                                const char *name,
                                const joinly_find_options *options,
                                joinly_page **out,
                                joinly_error **err);

/**
 * Creates a lobby; `done->lobby` is its number, which is never used again. `options` may be NULL: a public lobby of 8
 * seats. Any thread.
 *
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (what no lobby can have), `JOINLY_EXISTS` (the owner is
 * in another exclusive lobby of the kind), `JOINLY_CONFLICT` (it lost every race against other writers), and those of
 * `joinly_kv_put`; within a transaction, those of `joinly_txn_put`. What fails changes nothing.
 */
joinly_status joinly_lobby_create(joinly_store *store,
                                  const joinly_caller *caller,
                                  const joinly_lobby_options *options,
                                  joinly_done *done,
                                  joinly_error **err);

/**
 * Players join a lobby, all or none; one of their passwords is enough. `snapshot` (may be NULL: not wanted, and then it
 * costs as much in a crowd as in an empty lobby) receives the lobby as members see it as of `done->sequence`, in the form
 * of `joinly_lobby_get`, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_LOBBY_FULL`, `JOINLY_FORBIDDEN` (banned; wrong password, build or code),
 * `JOINLY_WRONG_STATE` (locked, starting, in game, closed), `JOINLY_EXPIRED` (the lobby is stale), `JOINLY_EXISTS` (a
 * member already, here or in another exclusive lobby of the kind), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_join(joinly_store *store,
                                const joinly_caller *caller,
                                uint64_t lobby,
                                const joinly_join *joins,
                                size_t count,
                                joinly_value **snapshot,
                                joinly_done *done,
                                joinly_error **err);

/**
 * Players join the first lobby that a query finds and that admits them all, or else create one, which the first of them
 * owns, instead of `options->owner`. Of two who create at the same moment, one joins the other's. `query` and `options` may
 * be NULL; the query's kind is that of `options`. `snapshot` as in `joinly_lobby_join`. Any thread.
 *
 * Errors: those of `joinly_lobby_create` and `joinly_lobby_search`; `JOINLY_LOBBY_FULL` (a new lobby would be too small),
 * `JOINLY_EXISTS` (a player is in another exclusive lobby of the kind).
 */
joinly_status joinly_lobby_quick_join(joinly_store *store,
                                      const joinly_caller *caller,
                                      const joinly_lobby_query *query,
                                      const joinly_join *joins,
                                      size_t count,
                                      const joinly_lobby_options *options,
                                      joinly_value **snapshot,
                                      joinly_done *done,
                                      joinly_error **err);

/**
 * Keeps seats for players, all or none, and renews those that they have. Whoever has one joins in spite of a lock, a
 * password or a code. An act of the owner. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_LOBBY_FULL`,
 * `JOINLY_EXISTS` (a member already), `JOINLY_WRONG_STATE` (closed), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_reserve(joinly_store *store,
                                   const joinly_caller *caller,
                                   uint64_t lobby,
                                   const joinly_seat_request *seats,
                                   size_t count,
                                   joinly_done *done,
                                   joinly_error **err);

/**
 * A player gives up the seat, or the reservation. A lobby closes with its last member, unless it is to stay empty. Any
 * thread. Errors: `JOINLY_NOT_FOUND` (no such lobby, or no seat in it), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_leave(joinly_store *store,
                                 const joinly_caller *caller,
                                 uint64_t lobby,
                                 const char *player,
                                 size_t player_len,
                                 joinly_done *done,
                                 joinly_error **err);

/**
 * Renews the leases of members, and that of the lobby if its owner is among them; makes no event. `alive` (may be NULL, or
 * writable for `count` bytes) receives for each player 1 while they are a member, else 0: an expired lease is not renewed.
 * When the machine has slept, or its clock was set ahead, leases are believed for 10 seconds more than they were before, so
 * that members can renew them (by stores that were open meanwhile; on Windows only when the clock was set).
 * Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_heartbeat(joinly_store *store,
                                     uint64_t lobby,
                                     const joinly_bytes *players,
                                     size_t count,
                                     uint8_t *alive,
                                     joinly_error **err);

/**
 * Renews the lease of a lobby that its host keeps alive. Any thread. Errors: `JOINLY_NOT_FOUND`, `JOINLY_WRONG_STATE`
 * (closed), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_heartbeat_host(joinly_store *store,
                                          uint64_t lobby,
                                          joinly_error **err);

/**
 * Takes a player's seat away. An act of the owner. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such lobby, or no seat in it), `JOINLY_FORBIDDEN` (not the owner, or not in this epoch),
 * and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_kick(joinly_store *store,
                                const joinly_caller *caller,
                                uint64_t lobby,
                                const char *player,
                                size_t player_len,
                                joinly_done *done,
                                joinly_error **err);

/**
 * Takes a player's seat away, if there is one, and keeps the player from joining until `until`, in milliseconds since
 * 1970-01-01 UTC; 0: for ever. An act of the owner. Any thread. Errors: those of `joinly_lobby_kick`, `JOINLY_WRONG_STATE`
 * (closed).
 */
joinly_status joinly_lobby_ban(joinly_store *store,
                               const joinly_caller *caller,
                               uint64_t lobby,
                               const char *player,
                               size_t player_len,
                               int64_t until,
                               joinly_done *done,
                               joinly_error **err);

/**
 * Lets a player join again. An act of the owner. Any thread. Errors: those of `joinly_lobby_kick`; `JOINLY_NOT_FOUND` also
 * for who is not banned.
 */
joinly_status joinly_lobby_unban(joinly_store *store,
                                 const joinly_caller *caller,
                                 uint64_t lobby,
                                 const char *player,
                                 size_t player_len,
                                 joinly_done *done,
                                 joinly_error **err);

/**
 * Gives the ownership to another member, in a new epoch: the former owner decides nothing any more. An act of the owner,
 * or of the host where there is none. Any thread. Errors: those of `joinly_lobby_kick`; `JOINLY_FORBIDDEN` also where a
 * lost ownership stays lost.
 */
joinly_status joinly_lobby_transfer(joinly_store *store,
                                    const joinly_caller *caller,
                                    uint64_t lobby,
                                    const char *player,
                                    size_t player_len,
                                    joinly_done *done,
                                    joinly_error **err);

/**
 * Moves a lobby to another state; `move_` is one of `JOINLY_MOVE_*`. `ready_ms` is for `JOINLY_MOVE_START`, else 0: the
 * game starts once all members have said within so many milliseconds that they are ready; 0: at once. An act of the owner.
 * Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_WRONG_STATE` (no such move
 * from its state), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_move(joinly_store *store,
                                const joinly_caller *caller,
                                uint64_t lobby,
                                uint32_t move_,
                                uint32_t ready_ms,
                                joinly_done *done,
                                joinly_error **err);

/**
 * A member of a starting lobby is ready (`ready` is not 0), or not any more; the game starts when all are. Any thread.
 * Errors: `JOINLY_NOT_FOUND` (no such lobby, or no member of it), `JOINLY_WRONG_STATE` (nobody asked), and those of
 * `joinly_lobby_create`.
 */
joinly_status joinly_lobby_ready(joinly_store *store,
                                 const joinly_caller *caller,
                                 uint64_t lobby,
                                 const char *player,
                                 size_t player_len,
                                 uint8_t ready,
                                 joinly_done *done,
                                 joinly_error **err);

/**
 * Changes the fields that `patch` names, a JSON object of any of "name", "visibility" ("public", "friends", "private"),
 * "build", "max_members", "backfill", "migration" ("oldest", "manual", "never", "close"), "chat" (an object of
 * "burst" and "every_ms", as in `joinly_lobby_options`), "password" ("" removes it),
 * "attributes", "member_attributes" and "owner_attributes" (objects of new values; null removes an attribute). `expected`
 * is the version that the lobby must be of; 0: any. An act of the owner. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version` tells), `JOINLY_NOT_FOUND`,
 * `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_LOBBY_FULL` (fewer seats than are taken),
 * `JOINLY_WRONG_STATE` (closed), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_patch(joinly_store *store,
                                 const joinly_caller *caller,
                                 uint64_t lobby,
                                 const char *patch,
                                 size_t patch_len,
                                 uint64_t expected,
                                 joinly_done *done,
                                 joinly_error **err);

/**
 * Changes attributes of a member: `attributes` is a JSON object of new values; null removes one. `expected` as in
 * `joinly_lobby_patch`. Any thread. Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version`
 * tells), `JOINLY_NOT_FOUND` (no such lobby, or no member of it), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_patch_member(joinly_store *store,
                                        const joinly_caller *caller,
                                        uint64_t lobby,
                                        const char *player,
                                        size_t player_len,
                                        const char *attributes,
                                        size_t attributes_len,
                                        uint64_t expected,
                                        joinly_done *done,
                                        joinly_error **err);

/**
 * A member says something to the others: 1 to 4096 bytes of UTF-8. It is an event like all others. Any thread. Errors:
 * `JOINLY_NOT_FOUND` (no such lobby, or no member of it), `JOINLY_RATE_LIMITED` (more than members may say; the message tells
 * for how long), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_say(joinly_store *store,
                               const joinly_caller *caller,
                               uint64_t lobby,
                               const char *player,
                               size_t player_len,
                               const char *text,
                               size_t text_len,
                               joinly_done *done,
                               joinly_error **err);

/**
 * Invites a player: the invitation admits them once without a code or a password, until `for_ms` milliseconds are over (0:
 * 300000) or it is taken back; another one of the player is replaced. A ban stands against it, and a lobby that is locked,
 * starting or full. `from` is the member who invites; NULL: the host. At most 256 are invited at a time. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such lobby), `JOINLY_FORBIDDEN` (`from` is no member; the player is banned),
 * `JOINLY_EXISTS` (a member already), `JOINLY_WRONG_STATE` (closed), `JOINLY_EXPIRED` (the lobby is stale), and those of
 * `joinly_lobby_create`.
 */
joinly_status joinly_lobby_invite(joinly_store *store,
                                  const joinly_caller *caller,
                                  uint64_t lobby,
                                  const char *from,
                                  size_t from_len,
                                  const char *player,
                                  size_t player_len,
                                  uint32_t for_ms,
                                  joinly_done *done,
                                  joinly_error **err);

/**
 * Takes an invitation back. `from` is who does: the owner, the member who made it, or the invited player, who declines;
 * NULL: the host. Any thread. Errors: `JOINLY_NOT_FOUND` (no such lobby, or no such invitation), `JOINLY_FORBIDDEN`
 * (`from` is somebody else), and those of `joinly_lobby_create`.
 */
joinly_status joinly_lobby_uninvite(joinly_store *store,
                                    const joinly_caller *caller,
                                    uint64_t lobby,
                                    const char *from,
                                    size_t from_len,
                                    const char *player,
                                    size_t player_len,
                                    joinly_done *done,
                                    joinly_error **err);

/**
 * Where a player is invited: `*out` receives a JSON array of objects of "lobby" (its number), "by" (the member who invited;
 * null: the host) and "until" (in milliseconds since 1970-01-01 UTC), by the number of the lobby, to be freed with
 * `joinly_value_free`. Of `caller` only the transaction counts. Any thread. Errors: those of `joinly_kv_scan`.
 */
joinly_status joinly_lobby_invitations(const joinly_store *store,
                                       const joinly_caller *caller,
                                       const char *player,
                                       size_t player_len,
                                       joinly_value **out,
                                       joinly_error **err);

/**
 * Reads a lobby as `viewer`, one of `JOINLY_VIEWER_*`, may know it. `*out` receives a JSON object of "lobby" (the document
 * at `lobby:{number}`, whose "version" is the number of the last event in it, and whose "epoch" is that of its owner),
 * "seats" (for members; by number), "member_attributes", "owner_attributes", "bans" (for the owner: an object of players,
 * each with "until" when, in milliseconds since 1970-01-01 UTC, 0 being for ever) and "invites" (for members: an object of
 * players, each with "by" whom, null being the host, and "until"); to be freed with `joinly_value_free`.
 * Leases are as time has made them: who looks first writes it. Of `caller` only the transaction counts. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (the document is another's), and those of
 * `joinly_kv_put`.
 */
joinly_status joinly_lobby_get(joinly_store *store,
                               const joinly_caller *caller,
                               uint64_t lobby,
                               uint32_t viewer,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Finds the live lobby that has a code: six letters and digits as people write them, in small letters, with hyphens and
 * spaces, with O for 0. `*lobby` receives its number. Of `caller` only the transaction counts. Any thread. Errors:
 * `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID` (no code), and those of `joinly_kv_get`.
 */
joinly_status joinly_lobby_by_code(const joinly_store *store,
                                   const joinly_caller *caller,
                                   const char *code,
                                   size_t code_len,
                                   uint64_t *lobby,
                                   joinly_error **err);

/**
 * In which exclusive lobby of a kind a player is: `*lobby` receives its number. Of `caller` only the transaction counts.
 * Any thread. Errors: `JOINLY_NOT_FOUND` (in none; no error object), and those of `joinly_lobby_get`.
 */
joinly_status joinly_lobby_of_player(joinly_store *store,
                                     const joinly_caller *caller,
                                     const char *kind,
                                     size_t kind_len,
                                     const char *player,
                                     size_t player_len,
                                     uint64_t *lobby,
                                     joinly_error **err);

/**
 * Reads a lobby as it was when event `version` had just happened, folded from the events that are kept, in the form of
 * `joinly_lobby_get`. Leases are those that the events tell. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_COMPACTED` (the events up to there are no longer kept), `JOINLY_OUT_OF_RANGE` (it has
 * not happened), `JOINLY_INVALID`, and those of `joinly_kv_get`.
 */
joinly_status joinly_lobby_as_of(const joinly_store *store,
                                 uint64_t lobby,
                                 uint64_t version,
                                 uint32_t viewer,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Writes what time has decided in all lobbies, and deletes the closed lobbies that were created more than `keep_ms`
 * milliseconds ago. In small transactions. Of use now and then for the size of the file: nothing else depends on it. `swept`
 * may be NULL. Any thread. Errors: `JOINLY_INVALID`, and those of `joinly_kv_put`.
 */
joinly_status joinly_lobby_sweep(joinly_store *store,
                                 uint64_t keep_ms,
                                 joinly_swept *swept,
                                 joinly_error **err);

/**
 * Finds lobbies. `query` may be NULL. A row of the page has the key `lobby:{number}` and the lobby's document as everybody
 * may know it and as time has made it; documents under `lobby:` that plain puts wrote are found too. A page is all of one
 * moment. `explain` (may be NULL) receives how the lobbies were found: along a declared index where one serves, else by a
 * scan that is counted against the budget. Any thread.
 *
 * Errors: `JOINLY_INVALID` (no filter, no order, an unknown operator, a cursor of another query), `JOINLY_WRONG_TYPE` (an
 * operand that its operator cannot have), `JOINLY_TOO_LARGE`, and those of `joinly_kv_scan`.
 */
joinly_status joinly_lobby_search(const joinly_store *store,
                                  const joinly_lobby_query *query,
                                  joinly_page **out,
                                  joinly_explain *explain,
                                  joinly_error **err);

/**
 * Pulls the events of a lobby after number `after` (0: from the beginning), at most `max` (0: 256), as `viewer`, one of
 * `JOINLY_VIEWER_*`, may know them. When there are none, waits for them at most `timeout_ms` milliseconds (0: only looks),
 * idle, not busy. What time has decided meanwhile is told too. `*out` receives the batch, to be freed with
 * `joinly_events_free`; the next poll goes on after `joinly_events_next`. When events are missing, because they are no
 * longer kept, the batch has a snapshot instead: `joinly_events_is_resync`. Any thread.
 *
 * Errors: `JOINLY_TIMEOUT` (nothing happened; no error object), `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_CLOSED` (also
 * when the store is closed meanwhile), and those of `joinly_lobby_get`.
 */
joinly_status joinly_lobby_poll(joinly_store *store,
                                uint64_t lobby,
                                uint64_t after,
                                uint32_t viewer,
                                uint32_t max,
                                uint32_t timeout_ms,
                                joinly_events **out,
                                joinly_error **err);

/**
 * Pulls what happened in all lobbies after commit `after` (a version of the store; 0: from the beginning), in at most `max`
 * commits (0: 256), with all the events of each, as the host may know them; waits as `joinly_lobby_poll`. The next poll goes
 * on after `joinly_events_next`, also when the batch has no events since only other keys were changed. When something is
 * missing, because the change log (`log_keep`) or a lobby no longer has it, the batch has no events and
 * `joinly_events_is_resync` is 1: read the lobbies anew, and go on after `joinly_events_next`. So it is, at once, for a
 * version still to come: `UINT64_MAX` begins with the present. What time decides in a lobby is told once somebody looks at
 * it. Any thread.
 *
 * Errors: `JOINLY_TIMEOUT` (nothing happened; no error object), `JOINLY_CLOSED` (also when the store is closed meanwhile),
 * and those of `joinly_kv_scan`.
 */
joinly_status joinly_lobby_poll_all(const joinly_store *store,
                                    uint64_t after,
                                    uint32_t max,
                                    uint32_t timeout_ms,
                                    joinly_events **out,
                                    joinly_error **err);

/**
 * The last of what members of a lobby said, at most `max` events (0: 256) of `JOINLY_EVENT_SAID`, oldest first; possibly
 * none. `*out` is to be freed with `joinly_events_free`. Any thread. Errors: those of `joinly_kv_scan`.
 */
joinly_status joinly_lobby_said(const joinly_store *store,
                                uint64_t lobby,
                                uint32_t max,
                                joinly_events **out,
                                joinly_error **err);

/**
 * The events of a batch as an array; `*count` receives how many. Borrowed: valid until `joinly_events_free`. NULL and 0 for
 * a batch without events, for NULL and for a freed one. Any thread.
 */
const joinly_event *joinly_events_rows(const joinly_events *events,
                                       size_t *count);

/**
 * The number after which the next poll goes on; 0 for a bad handle. Any thread.
 */
uint64_t joinly_events_next(const joinly_events *events);

/**
 * 1 when events were missing: what is known must be read anew, from the snapshot of the batch where it has one; else 0.
 * Any thread.
 */
uint8_t joinly_events_is_resync(const joinly_events *events);

/**
 * The snapshot of a batch that begins anew, in the form of `joinly_lobby_get`; `*len` receives its length. NULL and 0 for
 * a batch without one, for NULL and for a freed one. Borrowed: valid until `joinly_events_free`. Any thread.
 */
const uint8_t *joinly_events_snapshot(const joinly_events *events,
                                      size_t *len);

/**
 * Frees a batch of events. NULL and one that is freed already are ignored. Any thread.
 */
void joinly_events_free(joinly_events *events);

/**
 * Runs a query in SQL, in SQLite's dialect: `sql`, UTF-8 of at most 1 MiB, is one statement that reads. It works the same
 * on every engine and in every mode, sees what was acknowledged before the call, and writes, opens and changes nothing,
 * whatever its text: pass what others say as parameters all the same, since a query reads every key of the store.
 *
 * `kv` has the columns `key` and `value` (text, or a blob where they are not UTF-8; decoded), `version` and `expires_at`
 * (milliseconds since 1970-01-01 UTC; NULL: never). Expired keys are not in it. Keys of the form "space:name:rest" are
 * found by their parts, in the hidden columns `space`, `name`, `id` (the name, a number where it is written as one) and
 * `rest`, without reading everything; `document` is the value if it is JSON. The SQL function `joinly_now`, which takes
 * nothing, is the store's time in milliseconds. The models' views:
 *
 * - `lobbies`: id, kind, name, state, alive, owner, members, reserved, max_members, visibility, build, code, protected,
 *   created, alive_until, version, attributes, teams. As a call of the lobby at that moment would find them: members whose
 *   lease has passed do not count. `alive` is 1 unless the lobby is closed or its own lease has passed.
 * - `lobby_members`: lobby, player, seat, team, role, joined, ready, alive_until, attributes; `lobby_reservations`: lobby,
 *   player, seat, team, role, alive_until. Only those whose lease has not passed.
 * - `players`: id, name, status, online_since, online_until, created, version, accounts, properties; status and online_*
 *   are NULL of a player who is not there.
 * - `leaderboard`: board, period, current, rank, player, score, subscore, time; `current` is 1 of the present period.
 * - `stat_totals`: subject, metric, attempts, correct, total_ms, average_ms, min_ms, max_ms, over all sessions;
 *   `stat_sessions`: subject, grain, session, sessions, began, ended, and the same of each metric in each session, or in each
 *   day and month that sessions were rolled up into.
 * - every table of `joinly_table_create`, by its name or, where one of the views has that, after `table_`: its columns by
 *   theirs, bool as 0 or 1, bytes as base64.
 *
 * `params` are `count` parameters (at most 10,000), one for each that the SQL has; NULL when there are none. `options` may
 * be NULL. `*out` receives the first page, to be freed with `joinly_sql_rows_free`. When there are more rows and `cursor`
 * is not NULL, `*cursor` receives the rest, for `joinly_sql_next`, to be freed with `joinly_sql_free`; else NULL. All
 * pages are of one moment. Sorting and grouping of much data may use temporary files. Any thread.
 *
 * Errors: `JOINLY_INVALID` (SQL that is malformed, more than one statement, or does not merely read; parameters that do
 * not fit it; text that is not UTF-8; what only the rows show, as a sum that overflows), `JOINLY_TIMEOUT` (with an error
 * object: the page took longer than `timeout_ms`), `JOINLY_TOO_LARGE` (the SQL, a parameter, a value or row of more than
 * 64 MiB), `JOINLY_BUSY` (too many transactions and queries), `JOINLY_CORRUPT`, `JOINLY_IO`, `JOINLY_FULL`,
 * `JOINLY_NO_MEMORY`, `JOINLY_BAD_HANDLE`, `JOINLY_CLOSED`, `JOINLY_FORKED`.
 */
joinly_status joinly_sql_query(const joinly_store *store,
                               const uint8_t *sql,
                               size_t sql_len,
                               const joinly_sql_param *params,
                               size_t count,
                               const joinly_sql_options *options,
                               joinly_sql_rows **out,
                               joinly_sql **cursor,
                               joinly_error **err);

/**
 * Reads the next rows of a query: at most `max_rows`, 0: 256. `*out` receives the page, to be freed with
 * `joinly_sql_rows_free`; it has no rows after the last.
 *
 * Errors: `JOINLY_CONFLICT` (the query is older than `snapshot_max_age_ms` and waited for this call: run it again),
 * `JOINLY_CLOSED` (the store), `JOINLY_BUSY` (in use by another thread), and those of `joinly_sql_query`. After an error
 * there are no more rows.
 */
joinly_status joinly_sql_next(joinly_sql *cursor,
                              uint32_t max_rows,
                              joinly_sql_rows **out,
                              joinly_error **err);

/**
 * Ends a query and lets go of what it holds. NULL and one that is freed already are ignored.
 */
void joinly_sql_free(joinly_sql *cursor);

/**
 * The names of a result's columns as an array, UTF-8, not NUL-terminated; `*count` receives how many. Borrowed: valid
 * until `joinly_sql_rows_free`. NULL and 0 for a bad handle. Any thread.
 */
const joinly_bytes *joinly_sql_rows_columns(const joinly_sql_rows *rows,
                                            size_t *count);

/**
 * The values of a page as an array, row after row, each with a value for every column; `*count` receives the number of
 * rows. Borrowed: valid until `joinly_sql_rows_free`. NULL and 0 for a page without rows and for a bad handle. Any thread.
 */
const joinly_sql_value *joinly_sql_rows_values(const joinly_sql_rows *rows,
                                               size_t *count);

/**
 * 1 when the query has rows after those of this page, else 0; 0 for a bad handle. Any thread.
 */
uint8_t joinly_sql_rows_more(const joinly_sql_rows *rows);

/**
 * Frees rows. NULL and ones that are freed already are ignored. Any thread.
 */
void joinly_sql_rows_free(joinly_sql_rows *rows);

/**
 * Moves a store to the place of `url`, of any engine, while it is read and written; then the destination takes its place.
 *
 * Keys, values, versions, expiries and indexes go along, and the change log from the begin of the copy on. Every record is
 * compared with the source's before one commit marks the source as moved, with an epoch that grows each time: from then on
 * every writer of every process gets `JOINLY_MOVED`, and reads go on. Until then the source notices nothing, and the
 * destination is refused with `JOINLY_WRONG_STATE` when it is opened. After a failure, a cancellation or the death of the
 * process the same call goes on where it stopped; repeated after the end it does nothing. The way back is the same call
 * with the places swapped, and takes over only what was changed since.
 *
 * The destination must be empty, an unfinished one of this source, or the store that the source was once moved from.
 * `options` may be NULL, and so may `callback`. `*out` (may be NULL) receives the destination, open, to go on with; NULL
 * after a dry run. `*report` (may be NULL) receives a JSON object of "id", "epoch", "records", "bytes", "indexes",
 * "followed" (commits made meanwhile), "passes" (over all records), "version" and "backup" (a file, or null), to be freed
 * with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS` (the destination holds other data), `JOINLY_MOVED` (the source was moved
 * elsewhere), `JOINLY_COMPACTED` (the change log is trimmed faster than records are copied), `JOINLY_CORRUPT` (a record
 * that cannot be read; the message names the key), `JOINLY_TOO_LARGE` (one that does not fit there), and those of
 * `joinly_store_open` and `joinly_store_commit`.
 */
joinly_status joinly_migrate(joinly_store *store,
                             const char *url,
                             const joinly_migrate_options *options,
                             joinly_progress_callback callback,
                             void *user,
                             joinly_store **out,
                             joinly_value **report,
                             joinly_error **err);

/**
 * Tells where the store of `url` is in a migration, also when it cannot be opened because of that. `*out` receives a JSON
 * object of "state": "none"; "incoming" with "id", "records" and "bytes" so far; "moved" with "id", "epoch" and "to"; or
 * "arrived" with "id" and "epoch". To be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, and those of `joinly_store_open`.
 */
joinly_status joinly_migrate_status(const char *url,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Takes the mark off a store that was moved, so that it is written to again: for when the place it was moved to is lost.
 * What was written there stays there. To bring the data back, migrate it back instead. Any thread.
 *
 * Errors: `JOINLY_WRONG_STATE` (it was not moved), and those of `joinly_store_commit`.
 */
joinly_status joinly_migrate_reclaim(joinly_store *store,
                                     joinly_error **err);

/**
 * Makes a backup in a folder, which is created when missing, while the store is read and written. It is of one moment,
 * holds what any engine can restore, and is read again from the first byte to the last before it has its name.
 *
 * `options` may be NULL, and so may `callback`. `*report` (may be NULL) receives a JSON object of "file", "id", "base" (the
 * id of the backup that it continues, or null), "version", "created_ms", "engine", "records", "bytes", "deletes",
 * "file_bytes", "full_because" (why it is a full one although an incremental one was asked for, or null) and "removed" (a
 * list of files), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_CORRUPT` (a record that cannot be read, or a file that was read back differently),
 * `JOINLY_FULL`, `JOINLY_READ_ONLY`, `JOINLY_IO`, `JOINLY_INVALID`, and those of `joinly_kv_scan`. Nothing is left behind
 * then.
 */
joinly_status joinly_backup(joinly_store *store,
                            const char *folder,
                            const joinly_backup_options *options,
                            joinly_progress_callback callback,
                            void *user,
                            joinly_value **report,
                            joinly_error **err);

/**
 * Makes a full backup in a file, which must not exist. `*report` (may be NULL) receives what `joinly_backup` reports,
 * without its last two members. Any thread.
 *
 * Errors: those of `joinly_backup`, `JOINLY_EXISTS`, and `JOINLY_BUSY` (somebody else is making it).
 */
joinly_status joinly_backup_file(joinly_store *store,
                                 const char *file,
                                 joinly_progress_callback callback,
                                 void *user,
                                 joinly_value **report,
                                 joinly_error **err);

/**
 * Reads a backup from the first byte to the last. `*report` (may be NULL) receives what `joinly_backup_file` reports. Any
 * thread.
 *
 * Errors: `JOINLY_CORRUPT` (it is not as it was written), `JOINLY_NOT_A_DATABASE` (it is no backup), `JOINLY_NOT_FOUND`,
 * `JOINLY_CANCELLED`, `JOINLY_IO`.
 */
joinly_status joinly_backup_check(const char *file,
                                  joinly_progress_callback callback,
                                  void *user,
                                  joinly_value **report,
                                  joinly_error **err);

/**
 * Lists the backups of a folder, oldest first; what is damaged is left out. `*out` receives a JSON array of what
 * `joinly_backup_file` reports of each, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such folder), `JOINLY_IO`, `JOINLY_READ_ONLY` (it may not be read).
 */
joinly_status joinly_backup_list(const char *folder,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Starts a thread that makes a backup whenever the latest in the folder is older than `interval_ms`, so that restarts
 * neither skip nor repeat one. One that failed is tried again after a tenth of the interval, with a message in the log.
 * `*out` receives the schedule, freed with `joinly_backup_schedule_free`. It ends with its store. Any thread.
 *
 * Errors: `JOINLY_INVALID` (an interval of 0), `JOINLY_IO` (no thread can be started), `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_backup_schedule_start(joinly_store *store,
                                           const char *folder,
                                           const joinly_backup_options *options,
                                           uint64_t interval_ms,
                                           joinly_backup_schedule **out,
                                           joinly_error **err);

/**
 * Tells what a schedule did so far. `*out` receives a JSON object of "made", "latest" (a file, or null), "failures" and
 * "error" (the last failure, null once a backup succeeded), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_BAD_HANDLE`.
 */
joinly_status joinly_backup_schedule_status(const joinly_backup_schedule *schedule,
                                            joinly_value **out,
                                            joinly_error **err);

/**
 * Ends a schedule, and the backup that it is making. NULL and one that is freed already are ignored. Any thread.
 */
void joinly_backup_schedule_free(joinly_backup_schedule *schedule);

/**
 * Makes a store of any engine at the place of `url` from a backup: `from` is its file, or a folder of backups. It is made
 * beside its place, checked, and put there when it is whole. Nobody may have a store there open.
 *
 * `backup` names one of the folder by its id, the begin of that, or its file's name; NULL: the latest. With `overwrite` 1
 * what is at the place is put aside; else the call is refused when something is there. `callback` may be NULL. `*out` (may
 * be NULL) receives the store, open. `*report` (may be NULL) receives a JSON object of what `joinly_backup_file` reports,
 * "files" (that it was made from) and "replaced" (where what was there is now, or null), to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS`, `JOINLY_BUSY` (somebody else is making a store there), `JOINLY_NOT_FOUND` (the
 * backup, or one that it continues), `JOINLY_CORRUPT` (a damaged backup), `JOINLY_NOT_A_DATABASE` (no backup),
 * `JOINLY_TOO_LARGE` (a record that does not fit there), and those of `joinly_store_open`. Nothing is left behind then, and what was there is untouched.
 */
joinly_status joinly_restore(const char *from,
                             const char *backup,
                             const char *url,
                             uint8_t overwrite,
                             joinly_progress_callback callback,
                             void *user,
                             joinly_store **out,
                             joinly_value **report,
                             joinly_error **err);

/**
 * Makes a new store at the place of `url` of what can be read of the damaged one at `damaged`, which is only read and stays
 * as it is. The two may be of different engines. Kept is every record that can be read and matches its checksum, with its
 * version and expiry, and the indexes; watches begin anew.
 *
 * With `overwrite` 1 what is at the place is put aside; else the call is refused when something is there. `callback` may be
 * NULL. `*out` (may be NULL) receives the store, open. `*report` (may be NULL) receives a JSON object of "records", "bytes",
 * "version", "lost" (an array of objects of "after" and "before": keys between which nothing could be read, or, when both
 * are the same, a key that was lost; null: none), "findings" and "notes" (arrays of texts for people) and "replaced" (where
 * what was there is now, or null), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS`, `JOINLY_BUSY` (somebody else is making a store there), `JOINLY_NOT_FOUND`,
 * `JOINLY_NOT_A_DATABASE` or `JOINLY_CORRUPT` (the damaged
 * store cannot be opened at all: restore a backup), and those of `joinly_store_open`. Nothing is left behind then.
 */
joinly_status joinly_repair(const char *damaged,
                            const char *url,
                            uint8_t overwrite,
                            joinly_progress_callback callback,
                            void *user,
                            joinly_store **out,
                            joinly_value **report,
                            joinly_error **err);

/**
 * Takes over all records of `source` into a store that may hold other data and be in use, many in a commit, which also
 * tells how far that is, at the key `import:{name}`. After a failure, a cancellation or the death of the process the same
 * call goes on where it stopped, and no record is written twice; repeated after the end it does nothing.
 *
 * `name` names the import: 1 to 128 printable bytes without a colon. `fingerprint` tells these records from all others, for
 * example a hash of the file that they are in: an import goes on with the same ones only. `source_user` is for `source`.
 * `options` may be NULL, and so may `callback`, whose `user` is its own. `*report` (may be NULL) receives a JSON object of
 * "imported", "kept" (records that the store had already and kept), "bytes" and "digest" (a number over all records in
 * their order, the same for the same records), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_CONFLICT` (another import of the name is at work, or one was begun with another
 * fingerprint), `JOINLY_EXISTS` (the store has a key already; the message names it), `JOINLY_INVALID` (records out of
 * order, or a name that is none), `JOINLY_TOO_LARGE`, and those of `joinly_store_commit`. What was imported stays.
 */
joinly_status joinly_import(joinly_store *store,
                            const char *name,
                            uint64_t fingerprint,
                            joinly_import_callback source,
                            void *source_user,
                            const joinly_import_options *options,
                            joinly_progress_callback callback,
                            void *user,
                            joinly_value **report,
                            joinly_error **err);

/**
 * Tells where the import of a name is. `*out` receives a JSON object of "fingerprint", "after" (the last key that was
 * imported, in hexadecimal digits), "done" (whether all of it was imported) and what `joinly_import` reports, so far; to be
 * freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (there was none), `JOINLY_WRONG_TYPE` (its key holds something else), `JOINLY_INVALID`, and
 * those of `joinly_kv_get`.
 */
joinly_status joinly_import_status(joinly_store *store,
                                   const char *name,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Makes a player's profile, at the key `player:{player}`; wallets, presence and the like need none. `player` is 1 to 128
 * bytes of printable UTF-8 without a colon, like every id here. `patch` says what it holds, in the form of
 * `joinly_player_patch`; NULL: nothing yet. `*out` receives the profile, a JSON object of "id", "name", "accounts",
 * "properties", "created" (milliseconds since 1970-01-01 UTC) and "version", to be freed with `joinly_value_free`.
 *
 * `txn`, here and below, is the transaction that the call becomes part of: it sees what that has written, and is committed
 * and undone with it; what fails leaves it as it was. NULL: the call is a transaction of its own. Any thread; a
 * transaction belongs to one at a time.
 *
 * Errors: `JOINLY_EXISTS` (the id or an account is taken), `JOINLY_INVALID` (what is no id; broken JSON, an unknown field;
 * `txn` is of another store), `JOINLY_TOO_LARGE`, `JOINLY_CONFLICT` (it lost every race against other writers), and those
 * of `joinly_kv_put`; within a transaction, those of `joinly_txn_get` and `joinly_txn_put`. What fails changes nothing.
 */
joinly_status joinly_player_create(joinly_store *store,
                                   joinly_txn *txn,
                                   const char *player,
                                   size_t player_len,
                                   const char *patch,
                                   size_t patch_len,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Reads a player's profile. `*out` receives it in the form of `joinly_player_create`, to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
 * `joinly_kv_get`; within a transaction, those of `joinly_txn_get`.
 */
joinly_status joinly_player_get(const joinly_store *store,
                                joinly_txn *txn,
                                const char *player,
                                size_t player_len,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Reads the profile of the player who has an account elsewhere. Otherwise as `joinly_player_get`.
 */
joinly_status joinly_player_by_account(const joinly_store *store,
                                       joinly_txn *txn,
                                       const char *platform,
                                       size_t platform_len,
                                       const char *account,
                                       size_t account_len,
                                       joinly_value **out,
                                       joinly_error **err);

/**
 * Changes the fields of a profile that `patch` names, a JSON object of any of "name", "properties" (an object of new
 * values: booleans, integers of 64 bits, doubles, texts, arrays of texts; null removes one) and "accounts" (an object of
 * platforms and the player's id there, which no other player has; null gives one up). At most 64 properties, 64 accounts,
 * and 1024 bytes of each. `expected` is the version that the profile must be of; 0: any. `*out` receives the profile now,
 * in the form of `joinly_player_create`, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version` tells), `JOINLY_NOT_FOUND`,
 * `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_player_create`.
 */
joinly_status joinly_player_patch(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *player,
                                  size_t player_len,
                                  const char *patch,
                                  size_t patch_len,
                                  uint64_t expected,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Says that a player is there, for `lease_ms` milliseconds from now on, at least 1; who needs no profile. `status` is what
 * the player is doing, at most 1024 bytes of UTF-8. `*out` receives the presence, a JSON object of "status", "since" and
 * "until" (milliseconds since 1970-01-01 UTC), to be freed with `joinly_value_free`. Any thread. Errors:
 * `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_player_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_player_heartbeat(joinly_store *store,
                                      joinly_txn *txn,
                                      const char *player,
                                      size_t player_len,
                                      const char *status,
                                      size_t status_len,
                                      uint32_t lease_ms,
                                      joinly_value **out,
                                      joinly_error **err);

/**
 * Whether a player is there: `*out` receives the presence, in the form of `joinly_player_heartbeat`, to be freed with
 * `joinly_value_free`. One whose lease has lapsed is not. Any thread. Errors: those of `joinly_player_get`;
 * `JOINLY_NOT_FOUND` who is not there.
 */
joinly_status joinly_player_presence(const joinly_store *store,
                                     joinly_txn *txn,
                                     const char *player,
                                     size_t player_len,
                                     joinly_value **out,
                                     joinly_error **err);

/**
 * Says that a player is gone: `JOINLY_OK` who was there, `JOINLY_NOT_FOUND` (no error object) who was not. Any thread.
 * Errors: those of `joinly_player_heartbeat`.
 */
joinly_status joinly_player_leave(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *player,
                                  size_t player_len,
                                  joinly_error **err);

/**
 * Makes at most 1000 changes of what players own, all or none. Balances are integers from 0 to 2^63 - 1; changes of the
 * same one count together. `balances` (may be NULL) is an array of `count` that receives each new balance. Any thread.
 *
 * Errors: `JOINLY_INSUFFICIENT` (a balance would go below zero), `JOINLY_OUT_OF_RANGE` (beyond 64 bits),
 * `JOINLY_WRONG_TYPE` (a plain put wrote no counter there), and those of `joinly_player_create` but `JOINLY_EXISTS`. What
 * fails changes nothing, and zeroes `balances`.
 */
joinly_status joinly_holdings_adjust(joinly_store *store,
                                     joinly_txn *txn,
                                     const joinly_delta *deltas,
                                     size_t count,
                                     int64_t *balances,
                                     joinly_error **err);

/**
 * Moves an amount from one player to another, or nothing; who gives to oneself must have it too. `holding` is one of
 * `JOINLY_HOLDING_*`, `name` which one. Any thread. Errors: those of `joinly_holdings_adjust`; `JOINLY_INVALID` also for an
 * amount below zero.
 */
joinly_status joinly_holdings_transfer(joinly_store *store,
                                       joinly_txn *txn,
                                       const char *from,
                                       size_t from_len,
                                       const char *to,
                                       size_t to_len,
                                       uint32_t holding,
                                       const char *name,
                                       size_t name_len,
                                       int64_t amount,
                                       joinly_error **err);

/**
 * Reads all that a player owns, as of one moment. `*out` receives a JSON object of "currencies" and "items", each an
 * object of balances above zero by name, to be freed with `joinly_value_free`. Any thread. Errors: those of
 * `joinly_player_get` but `JOINLY_NOT_FOUND`: who has nothing has empty ones.
 */
joinly_status joinly_holdings_balances(const joinly_store *store,
                                       joinly_txn *txn,
                                       const char *player,
                                       size_t player_len,
                                       joinly_value **out,
                                       joinly_error **err);

/**
 * Reads an object of a player, which is at the key `player:{player}:object:{collection}:{name}`. `*out` receives its JSON
 * document, to be freed with `joinly_value_free`; `joinly_value_version` tells the version to expect in a write. Any
 * thread. Errors: those of `joinly_player_get` but `JOINLY_WRONG_TYPE`.
 */
joinly_status joinly_object_get(const joinly_store *store,
                                joinly_txn *txn,
                                const char *player,
                                size_t player_len,
                                const char *collection,
                                size_t collection_len,
                                const char *name,
                                size_t name_len,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Reads a page of a player's objects in a collection, by name: the rows' keys end with it, after the last colon.
 * `options` may be NULL. `*out` receives the page, to be freed with `joinly_page_free`. Any thread. Errors: those of
 * `joinly_object_get` but `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_object_list(const joinly_store *store,
                                 joinly_txn *txn,
                                 const char *player,
                                 size_t player_len,
                                 const char *collection,
                                 size_t collection_len,
                                 const joinly_scan_options *options,
                                 joinly_page **out,
                                 joinly_error **err);

/**
 * Makes 1 to 100 writes of different objects, all or none. A version is that of the commit that wrote the object: it only
 * grows, and never comes back, not even after a deletion. `written` may be NULL. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (a condition does not hold: `written` tells which, and the present version; or it lost every
 * race against other writers), and those of `joinly_player_create` but `JOINLY_EXISTS`. What fails changes nothing.
 */
joinly_status joinly_object_write(joinly_store *store,
                                  joinly_txn *txn,
                                  const joinly_object_change *writes,
                                  size_t count,
                                  joinly_written *written,
                                  joinly_error **err);

/**
 * Saves a game, at most 64 MiB, as the latest version of a player's slot. `options` may be NULL. `info` (may be NULL)
 * receives what is known of it, a JSON object of "version" (from 1 on; numbers of a slot never come back), "parent",
 * "device", "bytes", "checksum" (XXH3 of 64 bits in hexadecimal) and "time" (milliseconds since 1970-01-01 UTC), to be
 * freed with `joinly_value_free`.
 *
 * When the slot's latest version is not `options->parent`, another device has saved meanwhile. The answer is then
 * `JOINLY_CONFLICT`, nothing is changed, and beside the caller's game there is the stored one: `stored` (may be NULL)
 * receives it, and `info` what is known of it, both to be freed. Once the player has chosen or merged, save with its version
 * as the parent. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (also, with both NULL, when it lost every race against other writers), `JOINLY_CORRUPT` (the
 * stored game is damaged), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
 * `joinly_player_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_save_put(joinly_store *store,
                              joinly_txn *txn,
                              const char *player,
                              size_t player_len,
                              const char *slot,
                              size_t slot_len,
                              const uint8_t *game,
                              size_t game_len,
                              const joinly_save_options *options,
                              joinly_value **info,
                              joinly_value **stored,
                              joinly_error **err);

/**
 * Loads a saved game: `version` of a player's slot; 0: the latest. `game` and `info` (each may be NULL) receive it and
 * what is known of it, in the form of `joinly_save_put`, to be freed with `joinly_value_free`. Its checksum is verified.
 * Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such version; no error object), `JOINLY_CORRUPT` (it is damaged), and those of `joinly_player_get`.
 */
joinly_status joinly_save_load(const joinly_store *store,
                               joinly_txn *txn,
                               const char *player,
                               size_t player_len,
                               const char *slot,
                               size_t slot_len,
                               uint64_t version,
                               joinly_value **game,
                               joinly_value **info,
                               joinly_error **err);

/**
 * Reads which versions a player's slot keeps. `*out` receives a JSON array from the oldest to the latest, each in the
 * form of `joinly_save_put`, to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_player_get` but
 * `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_save_history(const joinly_store *store,
                                  joinly_txn *txn,
                                  const char *player,
                                  size_t player_len,
                                  const char *slot,
                                  size_t slot_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Empties a player's slot: `JOINLY_OK` when it held anything, else `JOINLY_NOT_FOUND` (no error object). Any thread.
 * Errors: those of `joinly_player_heartbeat`.
 */
joinly_status joinly_save_clear(joinly_store *store,
                                joinly_txn *txn,
                                const char *player,
                                size_t player_len,
                                const char *slot,
                                size_t slot_len,
                                joinly_error **err);

/**
 * The rating of a player of whom nothing is known. Pure: no store. Any thread.
 *
 * `system`, here and below, says how results change ratings, a JSON object: {"system":"weng_lin","beta":...} for any
 * number of teams of any size, after Weng and Lin (2011), with Bradley-Terry and full pairs, as in OpenSkill; "beta" is the
 * difference of strength that wins two games in three, 25/6 unless given. Or {"system":"glicko2","tau":...} for one player
 * against one, after Glickman; "tau" is how much volatility may change, 0.5 unless given. NULL: Weng-Lin.
 *
 * Errors: `JOINLY_INVALID` (no such system, an unknown field, a parameter that is not above 0).
 */
joinly_status joinly_rating_initial(const char *system,
                                    size_t system_len,
                                    joinly_rating *out,
                                    joinly_error **err);

/**
 * Rates the teams of a match: `after`, an array of `after_count`, as many as there are players, receives their new ratings
 * in the order of the teams and of the players in them; it may be the array that `teams` point into. Pure: no store. Any
 * thread.
 *
 * Errors: `JOINLY_INVALID` (fewer than two teams, an empty one, a rating that is none, `after_count` is another number; in
 * Glicko-2 anything but one against one), `JOINLY_TOO_LARGE` (more than 256 players), `JOINLY_OUT_OF_RANGE` (the ratings are
 * too far apart for the system), and those of `joinly_rating_initial`. What fails zeroes `after`.
 */
joinly_status joinly_rating_rate(const char *system,
                                 size_t system_len,
                                 const joinly_team *teams,
                                 size_t count,
                                 joinly_rating *after,
                                 size_t after_count,
                                 joinly_error **err);

/**
 * Rates a player after a period of games, of which opponents are as they were before it. Glicko-2 counts them all at once,
 * as it is meant to, and without games the deviation grows; Weng-Lin counts them one after the other. `*out` receives the
 * new rating; it may be `player`. Pure: no store. Any thread.
 *
 * Errors: `JOINLY_INVALID` (a rating or score that is none), `JOINLY_TOO_LARGE` (more than 10,000 games),
 * `JOINLY_OUT_OF_RANGE` (the ratings are too far apart for the system), and those of `joinly_rating_initial`. What fails
 * zeroes `*out`.
 */
joinly_status joinly_rating_rate_period(const char *system,
                                        size_t system_len,
                                        const joinly_rating *player,
                                        const joinly_game *games,
                                        size_t count,
                                        joinly_rating *out,
                                        joinly_error **err);

/**
 * How probably each team wins: `probabilities`, an array of `count`, receives numbers from 0 to 1 that add up to 1. Teams
 * count by the sums of their players in Weng-Lin, by their means in Glicko-2, in which they may have any size here. Pure:
 * no store. Any thread. Errors: those of `joinly_rating_rate`; what fails zeroes `probabilities`.
 */
joinly_status joinly_rating_win_probabilities(const char *system,
                                              size_t system_len,
                                              const joinly_team *teams,
                                              size_t count,
                                              double *probabilities,
                                              joinly_error **err);

/**
 * Reads a player's rating on a ladder; that of a new player where there is none. It is at the key
 * `player:{player}:rating:{ladder}`. Any thread. Errors: those of `joinly_rating_initial`, and those of `joinly_player_get`
 * but `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_rating_get(const joinly_store *store,
                                joinly_txn *txn,
                                const char *system,
                                size_t system_len,
                                const char *player,
                                size_t player_len,
                                const char *ladder,
                                size_t ladder_len,
                                joinly_rating *out,
                                joinly_error **err);

/**
 * Applies the result of a match, once: all ratings and scores together. `result` is a JSON object of "id" (the match, any
 * id), "ladder" (which of the players' ratings it changes), "system" (in the form of `joinly_rating_initial`; Weng-Lin
 * unless given), "teams" (an array of objects of "players", an array of ids, and "place": 1 is best, equal places are a
 * draw) and, if wanted, "scores" (an object of players and what they submit to the board of the same name as the ladder).
 * It is kept as "result" in the document at `match:{id}`, next to whatever else that holds.
 *
 * `*applied` (may be NULL) receives what counts, a JSON object of "result", "changes" (an object of players, each with the
 * ratings "before" and "after") and "time" (milliseconds since 1970-01-01 UTC), to be freed with `joinly_value_free`;
 * `*repeated` (may be NULL) 1 when a result of the match had been applied before: then it is that one, and nothing was
 * changed. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (there are scores, and no such board), `JOINLY_OUT_OF_RANGE` (a sum of scores does not fit;
 * ratings too far apart), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
 * `joinly_player_create` but `JOINLY_EXISTS`. What fails changes nothing.
 */
joinly_status joinly_rating_apply_result(joinly_store *store,
                                         joinly_txn *txn,
                                         const char *result,
                                         size_t result_len,
                                         joinly_value **applied,
                                         uint8_t *repeated,
                                         joinly_error **err);

/**
 * Makes a leaderboard. `rules` is a JSON object of any of "period", how long scores count together, in UTC ("forever",
 * "daily", "weekly" from Monday on, "monthly"), "policy", what a new score does to the player's ("best": it replaces a worse
 * one, "set": it replaces it, "increment": it is added), and "order", which scores are better ("highest", "lowest"); the first
 * of each unless given. Making the same again does nothing. Any thread.
 *
 * Errors: `JOINLY_EXISTS` (there is one with other rules), and those of `joinly_player_create`.
 */
joinly_status joinly_board_create(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *board,
                                  size_t board_len,
                                  const char *rules,
                                  size_t rules_len,
                                  joinly_error **err);

/**
 * Submits a player's score; `subscore` decides between equal ones, and is better as the score is. `out` (may be NULL)
 * receives what the player has now, a JSON object of "period" (its name: its first day as "2026-01-05", or "all"), "score",
 * "subscore", "time" (when it was reached, in milliseconds since 1970-01-01 UTC) and "changed" (whether this submission
 * changed it), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such board), `JOINLY_OUT_OF_RANGE` (a sum does not fit 64 bits), `JOINLY_WRONG_TYPE` (a
 * plain put wrote something else there), and those of `joinly_player_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_board_submit(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *board,
                                  size_t board_len,
                                  const char *player,
                                  size_t player_len,
                                  int64_t score,
                                  int64_t subscore,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Tells a player's place on a board. `period` is the name of a period, as `joinly_board_submit` gives it; NULL: the
 * present one. `*out` receives a JSON object of "rank" (from 1 on; no two players share one: of equal scores the one
 * reached earlier is better), "player", "score", "subscore" and "time", to be freed with `joinly_value_free`.
 *
 * Ranks, here and below, are those of the committed scores. The first call for a period reads its scores; later ones take
 * microseconds, however many there are. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such board; without an error object: the player has no score), `JOINLY_INVALID`,
 * `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_kv_scan`.
 */
joinly_status joinly_board_rank(const joinly_store *store,
                                const char *board,
                                size_t board_len,
                                const char *period,
                                size_t period_len,
                                const char *player,
                                size_t player_len,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Reads the best `count` players, at most 10,000, after the first `skip`. `*out` receives a JSON array, the best first,
 * each in the form of `joinly_board_rank`, to be freed with `joinly_value_free`. Any thread. Errors: those of
 * `joinly_board_rank`.
 */
joinly_status joinly_board_top(const joinly_store *store,
                               const char *board,
                               size_t board_len,
                               const char *period,
                               size_t period_len,
                               size_t skip,
                               size_t count,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Reads a player between the `before` next better and the `after` next worse, at most 10,000 in all. `*out` receives them
 * in the form of `joinly_board_top`; an empty array when the player has no score. Any thread. Errors: those of
 * `joinly_board_rank`.
 */
joinly_status joinly_board_around(const joinly_store *store,
                                  const char *board,
                                  size_t board_len,
                                  const char *period,
                                  size_t period_len,
                                  const char *player,
                                  size_t player_len,
                                  size_t before,
                                  size_t after,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * How many players have a score: `*out` receives the number. Any thread. Errors: those of `joinly_board_rank`.
 */
joinly_status joinly_board_count(const joinly_store *store,
                                 const char *board,
                                 size_t board_len,
                                 const char *period,
                                 size_t period_len,
                                 uint64_t *out,
                                 joinly_error **err);

/**
 * Begins a session of a subject: a player or a profile of one, of whom statistics are kept apart. `id` is the caller's name
 * for the session: it counts once, however often its flush is tried, by whichever process. NULL or empty: a random one.
 * Both are UTF-8 of at most 128 bytes without a colon or control characters. `began` is in milliseconds since 1970-01-01
 * UTC; 0: now. `*out` receives the session, to be freed with `joinly_session_free`.
 *
 * With a `journal_every` of 0 samples are kept in memory alone until the flush: `joinly_session_record` then does no I/O, but
 * the session is lost with its process. Else every so many samples are written to a journal in the store, by the call that
 * records the last of them, in one commit; after the death of the process `joinly_stats_recover` makes them count. A session
 * counts from its flush on. Any thread.
 *
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_OUT_OF_RANGE` (`began`), `JOINLY_BAD_HANDLE`, `JOINLY_CLOSED`,
 * `JOINLY_FORKED`.
 */
joinly_status joinly_session_begin(joinly_store *store,
                                   const char *subject,
                                   size_t subject_len,
                                   const char *id,
                                   size_t id_len,
                                   int64_t began,
                                   uint32_t journal_every,
                                   joinly_session **out,
                                   joinly_error **err);

/**
 * Counts an attempt at a metric: a key that was typed, two in a row, or any other text of 1 to 128 bytes in UTF-8. `time_ms`
 * is how long it took, from 0 to a day, and counts, to the microsecond, when the attempt was `correct` (not 0). `at` is
 * when that was, in milliseconds since 1970-01-01 UTC; 0: not told. A session has at most 10,000 metrics.
 *
 * Without a journal the call neither waits nor does I/O, and may be part of a render loop. With one, every
 * `journal_every`th call is a commit; when that fails its status is answered, the sample counts nevertheless, and the commit
 * is tried again after as many samples more.
 *
 * Errors: `JOINLY_OUT_OF_RANGE` (a time that is NaN, negative or too long; `at`; a sum beyond 64 bits), `JOINLY_INVALID`,
 * `JOINLY_TOO_LARGE` (the metric, their number; 100,000 samples that wait for the journal), `JOINLY_CLOSED` (the session was
 * flushed), `JOINLY_BUSY` (in use by another thread), `JOINLY_BAD_HANDLE`; with a journal those of `joinly_session_journal`.
 */
joinly_status joinly_session_record(joinly_session *session,
                                    const char *metric,
                                    size_t metric_len,
                                    double time_ms,
                                    uint8_t correct,
                                    int64_t at,
                                    joinly_error **err);

/**
 * Writes the samples that wait to the journal, at a moment of the caller's choice; does nothing without a journal or
 * samples. One thread at a time.
 *
 * Errors: `JOINLY_EXISTS` (another session of the same id is recorded: wait, or recover it), `JOINLY_BUSY`,
 * `JOINLY_BAD_HANDLE`, and those of `joinly_kv_put`. Then the samples wait on.
 */
joinly_status joinly_session_journal(joinly_session *session,
                                     joinly_error **err);

/**
 * Ends a session: it counts from now on, added to the statistics of its subject in one commit. Once it does, further calls
 * change nothing; also when another process flushed a session with the same id and the same samples. A session without a
 * sample leaves nothing behind. After a failure the call may be tried again.
 *
 * `out` (may be NULL) receives what was done, a JSON object of "subject", "session" (its id), "metrics" and "attempts" (how
 * many), and "repeated" (whether it counted before), to be freed with `joinly_value_free`. One thread at a time.
 *
 * Errors: `JOINLY_EXISTS` (a session with the same id counts already, with other samples), `JOINLY_OUT_OF_RANGE` (a sum
 * beyond 64 bits), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`, and
 * those of `joinly_txn_commit`.
 */
joinly_status joinly_session_flush(joinly_session *session,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Frees a session. One that was not flushed does not count, except what is in its journal, once it is recovered. NULL and a
 * session that is freed already are ignored. Any thread.
 */
void joinly_session_free(joinly_session *session);

/**
 * Reads the figures of one metric over all sessions of a subject. `*out` receives a JSON object of "attempts", "correct"
 * (how many of them), "miss_rate" (what part was not, from 0 to 1), and of the times of the correct ones, in milliseconds:
 * "total_ms", "average_ms", "min_ms" and "max_ms", the last three null without a correct one; to be freed with
 * `joinly_value_free`. All but the average and the rate are exact. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object: it was never attempted), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`,
 * `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_kv_scan`.
 */
joinly_status joinly_stats_figures(const joinly_store *store,
                                   const char *subject,
                                   size_t subject_len,
                                   const char *metric,
                                   size_t metric_len,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Reads the figures of every metric over the sessions that began at `from` or later and before `until`, in milliseconds
 * since 1970-01-01 UTC; 0: no bound. `*out` receives a JSON array in order of the names, each the object of
 * `joinly_stats_figures` with "metric" before it, to be freed with `joinly_value_free`. Over all sessions it takes as long
 * after thousands as after one. Of sessions that were rolled up, here and below, the days and months that began then
 * count. Any thread. Errors: those of `joinly_stats_figures` but `JOINLY_NOT_FOUND`; `JOINLY_CONFLICT` (it took longer
 * than `snapshot_max_age_ms`).
 */
joinly_status joinly_stats_summary(const joinly_store *store,
                                   const char *subject,
                                   size_t subject_len,
                                   int64_t from,
                                   int64_t until,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Reads the metrics that go worst over all sessions, the worst first. `weakness` is a JSON object of any of "by" ("miss_rate":
 * those that are missed most, "time": those that take longest on average), "min_attempts" (10) and "count" (10); NULL: the
 * first of each. `*out` receives an array as that of `joinly_stats_summary`. Any thread. Errors: those of
 * `joinly_stats_summary`.
 */
joinly_status joinly_stats_worst(const joinly_store *store,
                                 const char *subject,
                                 size_t subject_len,
                                 const char *weakness,
                                 size_t weakness_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Tells the times of correct attempts at some quantiles from 0 to 1: `times_ms`, an array of `count` (at most 1,000), receives
 * them in milliseconds. Of n times in order the time at q is the ⌈q·n⌉th, told within 1/128 of itself; those at 0 and 1 are
 * exact. `metric` is NULL for all metrics together; `from` and `until` are as in `joinly_stats_summary`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object: there was no correct attempt), `JOINLY_INVALID` (a quantile that is none), and
 * those of `joinly_stats_summary`.
 */
joinly_status joinly_stats_percentiles(const joinly_store *store,
                                       const char *subject,
                                       size_t subject_len,
                                       const char *metric,
                                       size_t metric_len,
                                       int64_t from,
                                       int64_t until,
                                       const double *quantiles,
                                       size_t count,
                                       double *times_ms,
                                       joinly_error **err);

/**
 * Reads how a metric went from day to day, in UTC; `metric` is NULL for all together, `from` and `until` are as in
 * `joinly_stats_summary`. `*out` receives a JSON array, the oldest first, of objects of "day" ("2026-01-05"), "grain" ("day";
 * "month" for one that was rolled up, at its first day), "sessions" (how many), what `joinly_stats_figures` tells, and
 * "p50_ms" and "p95_ms", as `joinly_stats_percentiles` tells them; to be freed with `joinly_value_free`. Any thread. Errors:
 * those of `joinly_stats_summary`.
 */
joinly_status joinly_stats_trend(const joinly_store *store,
                                 const char *subject,
                                 size_t subject_len,
                                 const char *metric,
                                 size_t metric_len,
                                 int64_t from,
                                 int64_t until,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Reads the sessions of a subject in pages. `past` is a JSON object of any of "metric" (of that alone, and of sessions that
 * have it), "from" and "until" (milliseconds), "newest_first" (false), "limit" (256, at most 10,000) and "after" (the "next"
 * of the page before); NULL: all of them. `*out` receives a JSON object of "next" (null: this is the last page) and
 * "sessions", an array of objects of "grain" ("session", or "day" and "month" for what was rolled up), "id" (of a session),
 * "sessions" (how many), "began" and "ended" (milliseconds since 1970-01-01 UTC), and "metrics", by name what
 * `joinly_stats_figures` tells; to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_stats_summary`.
 */
joinly_status joinly_stats_history(const joinly_store *store,
                                   const char *subject,
                                   size_t subject_len,
                                   const char *past,
                                   size_t past_len,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Reads of whom something is known: `*out` receives a JSON array of their names, in order, to be freed with
 * `joinly_value_free`. Any thread. Errors: those of `joinly_kv_scan`.
 */
joinly_status joinly_stats_subjects(const joinly_store *store,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Flushes the sessions of processes that died: those in the journal to which nothing was written for `idle_ms`
 * milliseconds. Choose it longer than a player may pause; a session that lives nevertheless loses nothing, but what it
 * records later counts as another one, its id followed by a tab and a number. `out` (may be NULL) receives a JSON array of
 * what `joinly_session_flush` tells of each. Any thread.
 *
 * Errors: `JOINLY_INVALID` (`idle_ms` below zero), and those of `joinly_session_flush`. A journal that cannot be flushed for what
 * is in it keeps none of the others from it.
 */
joinly_status joinly_stats_recover(joinly_store *store,
                                   int64_t idle_ms,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Rolls up old sessions of a subject: those of each day that had ended at `days_until` become one entry of its history, and
 * the days and sessions of each month that had ended at `months_until` another. Times are milliseconds since 1970-01-01
 * UTC; 0: nothing. Days and months are in UTC. Figures, percentiles and trends stay what they are; single sessions are
 * forgotten, but still count once. `out` (may be NULL) receives how many entries are gone for it. Each day and month is a
 * commit of its own: after a failure, repeat the call. Any thread.
 *
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_OUT_OF_RANGE` (a sum beyond 64 bits), `JOINLY_WRONG_TYPE` (a plain
 * put wrote something else into the history), `JOINLY_BAD_HANDLE`, and those of `joinly_txn_commit`.
 */
joinly_status joinly_stats_roll_up(joinly_store *store,
                                   const char *subject,
                                   size_t subject_len,
                                   int64_t days_until,
                                   int64_t months_until,
                                   uint64_t *out,
                                   joinly_error **err);

/**
 * Forgets all that is known of a subject, its journals too; doing it again does nothing. `out` (may be NULL) receives how many
 * keys are gone. They are deleted some thousands in a commit: after a failure, repeat the call. Any thread.
 *
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`, and those of `joinly_txn_commit`.
 */
joinly_status joinly_stats_delete(joinly_store *store,
                                  const char *subject,
                                  size_t subject_len,
                                  uint64_t *out,
                                  joinly_error **err);

/**
 * Makes a table, or gives one the columns and wider types that it lacks; a schema that says the same does nothing.
 *
 * `schema` is a JSON object of "table_name" (a letter or `_`, then those and digits, up to 64 bytes) and "schema", an object
 * of 1 to 256 columns in their order, each an object of "type" ("int", "float", "str", "bool", "bytes" as base64, "date" and
 * "datetime" as ISO 8601 in UTC, "json") and any of "primary_key" (of one column at most; unique and never null; an int that a
 * row lacks is the next number), "nullable" (true), "unique" (false; any number of rows may have null), "default" (what an
 * inserted row has that lacks it), "index" (false; selections go along it) and "formerly" (the name that the column had).
 * Keys and unique values are of at most 512 bytes. `out` (may be NULL) receives the schema as it is stored at the key
 * `table:{table_name}`, to be freed with `joinly_value_free`. Rows are JSON objects at `table:{table_name}:{key}`.
 *
 * A table follows a schema with new columns that are nullable or have a default, with wider types (int to float, any but those
 * of keys to json), and with columns that are nullable, not unique, indexed or renamed now. Many rows are changed in several
 * commits; readers see all of them changed from the first on. Not within a transaction. Any thread.
 *
 * Errors: `JOINLY_EXISTS` (the schema differs in other ways, or a table's name differs in case only; the message tells),
 * `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a default that its column cannot have), `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, and those of
 * `joinly_kv_put`.
 */
joinly_status joinly_table_create(joinly_store *store,
                                  const char *schema,
                                  size_t schema_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * As `joinly_table_create`, and drops the columns that the schema does not have. Any thread. Errors: those of
 * `joinly_table_create`.
 */
joinly_status joinly_table_evolve(joinly_store *store,
                                  const char *schema,
                                  size_t schema_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Drops a table with all its rows; it is gone at once. Not within a transaction. Any thread. Errors: `JOINLY_NOT_FOUND` (no such
 * table), and those of `joinly_kv_delete`.
 */
joinly_status joinly_table_drop(joinly_store *store,
                                const char *table,
                                size_t table_len,
                                joinly_error **err);

/**
 * Lists the tables. `*out` receives a JSON array of their names, to be freed with `joinly_value_free`. Any thread. Errors: those
 * of `joinly_kv_scan`.
 */
joinly_status joinly_table_names(const joinly_store *store,
                                 joinly_txn *txn,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Reads the schema of a table. `*out` receives it in the form of `joinly_table_create`, with "created_at" (in UTC) and, once it
 * changed, "version", to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (a plain put wrote something
 * else there), and those of `joinly_kv_get`.
 */
joinly_status joinly_table_schema(const joinly_store *store,
                                  joinly_txn *txn,
                                  const char *table,
                                  size_t table_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Inserts rows, all of them or none. `rows` is a JSON array of objects by the columns' names, up to 16 MiB. `out` (may be NULL)
 * receives them with all their values, numbers and defaults included, in the same order, to be freed with `joinly_value_free`.
 * Any thread.
 *
 * Errors, naming table, row and column: `JOINLY_NOT_FOUND` (no such table), `JOINLY_EXISTS` (another row has the key or a unique
 * value), `JOINLY_WRONG_TYPE` (a value that its column cannot have, or null), `JOINLY_OUT_OF_RANGE` (a number of more than 64
 * bits, or none is left), `JOINLY_INVALID` (an unknown column), `JOINLY_TOO_LARGE`, and those of `joinly_kv_put`.
 */
joinly_status joinly_table_insert(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *table,
                                  size_t table_len,
                                  const char *rows,
                                  size_t rows_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Reads a row. `key` is its primary key as JSON; of a table without one the number of the row, in the order of insertion from 1
 * on. `*out` receives the row, a JSON object, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (without an error object: no such row; else: no such table), `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a
 * key of another type; a row that a plain put wrote and the schema does not allow), `JOINLY_TOO_LARGE`, and those of
 * `joinly_kv_get`.
 */
joinly_status joinly_table_get(const joinly_store *store,
                               joinly_txn *txn,
                               const char *table,
                               size_t table_len,
                               const char *key,
                               size_t key_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Selects rows. `query` may be NULL. A row of the page has as its key text that is ordered as the primary keys are, and the row
 * as its value, a JSON object. A page is of one moment, the next may be of a later one (not in a transaction); it also ends
 * once it holds 16 MiB. By key a page reads no more rows than it needs; in another order it reads all that pass the filter.
 * Conditions on the primary key, on unique and on indexed columns spare reading the others. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID` (no filter, no order, an unknown column, a cursor of another query),
 * `JOINLY_WRONG_TYPE` (an operand that its operator cannot have; a row that a plain put wrote and the schema does not allow),
 * `JOINLY_TOO_LARGE`, and those of `joinly_kv_scan`.
 */
joinly_status joinly_table_select(const joinly_store *store,
                                  joinly_txn *txn,
                                  const char *table,
                                  size_t table_len,
                                  const joinly_table_query *query,
                                  joinly_page **out,
                                  joinly_error **err);

/**
 * Counts the rows that pass a filter, as `joinly_table_query` has it; NULL: all. `*out` receives the number. Any thread. Errors:
 * those of `joinly_table_select`.
 */
joinly_status joinly_table_count(const joinly_store *store,
                                 joinly_txn *txn,
                                 const char *table,
                                 size_t table_len,
                                 const char *filter,
                                 size_t filter_len,
                                 uint64_t *out,
                                 joinly_error **err);

/**
 * Gives the rows that pass a filter, as `joinly_table_query` has it, the values of `changes`, a JSON object by the columns'
 * names: all of them or none. `out` (may be NULL) receives how many rows there were. Any thread. Errors: those of
 * `joinly_table_select` and `joinly_table_insert`; `JOINLY_TOO_LARGE` for more than 100,000 rows.
 */
joinly_status joinly_table_update(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *table,
                                  size_t table_len,
                                  const char *filter,
                                  size_t filter_len,
                                  const char *changes,
                                  size_t changes_len,
                                  uint64_t *out,
                                  joinly_error **err);

/**
 * Deletes the rows that pass a filter, as `joinly_table_query` has it, all of them or none; NULL: every row. `out` (may be NULL)
 * receives how many there were. Any thread. Errors: those of `joinly_table_update`.
 */
joinly_status joinly_table_delete(joinly_store *store,
                                  joinly_txn *txn,
                                  const char *table,
                                  size_t table_len,
                                  const char *filter,
                                  size_t filter_len,
                                  uint64_t *out,
                                  joinly_error **err);

/**
 * Writes a table to the file `path` as one JSON object of "table", "records" (an array), "count", "exported_at" (in UTC) and
 * "schema", all of one moment; a file that is there is replaced once the new one is whole. `out` (may be NULL) receives how
 * many rows it has. Any thread. Errors: those of `joinly_table_select`; `JOINLY_BUSY` (somebody else is writing it),
 * `JOINLY_IO`, `JOINLY_FULL`.
 */
joinly_status joinly_table_export(const joinly_store *store,
                                  const char *table,
                                  size_t table_len,
                                  const char *path,
                                  uint64_t *out,
                                  joinly_error **err);

/**
 * Inserts the rows of a file that `joinly_table_export` wrote, all of them or none, into the table that it names, which is made
 * by its schema if it is not there. `out` (may be NULL) receives how many there were. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such file, or neither table nor schema), `JOINLY_IO`, `JOINLY_INVALID` (another form, or not as many
 * records as it says), `JOINLY_TOO_LARGE` (more than 100,000 rows, into a table that is there), and those of
 * `joinly_table_insert` and `joinly_table_create`.
 */
joinly_status joinly_table_import(joinly_store *store,
                                  const char *path,
                                  uint64_t *out,
                                  joinly_error **err);

/**
 * Copies every table of a store, as of one moment, into another, whatever their engines: all of them or none. What the target
 * keeps is counted before it can be seen. `out` (may be NULL) receives a JSON array of arrays of a name and a number of rows, to
 * be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_EXISTS` (the target has a table of the same name), `JOINLY_CORRUPT` (it does not have as many rows), and those
 * of `joinly_table_select` and `joinly_table_insert`.
 */
joinly_status joinly_table_copy(const joinly_store *source,
                                joinly_store *target,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Counts the rows of a table and their bytes, by reading them. `*out` receives a JSON object of "records", "size_bytes" (as lines
 * of JSON) and "columns", to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_table_schema`.
 */
joinly_status joinly_table_stats(const joinly_store *store,
                                 const char *table,
                                 size_t table_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Reads every row of a table, checks it against the schema, and puts right what plain puts and hand-edited files left behind:
 * unique values that are not kept, or are nobody's. `out` (may be NULL) receives how many rows there are. Any thread.
 *
 * Errors: `JOINLY_WRONG_TYPE` (a row that the schema does not allow; the message names it), `JOINLY_EXISTS` (two rows have one
 * unique value), and those of `joinly_table_schema` and `joinly_kv_put`.
 */
joinly_status joinly_table_check(joinly_store *store,
                                 const char *table,
                                 size_t table_len,
                                 uint64_t *out,
                                 joinly_error **err);

/**
 * Takes the lock of a table for `ttl_ms` milliseconds, or renews it for the same `owner`, any text of up to 128 bytes. It is for
 * programs that take turns, and hinders only those who ask for it too: the constraints of tables need none. Any thread.
 *
 * Errors: `JOINLY_BUSY` (another owner has it), `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID` (a time of 0), `JOINLY_TOO_LARGE`,
 * and those of `joinly_kv_put`.
 */
joinly_status joinly_table_lock(joinly_store *store,
                                const char *table,
                                size_t table_len,
                                const char *owner,
                                size_t owner_len,
                                uint64_t ttl_ms,
                                joinly_error **err);

/**
 * Gives the lock of a table back. `out` (may be NULL) receives 1 if this owner had it still, else 0. Any thread. Errors: those of
 * `joinly_kv_delete`.
 */
joinly_status joinly_table_unlock(joinly_store *store,
                                  const char *table,
                                  size_t table_len,
                                  const char *owner,
                                  size_t owner_len,
                                  uint8_t *out,
                                  joinly_error **err);

/**
 * Makes a queue, or gives it a new document: tickets that wait are matched by that one. A queue's name, and every other id
 * of matchmaking, has 1 to 128 bytes of printable UTF-8 without a colon. `document` is a JSON object of "rules", "seed" (a
 * number that decides what the rules leave open) and "lobby"; what is left out is the default, and so is NULL.
 *
 * "rules" is an object of "teams" (2) and "team_size" (1); "roles" (how many players of each role a team has, by role; {});
 * "window", an object of "start" (3), "growth" a second (0.2), "cap" (10), "late_after" seconds (60), "late_growth" (0.1)
 * and "sigma_weight" (0.5): how far from its own rating a ticket accepts others after a wait, with a "start" not beyond the
 * "cap"; "policy", whose window counts: "mutual" (both) or "older"; "pairing" ("optimal" or "greedy", see below);
 * "age_bonus" (0), points of rating by which a second of waiting makes a partner look nearer; "max_latency_ms" (250);
 * "accept_ms" (0: players are not asked whether they are ready, at most an hour); and "rating", the system that
 * probabilities of winning rest on: {"system": "weng_lin"} or {"system": "glicko2"}.
 *
 * Where a match has two players, "optimal" pairs all who wait with equal keys together, while they are 200 at most. There
 * are as many matches as there can be; the oldest ticket that may meet anybody is in one, then the next oldest that can be
 * beside it, and so on; and of all ways to pair these it is one with the least sum of distances of ratings, where each
 * second that one of a pair waits longer counts as "age_bonus" points. "greedy", and so it is above 200 and for larger
 * matches: the oldest chooses first, the nearest, then the next oldest that is left.
 *
 * "lobby" is the lobby to create for each match, with a seat kept for everyone in it, while they are asked and then as long
 * as its reservations last; without it matches are played elsewhere. An object of the fields of `joinly_lobby_options`, by
 * name: "kind", "name", "max_members", "teams", "visibility" ("public", "friends", "private"), "build", "migration"
 * ("oldest", "manual", "never", "close"), "exclusive" (true), "backfill", "keep_empty", "timing" (an object of "member_ms",
 * "reservation_ms", "stale_ms", "close_ms"), "chat" (an object of "burst" and "every_ms"), "keep_events", "attributes", "member_attributes" and "owner_attributes".
 * Without "teams" it has those of the rules and just their seats. It has neither an owner nor a password.
 *
 * Of `caller` only the transaction counts; so for all functions of matchmaking. Any thread.
 *
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (what no queue or lobby can have), and those of
 * `joinly_kv_put`; within a transaction, those of `joinly_txn_put`. What fails changes nothing.
 */
joinly_status joinly_queue_configure(joinly_store *store,
                                     const joinly_caller *caller,
                                     const char *queue,
                                     size_t queue_len,
                                     const char *document,
                                     size_t document_len,
                                     joinly_error **err);

/**
 * Reads a queue's document, complete: `*out` receives the JSON of `joinly_queue_configure`, to be freed with
 * `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (the document is
 * another's), and those of `joinly_kv_get`.
 */
joinly_status joinly_queue_get(const joinly_store *store,
                               const joinly_caller *caller,
                               const char *queue,
                               size_t queue_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Makes what matches can be made now, oldest tickets first, each with its lobby in one step; ends the tickets and the
 * matches that took too long. `holder` (an id) has the queue for itself for `lease_ms` milliseconds from now on: a tick of
 * another one does nothing meanwhile. That saves work only; any number of processes may tick at any time.
 *
 * `*out` receives a JSON object of "held_by" (who has the queue, if it is another one: then nothing was done), "matches"
 * (those made, in the form of `joinly_match_get`), "expired" (numbers of tickets whose time was over) and "stale" (how many
 * matches came to nothing because somebody was faster); to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such queue), `JOINLY_INVALID` (also for a lease of 0), `JOINLY_CONFLICT` (it lost every
 * race against other writers), and those of `joinly_queue_configure`. Matches that were made before an error stay made.
 */
joinly_status joinly_queue_tick(joinly_store *store,
                                const char *queue,
                                size_t queue_len,
                                const char *holder,
                                size_t holder_len,
                                uint64_t lease_ms,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Sums up the queue's matches that are kept, at most `most` of them, and the tickets that wait. `*out` receives a JSON
 * object of "deciles" (of the tickets by rating, each with "from", "to", "tickets", "match_rate", "wait_p50_ms",
 * "wait_p95_ms" and "wait_max_ms"), "matches" (how many), and "mean" and "worst", each the quality of matches as in
 * `joinly_match_get`; to be freed with `joinly_value_free`. It takes some 50 bytes of memory for each match and ticket. Any
 * thread. Errors: `JOINLY_INVALID`, and those of `joinly_kv_get`.
 */
joinly_status joinly_queue_report(const joinly_store *store,
                                  const char *queue,
                                  size_t queue_len,
                                  size_t most,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Asks for players for a match under way, or changes what was asked for. `backfill` is a JSON object of "lobby" (its
 * number), "teams" (who plays: as many arrays as the queue's matches have teams, of objects of "player", "mu", "sigma" and
 * maybe "role"), and what counts as in a ticket: "keys", "attributes", "filters", "region" (where it is played), "blocked"
 * and "deadline" (0: none). Players who are found have seats kept for them there and are added to "teams". It ends with its
 * deadline, with `joinly_queue_backfill_stop`, and when the lobby refuses players who were found (it is full, stale,
 * starting, or in game and not for backfill; one of them is banned or there already): ask again when that has changed.
 *
 * `out` may be NULL; `*out` receives the request as it is stored, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such queue or lobby), `JOINLY_WRONG_STATE` (the lobby is closed), `JOINLY_EXPIRED` (the
 * deadline is past), and those of `joinly_queue_configure`.
 */
joinly_status joinly_queue_backfill(joinly_store *store,
                                    const joinly_caller *caller,
                                    const char *queue,
                                    size_t queue_len,
                                    const char *backfill,
                                    size_t backfill_len,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Reads what was asked for a match under way, with the players that were found. `*out` receives the JSON of
 * `joinly_queue_backfill`, with "created", since when it waits; to be freed with `joinly_value_free`. Any thread. Errors:
 * `JOINLY_NOT_FOUND` (nothing was, or no more), and those of `joinly_queue_get`.
 */
joinly_status joinly_queue_backfill_get(const joinly_store *store,
                                        const joinly_caller *caller,
                                        const char *queue,
                                        size_t queue_len,
                                        uint64_t lobby,
                                        joinly_value **out,
                                        joinly_error **err);

/**
 * Asks for no more players for a match under way. Any thread. Errors: `JOINLY_NOT_FOUND` (none were asked for; no error
 * object), and those of `joinly_queue_configure`.
 */
joinly_status joinly_queue_backfill_stop(joinly_store *store,
                                         const joinly_caller *caller,
                                         const char *queue,
                                         size_t queue_len,
                                         uint64_t lobby,
                                         joinly_error **err);

/**
 * A party begins to wait in a queue. `*id` receives the ticket's number in the queue. `out` may be NULL; `*out` receives
 * the ticket, in the form of `joinly_ticket_get`, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such queue), `JOINLY_EXISTS` (one of the players waits there already), `JOINLY_EXPIRED`
 * (the deadline is past), `JOINLY_INVALID` and `JOINLY_TOO_LARGE` (what could never be matched), `JOINLY_CONFLICT` (it lost
 * every race against other writers), and those of `joinly_queue_configure`.
 */
joinly_status joinly_ticket_enqueue(joinly_store *store,
                                    const joinly_caller *caller,
                                    const char *queue,
                                    size_t queue_len,
                                    const joinly_ticket *ticket,
                                    uint64_t *id,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Reads a ticket; for ten minutes also after its end. `*out` receives a JSON object of "id", "party" (objects of "player",
 * "mu", "sigma" and maybe "role"), "created" (since when it waits, in milliseconds since 1970-01-01 UTC), "deadline",
 * "state" ("QUEUED"; "MATCHED": its players are asked whether they are ready; and at its end "ACCEPTED": it is in a match
 * that is on, "CANCELLED" or "EXPIRED"), "match" (the id of its match, once it has one), "attempts" (how often it was
 * matched), and of "keys", "attributes", "filters", "latencies" and "blocked" what it has; to be freed with
 * `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_queue_get`.
 */
joinly_status joinly_ticket_get(const joinly_store *store,
                                const joinly_caller *caller,
                                const char *queue,
                                size_t queue_len,
                                uint64_t id,
                                joinly_value **out,
                                joinly_error **err);

/**
 * Withdraws a ticket. Withdrawing it again does nothing. Any thread.
 *
 * Errors: `JOINLY_ALREADY_MATCHED` (decline the match, or leave its lobby), `JOINLY_NOT_FOUND`, `JOINLY_EXPIRED` (its time
 * was over), and those of `joinly_queue_configure`.
 */
joinly_status joinly_ticket_cancel(joinly_store *store,
                                   const joinly_caller *caller,
                                   const char *queue,
                                   size_t queue_len,
                                   uint64_t id,
                                   joinly_error **err);

/**
 * Reads a match. `*out` receives a JSON object of "id", "queue", "state" ("PENDING": its players are asked whether they are
 * ready; "CONFIRMED": it is on; "DISSOLVED": someone was not ready), "teams" (arrays of tickets, each with "ticket",
 * "party" and "waited_ms"), "lobby" (its number, if there is one: everyone has a seat kept there, in the team of the same
 * place), "backfill" (whether it was under way), "region" (where to play, if anybody minds), "quality" (an object of "gap"
 * between the means of the teams' ratings, "spread" within a team, "advantage" of the best team in probability of winning,
 * and "party_mismatch" in players: 0 is perfect), "created", "accept_by" (until when players may say that they are ready;
 * 0: they are not asked), "accepted" (who said so) and "result" (what was applied as its result, if anything was); to be
 * freed with `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_queue_get`.
 */
joinly_status joinly_match_get(const joinly_store *store,
                               const joinly_caller *caller,
                               const char *id,
                               size_t id_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * A player of a match is ready; when all have said so it is on. Saying it again does nothing. `out` may be NULL; `*out`
 * receives the match as it is then, in the form of `joinly_match_get`, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not in the match), `JOINLY_EXPIRED` (it is too late, or the match is
 * dissolved), and those of `joinly_queue_configure`.
 */
joinly_status joinly_match_accept(joinly_store *store,
                                  const joinly_caller *caller,
                                  const char *id,
                                  size_t id_len,
                                  const char *player,
                                  size_t player_len,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * A player of a match is not ready. It is dissolved: the player's ticket is cancelled, and the others wait on as if they
 * had never been matched. A lobby that was opened for it is closed; in one that was under way the seats that are still kept
 * for its players are given back. Declining what is dissolved does nothing. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not in the match), `JOINLY_ALREADY_MATCHED` (it is on), and those of
 * `joinly_queue_configure`.
 */
joinly_status joinly_match_decline(joinly_store *store,
                                   const joinly_caller *caller,
                                   const char *id,
                                   size_t id_len,
                                   const char *player,
                                   size_t player_len,
                                   joinly_error **err);

/**
 * Creates a chat session. `id` is any text of at most 128 bytes; NULL: one is made. `fields` (may be NULL) is a JSON
 * object of the caller's choice, at most 256 KiB, whose values are kept digit for digit; "title", "createdAt",
 * "updatedAt" and "archived" have a meaning, "id", "history" and "messages" are refused. `*out` receives the session,
 * to be freed with `joinly_value_free`: a JSON object of "id", "title", "created" and "updated" (milliseconds since
 * 1970-01-01 UTC), "archived", "messages" and "attachments" (how many), "bytes" (of all of it, as JSON), and "fields".
 * Any thread.
 *
 * Errors: `JOINLY_EXISTS`, `JOINLY_MOVED` (the sessions of this store were moved to a JSON file), and those of
 * `joinly_player_create`.
 */
joinly_status joinly_chat_create(joinly_store *store,
                                 joinly_txn *txn,
                                 const char *id,
                                 size_t id_len,
                                 const char *fields,
                                 size_t fields_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Reads a session without its messages. `*out` receives it in the form of `joinly_chat_create`, to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object), and those of `joinly_player_get`.
 */
joinly_status joinly_chat_get(const joinly_store *store,
                              joinly_txn *txn,
                              const char *id,
                              size_t id_len,
                              joinly_value **out,
                              joinly_error **err);

/**
 * Changes fields of a session: `patch` is a JSON object of new values; null removes a field, "archived" puts the
 * session away or back. `*out` receives the session in the form of `joinly_chat_create`, to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such session), and those of `joinly_chat_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_chat_update(joinly_store *store,
                                 joinly_txn *txn,
                                 const char *id,
                                 size_t id_len,
                                 const char *patch,
                                 size_t patch_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Removes a session with all its messages and attachments, in one commit: `JOINLY_OK` when there was one, else
 * `JOINLY_NOT_FOUND` (no error object). Any thread. Errors: those of `joinly_chat_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_chat_delete(joinly_store *store,
                                 joinly_txn *txn,
                                 const char *id,
                                 size_t id_len,
                                 joinly_error **err);

/**
 * Lists sessions by their last change. `query` (may be NULL) is a JSON object of any of "archived" (true: those that
 * were put away; else the open ones), "oldest_first", "limit" (at most 1,000; 0 or none: 50) and "after" (the cursor
 * of the page before). `*out` receives a JSON object of "sessions", each in the form of `joinly_chat_create`, and
 * "cursor" (null when this is the last page), to be freed with `joinly_value_free`. Any thread. Errors: those of
 * `joinly_player_get` but `JOINLY_NOT_FOUND`.
 */
joinly_status joinly_chat_list(const joinly_store *store,
                               joinly_txn *txn,
                               const char *query,
                               size_t query_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Counts everything. `*out` receives a JSON object of "open" and "archived" (sessions), "messages", "attachments" and
 * "bytes" (as JSON), to be freed with `joinly_value_free`. Reads the record of every session, and no message. Any
 * thread. Errors: those of `joinly_chat_list`.
 */
joinly_status joinly_chat_counts(const joinly_store *store,
                                 joinly_txn *txn,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Appends a message to a session: any JSON object of at most 1 MiB, whose values are kept digit for digit. The
 * elements of its field "attachments", at most 64 of at most 16 MiB each, are kept as records of their own. `*out`
 * receives the message without them, to be freed with `joinly_value_free`: a JSON object of "number" (from 1 on;
 * numbers of a session never come back), "time" (milliseconds since 1970-01-01 UTC), "edited" (likewise, if ever),
 * "attachments" (the bytes of each, if any) and "message". Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such session), `JOINLY_TOO_LARGE` (also for more than 40,000 messages and
 * attachments, or 128 MiB, of a session), and those of `joinly_chat_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_chat_append(joinly_store *store,
                                 joinly_txn *txn,
                                 const char *id,
                                 size_t id_len,
                                 const char *message,
                                 size_t message_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Reads messages of a session, without their attachments. `query` (may be NULL) is a JSON object of any of "after" and
 * "before" (only messages with a greater or smaller number), "latest_first" and "limit" (at most 1,000; 0 or none:
 * 50). `*out` receives a JSON object of "messages", each in the form of `joinly_chat_append`, and "more" (whether
 * there are more), to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no such session), and those of `joinly_player_get`.
 */
joinly_status joinly_chat_messages(const joinly_store *store,
                                   joinly_txn *txn,
                                   const char *id,
                                   size_t id_len,
                                   const char *query,
                                   size_t query_len,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Reads a message with its attachments: `*out` receives it in the form of `joinly_chat_append`, its "message" as it
 * was given, to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_CORRUPT` (an attachment is gone), and those of
 * `joinly_player_get`.
 */
joinly_status joinly_chat_message(const joinly_store *store,
                                  joinly_txn *txn,
                                  const char *id,
                                  size_t id_len,
                                  uint64_t number,
                                  joinly_value **out,
                                  joinly_error **err);

/**
 * Reads one attachment of a message, `at` counted from 0: `*out` receives its JSON as it was given, to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (no error object), and those of `joinly_player_get`.
 */
joinly_status joinly_chat_attachment(const joinly_store *store,
                                     joinly_txn *txn,
                                     const char *id,
                                     size_t id_len,
                                     uint64_t number,
                                     uint32_t at,
                                     joinly_value **out,
                                     joinly_error **err);

/**
 * Replaces a message and its attachments. `*out` receives the message in the form of `joinly_chat_append`, to be freed
 * with `joinly_value_free`. Any thread. Errors: those of `joinly_chat_append` (`JOINLY_NOT_FOUND` also without the
 * message).
 */
joinly_status joinly_chat_edit(joinly_store *store,
                               joinly_txn *txn,
                               const char *id,
                               size_t id_len,
                               uint64_t number,
                               const char *message,
                               size_t message_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Removes a message with its attachments. Any thread. Errors: those of `joinly_chat_edit`.
 */
joinly_status joinly_chat_remove(joinly_store *store,
                                 joinly_txn *txn,
                                 const char *id,
                                 size_t id_len,
                                 uint64_t number,
                                 joinly_error **err);

/**
 * Searches titles, and the text of messages: their "text", or their "content" as text or as a list of parts with a
 * "text". `query` is a JSON object of "text" (words that all occur, in any case and order, also as parts of longer
 * words; at most 1,024 bytes) and any of "archived" (true: in sessions that were put away; else in the open ones),
 * "limit" (the most hits, at most 1,000; 0 or none: 50), "budget" (the most messages and titles to read, at most
 * 1,000,000; 0 or none: 100,000) and "after" (the cursor of the answer before).
 *
 * `*out` receives a JSON object, to be freed with `joinly_value_free`: "hits", from the session changed last on, each
 * an object of "session", "title", "number" (of the message; null: the title is meant) and "excerpt"; "examined" (how
 * many messages and titles were read); and "cursor" (where to go on; null: all was read). It reads them one by one,
 * and keeps no index. Any thread. Errors: those of `joinly_chat_list`.
 */
joinly_status joinly_chat_search(const joinly_store *store,
                                 joinly_txn *txn,
                                 const char *query,
                                 size_t query_len,
                                 joinly_value **out,
                                 joinly_error **err);

/**
 * Loads all chat sessions of a store as of one moment, the one changed last first. `*out` receives a JSON object of "chats",
 * each session an object of its "id", its fields and its messages as "history" (or "messages", if it was saved so), and
 * "etag", which names this state; to be freed with `joinly_value_free`. For more than a few sessions `joinly_chat_list` and
 * `joinly_chat_messages` cost less. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (others write all the time), and those of `joinly_chat_list`.
 */
joinly_status joinly_chat_load_all(const joinly_store *store,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Saves chat sessions, in the form of `joinly_chat_load_all` and at most 1 GiB, in place of all there are: writes those that
 * changed, and removes those that are not among them. "etag" must name the present state, as a load or save answered it; "*"
 * replaces whatever there is; without one there must be nothing. `out` (may be NULL) receives a JSON object of "etag" (for the
 * next save), "written", "unchanged" and "removed" (sessions) and "commits", to be freed with `joinly_value_free`.
 *
 * It is one commit, unless the changes are beyond 20,000 records or 64 MiB: then several, each of whole sessions, which a
 * crash may leave half made. Messages of a session that is written are numbered anew. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (the sessions were changed since: load them again, and put the changes to that), `JOINLY_INVALID`
 * (also for two sessions of one id), `JOINLY_TOO_LARGE` (as for single sessions and messages), and those of
 * `joinly_chat_create` but `JOINLY_EXISTS`.
 */
joinly_status joinly_chat_save_all(joinly_store *store,
                                   const uint8_t *sessions,
                                   size_t sessions_len,
                                   joinly_value **out,
                                   joinly_error **err);

/**
 * Loads all chat sessions from the JSON file of a folder, `user_chat_sessions.json`, in the form of `joinly_chat_load_all`;
 * none when there never was a file. `folder` is a path that exists, in UTF-8. After a migration these are the sessions of
 * before. `*out` is to be freed with `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_CORRUPT` (the file is torn, empty, overwritten with NULs, not UTF-8, not JSON or of another form, or gone:
 * see `joinly_chat_file_restore`), `JOINLY_NOT_FOUND` (no such folder), `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (more than 1 GiB),
 * `JOINLY_IO`, `JOINLY_READ_ONLY`.
 */
joinly_status joinly_chat_file_load(const char *folder,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Saves chat sessions in the JSON file of a folder, as `joinly_chat_save_all` in a store: the file is written anew,
 * synchronised and put in the place of the one there was, which becomes a backup; the last five are kept. Any thread.
 *
 * Errors: `JOINLY_CONFLICT` (the file was saved since), `JOINLY_MOVED` (the sessions are in SQLite), `JOINLY_BUSY` (another process
 * saves or migrates for longer than five seconds), `JOINLY_CORRUPT` (the file cannot be read, and is not saved over),
 * `JOINLY_FULL`, and those of `joinly_chat_file_load`. Then nothing was changed.
 */
joinly_status joinly_chat_file_save(const char *folder,
                                    const uint8_t *sessions,
                                    size_t sessions_len,
                                    joinly_value **out,
                                    joinly_error **err);

/**
 * Lists the backups of the JSON file. `*out` receives a JSON array from the oldest to the latest, each an object of "name",
 * "bytes" and "damage" (why it cannot be restored, or null), to be freed with `joinly_value_free`. Any thread. Errors: those of
 * `joinly_chat_file_load`.
 */
joinly_status joinly_chat_file_backups(const char *folder,
                                       joinly_value **out,
                                       joinly_error **err);

/**
 * Puts a backup in the place of the JSON file, which becomes a backup itself, broken or not. `name` is one that
 * `joinly_chat_file_backups` tells; NULL: the latest that can be read. `*out` receives the name as JSON, to be freed with
 * `joinly_value_free`. Any thread.
 *
 * Errors: `JOINLY_NOT_FOUND` (also without such a backup), `JOINLY_CORRUPT` (it cannot be read), and those of
 * `joinly_chat_file_save`.
 */
joinly_status joinly_chat_file_restore(const char *folder,
                                       const char *name,
                                       size_t name_len,
                                       joinly_value **out,
                                       joinly_error **err);

/**
 * Loads all chat sessions of a folder from where they are: the JSON file, or after a migration `chat_sessions.db`. When that
 * place fails, it answers from the other one if anything is there. `*out` receives them in the form of
 * `joinly_chat_load_all`, with "loadedFrom": an object of "epoch" and "backend" ("json" or "sqlite": where they are), "used"
 * (where they were read) and "fallback" (why not where they are, or null). After a fallback there is no "etag": no save may
 * rest on these. To be freed with `joinly_value_free`. Any thread.
 *
 * Errors: those of the place where they are, of `joinly_chat_file_load` or of `joinly_store_open` and `joinly_chat_load_all`;
 * `JOINLY_CORRUPT` when nothing tells where they are.
 */
joinly_status joinly_chat_hybrid_load(const char *folder,
                                      joinly_value **out,
                                      joinly_error **err);

/**
 * Saves chat sessions of a folder where they are, as `joinly_chat_file_save` or `joinly_chat_save_all`; never in the other
 * place. Any thread. Errors: those of `joinly_chat_file_save`, or of `joinly_store_open` and `joinly_chat_save_all`.
 */
joinly_status joinly_chat_hybrid_save(const char *folder,
                                      const uint8_t *sessions,
                                      size_t sessions_len,
                                      joinly_value **out,
                                      joinly_error **err);

/**
 * Tells where the chat sessions of a folder are, and what state both places are in. `*out` receives a JSON object, to be freed
 * with `joinly_value_free`: "stage" ("not_started", "interrupted": a migration was begun and what counted before still does,
 * "done", "reverted"), "epoch", "backend", "json" and "sqlite" (each an object of "exists", "bytes", "sessions" and "damage"),
 * "backups" as `joinly_chat_file_backups`, and "quarantines" (names of files with sessions that were left out). Waits for
 * nobody. Any thread. Errors: those of `joinly_chat_file_load`.
 */
joinly_status joinly_chat_migration_status(const char *folder,
                                           joinly_value **out,
                                           joinly_error **err);

/**
 * Moves the chat sessions of a folder from the JSON file to SQLite, or goes on with that; does nothing when they are there.
 * The JSON file is copied first and stays; every session is read back and compared before the one step that makes SQLite
 * count. Sessions that no store takes are left out and kept in a file of their own. Loads go on meanwhile, saves wait. It may
 * be killed at any moment: what counted before still does, and the next call goes on. `dry_run` 1: only look. `progress` may be
 * NULL; its records are sessions.
 *
 * `*out` receives a JSON object, to be freed with `joinly_value_free`: "backend" and "epoch", "moved" (whether this call did
 * it), "sessions", "messages" and "bytes", "written" and "unchanged" (sessions: by this call, and by one before), "quarantined"
 * (objects of "index", in the file from 0 on, and "reason"), "quarantine" and "backup" (names of files, or null). Any thread.
 *
 * Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS` (the store has sessions that no migration wrote), `JOINLY_CORRUPT` (the JSON file
 * cannot be read, or a session was read back differently), and those of `joinly_chat_file_save` and `joinly_store_open`.
 */
joinly_status joinly_chat_migrate_to_sqlite(const char *folder,
                                            uint8_t dry_run,
                                            joinly_progress_callback progress,
                                            void *user,
                                            joinly_value **out,
                                            joinly_error **err);

/**
 * Moves the chat sessions of a folder back from SQLite to the JSON file, as `joinly_chat_migrate_to_sqlite` does the other
 * way; the JSON file of before becomes a backup. From its begin on, who has the store open is refused with `JOINLY_MOVED`. Any
 * thread. Errors: those of `joinly_chat_migrate_to_sqlite`.
 */
joinly_status joinly_chat_migrate_to_json(const char *folder,
                                          joinly_progress_callback progress,
                                          void *user,
                                          joinly_value **out,
                                          joinly_error **err);

/**
 * Makes a cache. `options` may be NULL: 64 MiB. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (too many live caches).
 */
joinly_status joinly_cache_new(const joinly_cache_options *options,
                               joinly_cache **out,
                               joinly_error **err);

/**
 * Stores a value that lives `ttl_ms` milliseconds (0: the cache's default). A value larger than the cache is not kept.
 * Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
 */
joinly_status joinly_cache_set(joinly_cache *cache,
                               const uint8_t *key,
                               size_t key_len,
                               const uint8_t *value,
                               size_t value_len,
                               uint64_t ttl_ms,
                               joinly_error **err);

/**
 * Reads a value; `*out` receives a pin, to be freed with `joinly_value_free`. Errors: `JOINLY_NOT_FOUND` (no error
 * object), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
 */
joinly_status joinly_cache_get(const joinly_cache *cache,
                               const uint8_t *key,
                               size_t key_len,
                               joinly_value **out,
                               joinly_error **err);

/**
 * Reads a value into the caller's buffer, as `joinly_kv_get_into`. Errors: those of `joinly_cache_get`, and
 * `JOINLY_BUFFER_TOO_SMALL` (no error object). Any thread.
 */
joinly_status joinly_cache_get_into(const joinly_cache *cache,
                                    const uint8_t *key,
                                    size_t key_len,
                                    uint8_t *buf,
                                    size_t cap,
                                    size_t *len,
                                    joinly_error **err);

/**
 * Deletes a key: `JOINLY_OK` when it existed, else `JOINLY_NOT_FOUND` (no error object). Errors: `JOINLY_INVALID`,
 * `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
 */
joinly_status joinly_cache_delete(joinly_cache *cache,
                                  const uint8_t *key,
                                  size_t key_len,
                                  joinly_error **err);

/**
 * Empties a cache; its figures go on. A bad handle is ignored. Any thread.
 */
void joinly_cache_clear(joinly_cache *cache);

/**
 * Figures of a cache. The caller sets `stats->struct_size`. Errors: `JOINLY_INVALID`, `JOINLY_BAD_HANDLE`. Any thread.
 */
joinly_status joinly_cache_stats_get(const joinly_cache *cache,
                                     joinly_cache_stats *stats,
                                     joinly_error **err);

/**
 * Frees a cache. NULL and one that is freed already are ignored. Any thread.
 */
void joinly_cache_free(joinly_cache *cache);

/**
 * For the Python package alone: a new Python type with fast methods for a store, as a new reference that the caller
 * owns; its subclass sets `_handle` to the store. NULL without an exception when the program runs no Python whose
 * interface is known: then the package calls the other functions of this header through `ctypes`. NULL with an exception
 * when Python has no memory.
 *
 * The caller holds Python's interpreter lock, as a call through `ctypes.PyDLL` does. A program without Python may call
 * it from any thread.
 */
void *joinly_python_store_type(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* JOINLY_STORAGE_H */
