// What is done to whole stores: migration, backup, restore, repair, import. Not part of storage.hpp: include it where
// it is used.
#ifndef JOINLY_ADMIN_HPP
#define JOINLY_ADMIN_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "detail/call.hpp"
#include "storage.hpp"
#include "value.hpp"

namespace joinly {

/// How far an operation is: `phase` is one of `JOINLY_PHASE_*`.
using Progress = joinly_progress;

/// Told after every step, on the thread of the call; false ends the operation with `Status::cancelled`. What it throws
/// ends it too, and is thrown on.
using Watcher = std::function<bool(const Progress&)>;

/// How to migrate: the fields of `joinly_migrate_options`, set to their defaults.
struct MigrateOptions : joinly_migrate_options {
    MigrateOptions() noexcept : joinly_migrate_options{} { struct_size = sizeof(joinly_migrate_options); }
};

/// How to back up: the fields of `joinly_backup_options`, set to their defaults.
struct BackupOptions : joinly_backup_options {
    BackupOptions() noexcept : joinly_backup_options{} { struct_size = sizeof(joinly_backup_options); }
};

/// How to import: the fields of `joinly_import_options`, set to their defaults.
struct ImportOptions : joinly_import_options {
    ImportOptions() noexcept : joinly_import_options{} { struct_size = sizeof(joinly_import_options); }
};

/// A record to import.
struct ImportRecord {
    std::string key;
    std::string value;
    /// In milliseconds since 1970-01-01 UTC; 0: never.
    std::int64_t expires_at = 0;
};

/// Gives the next record of an import, on the thread of the call; nothing after the last. Keys come in ascending order,
/// each once. It is told the key of the record before, or where an earlier attempt stopped: it may go on there, and one
/// that begins anew is asked until it is past it. What it throws ends the import, and is thrown on.
using ImportSource = std::function<std::optional<ImportRecord>(std::string_view after)>;

/// A store that an operation made, and its report: the JSON that the function of C describes.
struct Made {
    /// Nothing after a dry run.
    std::optional<Store> store;
    Value report;
};

namespace detail {

/// A watcher as C takes it: itself as the `user`.
struct Watching {
    const Watcher& watcher;
#if JOINLY_EXCEPTIONS
    std::exception_ptr thrown{};
#endif

    static std::int32_t tell(const Progress* progress, void* user) {
        auto& self = *static_cast<Watching*>(user);
#if JOINLY_EXCEPTIONS
        try {
            return self.watcher(*progress) ? 0 : 1;
        } catch (...) {
            self.thrown = std::current_exception();
            return 1;
        }
#else
        return self.watcher(*progress) ? 0 : 1;
#endif
    }

    [[nodiscard]] joinly_progress_callback callback() const noexcept { return watcher ? &tell : nullptr; }

    /// Throws on what the watcher threw.
    void done() const {
#if JOINLY_EXCEPTIONS
        if (thrown) {
            std::rethrow_exception(thrown);
        }
#endif
    }
};

/// A source as C takes it: itself as the `user`.
struct Sourcing {
    const ImportSource& source;
    std::optional<ImportRecord> given{};
#if JOINLY_EXCEPTIONS
    std::exception_ptr thrown{};
#endif

    static std::int32_t give(const std::uint8_t* after, std::size_t after_len, joinly_import_record* record,
                             void* user) {
        auto& self = *static_cast<Sourcing*>(user);
#if JOINLY_EXCEPTIONS
        try {
            return self.next({reinterpret_cast<const char*>(after), after_len}, *record);
        } catch (...) {
            self.thrown = std::current_exception();
            return -1;
        }
#else
        return self.next({reinterpret_cast<const char*>(after), after_len}, *record);
#endif
    }

    std::int32_t next(std::string_view after, joinly_import_record& record) {
        given = source(after);
        if (!given) {
            return 0;
        }
        record.key = reinterpret_cast<const std::uint8_t*>(given->key.data());
        record.key_len = given->key.size();
        record.value = reinterpret_cast<const std::uint8_t*>(given->value.data());
        record.value_len = given->value.size();
        record.expires_at = given->expires_at;
        return 1;
    }

    [[nodiscard]] joinly_import_callback callback() const noexcept { return source ? &give : nullptr; }

    /// Throws on what the source threw.
    void done() const {
#if JOINLY_EXCEPTIONS
        if (thrown) {
            std::rethrow_exception(thrown);
        }
#endif
    }
};

/// Runs `call(callback, user, report, error)`: the report.
template <class Call>
Result<Value> watched(const Watcher& watcher, Call&& call) {
    Watching watching{watcher};
    auto report = make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
        return std::forward<Call>(call)(watching.callback(), &watching, out, error);
    });
    watching.done();
    return report;
}

