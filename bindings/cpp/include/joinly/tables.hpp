// The tables of a store: rows with typed columns, keys and constraints.
#ifndef JOINLY_TABLES_HPP
#define JOINLY_TABLES_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "detail/call.hpp"
#include "scalar.hpp"
#include "scan.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// The rows that a selection finds, read while iterating: `for (auto& [key, row] : table.select(R"([{"key":"gpa",
/// "op":">","value":3}])").order(R"([{"column":"name"}])"))`. A row is a JSON object in the order of the columns.
/// Belongs to one thread at a time.
class TableRows : public detail::Rows<TableRows> {
  public:
    /// In this order, a JSON array of {"column": ...} and {"column": ..., "descending": true}; else by key.
    [[nodiscard]] TableRows order(std::string json) && {
        order_ = std::move(json);
        return moved();
    }

  private:
    friend class Table;
    friend class detail::Rows<TableRows>;

    TableRows(const joinly_store* store, joinly_txn* txn, std::string table, std::string filter)
        : store_(store), txn_(txn), table_(std::move(table)), filter_(std::move(filter)) {}

    [[nodiscard]] Result<Page> try_read(std::string_view cursor) const {
        joinly_table_query query{};
        query.struct_size = sizeof query;
        query.limit = page_size_;
        query.filter = filter_.data();
        query.filter_len = filter_.size();
        query.order = order_.data();
        query.order_len = order_.size();
        query.cursor = detail::bytes(cursor);
        query.cursor_len = cursor.size();
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            return joinly_table_select(store_, txn_, table_.data(), table_.size(), &query, out, error);
        });
    }

    const joinly_store* store_;
    joinly_txn* txn_;
    std::string table_;
    std::string filter_;
    std::string order_;
};

/// A table: `store.table("student")`, or within a transaction `store.table("student", transaction)`, committed and
/// undone with it. Rows, changes and filters are JSON, as the C header describes them; an empty filter: every row.
/// Usable from any thread, except within a transaction. Not to outlive the store or transaction.
class Table {
  public:
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Its schema.
    Result<Value> try_schema() const {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_table_schema(store_, txn_, name_.data(), name_.size(), out, error);
        });
    }

    /// Inserts rows, a JSON array of objects, all of them or none; answers them with all their values.
    Result<Value> try_insert(std::string_view rows) {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_table_insert(store_, txn_, name_.data(), name_.size(), rows.data(), rows.size(), out, error);
        });
    }

    /// The row of a primary key, if there is one; of a table without one by its number.
    Result<std::optional<Value>> try_get(const Scalar& key) const {
        joinly_value* row = nullptr;
        joinly_error* error = nullptr;
        const joinly_status status = joinly_table_get(store_, txn_, name_.data(), name_.size(), key.text().data(),
                                                      key.text().size(), &row, &error);
        if (status == JOINLY_OK) {
            return std::optional<Value>(Value(row));
        }
        // With an error object it is the table that is not there.
        if (status == JOINLY_NOT_FOUND && error == nullptr) {
            return std::optional<Value>();
        }
        return detail::take_error(status, error);
    }

    /// The rows that pass a filter.
    [[nodiscard]] TableRows select(std::string filter = {}) const { return {store_, txn_, name_, std::move(filter)}; }

    /// How many rows pass a filter.
    Result<std::uint64_t> try_count(std::string_view filter = {}) const {
        return number([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_count(store_, txn_, name_.data(), name_.size(), filter.data(), filter.size(), out,
                                      error);
        });
    }

    /// Gives the rows that pass a filter new values, all of them or none; answers how many there were.
    Result<std::uint64_t> try_update(std::string_view filter, std::string_view changes) {
        return number([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_update(store_, txn_, name_.data(), name_.size(), filter.data(), filter.size(),
                                       changes.data(), changes.size(), out, error);
        });
    }

    /// Deletes the rows that pass a filter, all of them or none; answers how many there were.
    Result<std::uint64_t> try_erase(std::string_view filter) {
        return number([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_delete(store_, txn_, name_.data(), name_.size(), filter.data(), filter.size(), out,
                                       error);
        });
    }

    /// Writes the table to a file; answers how many rows it has. Not within a transaction, as all below.
    Result<std::uint64_t> try_export(const std::string& path) const {
        return number([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_export(store_, name_.data(), name_.size(), path.c_str(), out, error);
        });
    }

    /// {"records", "size_bytes", "columns"}.
    Result<Value> try_stats() const {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_table_stats(store_, name_.data(), name_.size(), out, error);
        });
    }

    /// Reads and checks every row, and puts right what hand-edited files left behind; answers how many there are.
    Result<std::uint64_t> try_check() {
        return number([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_check(store_, name_.data(), name_.size(), out, error);
        });
    }

    /// Takes the lock of the table, or renews it; fails with `Status::busy` while another owner has it.
    Result<void> try_lock(std::string_view owner, std::chrono::milliseconds ttl) {
        const auto life = detail::lifetime(ttl);
        if (!life) {
            return life.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_table_lock(store_, name_.data(), name_.size(), owner.data(), owner.size(), *life, error);
        });
    }

    /// Gives the lock back; whether this owner had it still.
    Result<bool> try_unlock(std::string_view owner) {
        return detail::make<bool, std::uint8_t>([&](std::uint8_t* out, joinly_error** error) {
            return joinly_table_unlock(store_, name_.data(), name_.size(), owner.data(), owner.size(), out, error);
        });
    }

    /// Drops the table with all its rows.
    Result<void> try_drop() {
        return detail::run(
            [&](joinly_error** error) { return joinly_table_drop(store_, name_.data(), name_.size(), error); });
    }