/// Runs `call(callback, user, store, report, error)`: the store and the report.
template <class Call>
Result<Made> made(const Watcher& watcher, Call&& call) {
    joinly_store* store = nullptr;
    auto report = watched(watcher, [&](joinly_progress_callback callback, void* user, joinly_value** out,
                                       joinly_error** error) { return call(callback, user, &store, out, error); });
    if (!report) {
        return report.error();
    }
    Made made{std::nullopt, *std::move(report)};
    if (store != nullptr) {
        made.store.emplace(store);
    }
    return made;
}

}  // namespace detail

/// Moves a store to a path or URL, of any engine, while it is read and written: go on with the store of what this
/// gives, for writers of the old one get `Status::moved`. After a failure or the death of the process the same call
/// goes on where it stopped. As `joinly_migrate`.
inline Result<Made> try_migrate(Store& store, const std::string& to, const MigrateOptions& options = {},
                                const Watcher& watcher = {}) {
    return detail::made(watcher, [&](joinly_progress_callback callback, void* user, joinly_store** out,
                                     joinly_value** report, joinly_error** error) {
        return joinly_migrate(store.c_store(), to.c_str(), &options, callback, user, out, report, error);
    });
}

/// Where the store of a path or URL is in a migration, as JSON; as `joinly_migrate_status`.
inline Result<Value> try_migrate_status(const std::string& url) {
    return detail::make<Value, joinly_value*>(
        [&](joinly_value** out, joinly_error** error) { return joinly_migrate_status(url.c_str(), out, error); });
}

/// Takes the mark off a store that was moved, so that it is written to again; as `joinly_migrate_reclaim`.
inline Result<void> try_reclaim(Store& store) {
    return detail::run([&](joinly_error** error) { return joinly_migrate_reclaim(store.c_store(), error); });
}

/// Makes a backup in a folder while the store is read and written; the report is JSON, as of `joinly_backup`.
inline Result<Value> try_backup(Store& store, const std::string& folder, const BackupOptions& options = {},
                                const Watcher& watcher = {}) {
    return detail::watched(
        watcher, [&](joinly_progress_callback callback, void* user, joinly_value** report, joinly_error** error) {
            return joinly_backup(store.c_store(), folder.c_str(), &options, callback, user, report, error);
        });
}

/// Makes a full backup in a file, which must not exist.
inline Result<Value> try_backup_file(Store& store, const std::string& file, const Watcher& watcher = {}) {
    return detail::watched(
        watcher, [&](joinly_progress_callback callback, void* user, joinly_value** report, joinly_error** error) {
            return joinly_backup_file(store.c_store(), file.c_str(), callback, user, report, error);
        });
}

/// Reads a backup from the first byte to the last; `Status::corrupt` when it is not as it was written.
inline Result<Value> try_check_backup(const std::string& file, const Watcher& watcher = {}) {
    return detail::watched(
        watcher, [&](joinly_progress_callback callback, void* user, joinly_value** report, joinly_error** error) {
            return joinly_backup_check(file.c_str(), callback, user, report, error);
        });
}

/// The backups of a folder, oldest first: a JSON array.
inline Result<Value> try_list_backups(const std::string& folder) {
    return detail::make<Value, joinly_value*>(
        [&](joinly_value** out, joinly_error** error) { return joinly_backup_list(folder.c_str(), out, error); });
}

/// Makes a store from a backup, a file or the latest of a folder; `backup` names another one of the folder. What is at
/// the place is put aside when `overwrite` is set, else it is an error. As `joinly_restore`.
inline Result<Made> try_restore(const std::string& from, const std::string& to, bool overwrite = false,
                                const std::optional<std::string>& backup = {}, const Watcher& watcher = {}) {
    return detail::made(watcher, [&](joinly_progress_callback callback, void* user, joinly_store** out,
                                     joinly_value** report, joinly_error** error) {
        return joinly_restore(from.c_str(), backup ? backup->c_str() : nullptr, to.c_str(), overwrite ? 1 : 0, callback,
                              user, out, report, error);
    });
}

/// Makes a new store of what can be read of a damaged one, which stays as it is. As `joinly_repair`.
inline Result<Made> try_repair(const std::string& damaged, const std::string& to, bool overwrite = false,
                               const Watcher& watcher = {}) {
    return detail::made(watcher, [&](joinly_progress_callback callback, void* user, joinly_store** out,
                                     joinly_value** report, joinly_error** error) {
        return joinly_repair(damaged.c_str(), to.c_str(), overwrite ? 1 : 0, callback, user, out, report, error);
    });
}

/// Takes over all records of another program into a store that may hold other data and be in use; the report is JSON.
/// After a failure or the death of the process the same call goes on where it stopped. `fingerprint` tells these
/// records from all others. As `joinly_import`.
inline Result<Value> try_import_records(Store& store, const std::string& name, std::uint64_t fingerprint,
                                        const ImportSource& source, const ImportOptions& options = {},
                                        const Watcher& watcher = {}) {
    detail::Sourcing sourcing{source};
    auto report = detail::watched(
        watcher, [&](joinly_progress_callback callback, void* user, joinly_value** out, joinly_error** error) {
            return joinly_import(store.c_store(), name.c_str(), fingerprint, sourcing.callback(), &sourcing, &options,
                                 callback, user, out, error);
        });
    sourcing.done();
    return report;
}

/// Where the import of a name is, as JSON; `Status::not_found` if there was none. As `joinly_import_status`.
inline Result<Value> try_import_status(Store& store, const std::string& name) {
    return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
        return joinly_import_status(store.c_store(), name.c_str(), out, error);
    });
}

/// Backups made every so often by a thread of the library, until this is destroyed or the store closed. Move-only.
class BackupSchedule {
  public:
    /// Makes one whenever the latest in the folder is older than `every`.
    static Result<BackupSchedule> try_start(Store& store, const std::string& folder, std::chrono::milliseconds every,
                                            const BackupOptions& options = {}) {
        const auto interval = detail::lifetime(every);
        if (!interval) {
            return interval.error();
        }
        return detail::make<BackupSchedule, joinly_backup_schedule*>(
            [&](joinly_backup_schedule** out, joinly_error** error) {
                return joinly_backup_schedule_start(store.c_store(), folder.c_str(), &options, *interval, out, error);
            });
    }

    /// What it did so far, as JSON: "made", "latest", "failures", "error".
    Result<Value> try_status() const {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_backup_schedule_status(schedule_.get(), out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    static BackupSchedule start(Store& store, const std::string& folder, std::chrono::milliseconds every,
                                const BackupOptions& options = {}) {
        return try_start(store, folder, every, options).value();
    }
    [[nodiscard]] Value status() const { return try_status().value(); }
#endif

    /// Takes ownership of a C schedule.
    explicit BackupSchedule(joinly_backup_schedule* owned) noexcept : schedule_(owned) {}

  private:
    detail::Owned<joinly_backup_schedule, joinly_backup_schedule_free> schedule_;
};

#if JOINLY_EXCEPTIONS
inline Made migrate(Store& store, const std::string& to, const MigrateOptions& options = {},
                    const Watcher& watcher = {}) {
    return try_migrate(store, to, options, watcher).value();
}
inline Value migrate_status(const std::string& url) { return try_migrate_status(url).value(); }
inline void reclaim(Store& store) { try_reclaim(store).value(); }
inline Value backup(Store& store, const std::string& folder, const BackupOptions& options = {},
                    const Watcher& watcher = {}) {
    return try_backup(store, folder, options, watcher).value();
}
inline Value backup_file(Store& store, const std::string& file, const Watcher& watcher = {}) {
    return try_backup_file(store, file, watcher).value();
}
inline Value check_backup(const std::string& file, const Watcher& watcher = {}) {
    return try_check_backup(file, watcher).value();
}
inline Value list_backups(const std::string& folder) { return try_list_backups(folder).value(); }
inline Made restore(const std::string& from, const std::string& to, bool overwrite = false,
                    const std::optional<std::string>& backup = {}, const Watcher& watcher = {}) {
    return try_restore(from, to, overwrite, backup, watcher).value();
}
inline Value import_records(Store& store, const std::string& name, std::uint64_t fingerprint,
                            const ImportSource& source, const ImportOptions& options = {},
                            const Watcher& watcher = {}) {
    return try_import_records(store, name, fingerprint, source, options, watcher).value();
}
inline Value import_status(Store& store, const std::string& name) { return try_import_status(store, name).value(); }
inline Made repair(const std::string& damaged, const std::string& to, bool overwrite = false,
                   const Watcher& watcher = {}) {
    return try_repair(damaged, to, overwrite, watcher).value();
}
#endif

}  // namespace joinly

#endif