#if JOINLY_EXCEPTIONS
    [[nodiscard]] Value schema() const { return try_schema().value(); }
    Value insert(std::string_view rows) { return try_insert(rows).value(); }
    [[nodiscard]] std::optional<Value> get(const Scalar& key) const { return try_get(key).value(); }
    [[nodiscard]] std::uint64_t count(std::string_view filter = {}) const { return try_count(filter).value(); }
    std::uint64_t update(std::string_view filter, std::string_view changes) {
        return try_update(filter, changes).value();
    }
    std::uint64_t erase(std::string_view filter) { return try_erase(filter).value(); }
    std::uint64_t export_to(const std::string& path) const { return try_export(path).value(); }
    [[nodiscard]] Value stats() const { return try_stats().value(); }
    std::uint64_t check() { return try_check().value(); }
    void lock(std::string_view owner, std::chrono::milliseconds ttl) { try_lock(owner, ttl).value(); }
    bool unlock(std::string_view owner) { return try_unlock(owner).value(); }
    void drop() { try_drop().value(); }
#endif

  private:
    friend class Store;

    Table(joinly_store* store, joinly_txn* txn, std::string name) : store_(store), txn_(txn), name_(std::move(name)) {}

    template <class Call>
    static Result<std::uint64_t> number(Call&& call) {
        return detail::make<std::uint64_t, std::uint64_t>(std::forward<Call>(call));
    }

    joinly_store* store_;
    joinly_txn* txn_;
    std::string name_;
};

/// The tables of a store: `store.tables()`. Schemas are JSON, as `joinly_table_create` describes them. Usable from any
/// thread. Not to outlive the store.
class Tables {
  public:
    /// Makes a table, or gives one the columns and wider types that it lacks; answers the schema as it is stored.
    Result<Value> try_create(std::string_view schema) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_table_create(store_, schema.data(), schema.size(), out, error);
        });
    }

    /// The same, and drops the columns that the schema does not have.
    Result<Value> try_evolve(std::string_view schema) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_table_evolve(store_, schema.data(), schema.size(), out, error);
        });
    }

    /// A JSON array of their names.
    Result<Value> try_names() const {
        return document(
            [&](joinly_value** out, joinly_error** error) { return joinly_table_names(store_, nullptr, out, error); });
    }

    /// Inserts the rows of a file that `Table::export_to` wrote, all of them or none, into its table, which is made if
    /// it is not there; answers how many there were.
    Result<std::uint64_t> try_import(const std::string& path) {
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* out, joinly_error** error) {
            return joinly_table_import(store_, path.c_str(), out, error);
        });
    }

    /// Copies every table into another store, of any engine, that has none of their names: all of them or none. Answers
    /// a JSON array of arrays of a name and a number of rows.
    Result<Value> try_copy_to(Tables target) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_table_copy(store_, target.store_, out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    Value create(std::string_view schema) { return try_create(schema).value(); }
    Value evolve(std::string_view schema) { return try_evolve(schema).value(); }
    [[nodiscard]] Value names() const { return try_names().value(); }
    std::uint64_t import_from(const std::string& path) { return try_import(path).value(); }
    Value copy_to(Tables target) const { return try_copy_to(target).value(); }
#endif

  private:
    friend class Store;

    explicit Tables(joinly_store* store) noexcept : store_(store) {}

    template <class Call>
    static Result<Value> document(Call&& call) {
        return detail::make<Value, joinly_value*>(std::forward<Call>(call));
    }

    joinly_store* store_;
};

}  // namespace joinly

#endif
