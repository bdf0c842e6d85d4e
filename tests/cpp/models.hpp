// The steps of behaviour cases on lobbies, players, leaderboards and queues.
#ifndef JOINLY_TEST_MODELS_HPP
#define JOINLY_TEST_MODELS_HPP

#include <joinly/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answer.hpp"

/// One step on a model.
class Models {
  public:
    using Transactions = std::map<std::string, joinly::Transaction>;

    Models(joinly::Store& store, Transactions& transactions, const Words& args)
        : store_(store), transactions_(transactions), args_(args) {}

    /// Runs it; false when there is no such step.
    bool run(Answer& answer) {
        const std::string& operation = args_[0];
        if (operation == "json") {
            answer.json(store_.get(word(1)));
            return true;
        }
        if (operation.rfind("lobby_", 0) == 0) {
            return look_at_lobby(operation, answer) || change_lobby(operation, answer);
        }
        return player(operation, answer) || board(operation, answer) || queue(operation, answer);
    }

  private:
    [[nodiscard]] const std::string& word(std::size_t index) const { return args_.at(index); }
    [[nodiscard]] std::uint64_t number(std::size_t index) const { return std::stoull(word(index)); }

    [[nodiscard]] std::optional<std::string> option(std::string_view name) const {
        for (const std::string& word : args_) {
            if (word.size() > name.size() && word.compare(0, name.size(), name) == 0 && word[name.size()] == '=') {
                return word.substr(name.size() + 1);
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string text(std::string_view name) const { return option(name).value_or(""); }
    [[nodiscard]] std::uint64_t amount(std::string_view name) const { return std::stoull(option(name).value_or("0")); }
    [[nodiscard]] bool is(std::string_view name) const { return option(name) == "yes"; }

    /// The words from one on, up to the first option.
    [[nodiscard]] Words words(std::size_t from) const {
        const auto first = args_.begin() + static_cast<std::ptrdiff_t>(from);
        return {first, std::find_if(first, args_.end(), [](const std::string& word) {
                    const auto end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
                    return end != 0 && end != std::string::npos && word[end] == '=';
                })};
    }

    static std::uint32_t choice(const std::string& word, const std::vector<std::string>& choices) {
        const auto found = std::find(choices.begin(), choices.end(), word);
        CHECK(found != choices.end() || word.empty());
        return found == choices.end() ? 0 : static_cast<std::uint32_t>(found - choices.begin());
    }

    [[nodiscard]] joinly::Viewer viewer(std::size_t index) const {
        return static_cast<joinly::Viewer>(choice(word(index), {"public", "member", "owner"}));
    }

    [[nodiscard]] joinly::Lobbies lobbies() const {
        const auto in = option("in");
        const auto request = option("request");
        joinly::Lobbies lobbies = in ? store_.lobbies(transactions_.at(*in)) : store_.lobbies();
        return request ? lobbies.request(*request) : lobbies;
    }

    [[nodiscard]] joinly::Lobby lobby() const {
        const auto request = option("request");
        const auto by = option("by");
        joinly::Lobby lobby = lobbies()[number(1)];
        lobby = request ? lobby.request(*request) : lobby;
        return by ? lobby.as(by->substr(0, by->find(':')), std::stoull(by->substr(by->find(':') + 1))) : lobby;
    }

    [[nodiscard]] std::vector<joinly::Join> joins(std::size_t from) const {
        std::vector<joinly::Join> joins;
        for (const std::string& player : words(from)) {
            joinly::Join join;
            join.player = player;
            join.password = text("password");
            join.build = text("build");
            join.role = text("role");
            join.is_friend = is("friend");
            if (is("code")) {
                join.code = code();
            }
            if (option("team")) {
                join.team = static_cast<std::uint32_t>(amount("team"));
            }
            joins.push_back(join);
        }
        return joins;
    }

    [[nodiscard]] std::string code() const {
        const auto document = lobby().get();
        const auto start = document.view().find("\"code\":\"") + std::string_view("\"code\":\"").size();
        return std::string(document.view().substr(start, 6));
    }

    [[nodiscard]] joinly::LobbyOptions options() const {
        joinly::LobbyOptions options;
        options.kind = text("kind");
        options.name = text("name");
        options.password = text("password");
        options.build = text("build");
        options.max_members = static_cast<std::uint32_t>(std::stoul(option("max_members").value_or("8")));
        options.keep_events = std::stoull(option("keep_events").value_or("1000"));
        options.chat_burst = static_cast<std::uint32_t>(amount("chat_burst"));
        options.chat_every = std::chrono::milliseconds(amount("chat_every_ms"));
        options.visibility =
            static_cast<joinly::Visibility>(choice(text("visibility"), {"public", "friends", "private"}));
        options.migration =
            static_cast<joinly::Migration>(choice(text("migration"), {"oldest", "manual", "never", "close"}));
        options.exclusive = option("exclusive") != "no";
        options.backfill = is("backfill");
        options.keep_empty = is("keep_empty");
        options.attributes = text("attributes");
        options.member_attributes = text("member_attributes");
        options.owner_attributes = text("owner_attributes");
        if (const auto owner = option("owner")) {
            options.owner.emplace();
            options.owner->player = *owner;
        }
        for (std::string sizes = text("teams"); !sizes.empty();) {
            const auto comma = sizes.find(',');
            options.teams.push_back(static_cast<std::uint32_t>(std::stoul(sizes.substr(0, comma))));
            sizes = comma == std::string::npos ? "" : sizes.substr(comma + 1);
        }
        return options;
    }

    [[nodiscard]] joinly::LobbyQuery query() const {
        joinly::LobbyQuery query;
        query.kind = option("kind");
        query.filter = text("filter");
        query.order = text("order");
        query.include_full = is("full");
        return query;
    }

    static void lobby_number(const joinly::Done& done, Answer& answer) {
        answer.number(static_cast<std::int64_t>(done.lobby));
        answer.number(static_cast<std::int64_t>(done.sequence));
    }

    static void lobby_number(const std::optional<joinly::Lobby>& lobby, Answer& answer) {
        if (lobby) {
            answer.number(static_cast<std::int64_t>(lobby->number()));
        } else {
            answer.add("NOT_FOUND");
        }
    }

    bool look_at_lobby(const std::string& operation, Answer& answer) {
        if (operation == "lobby_create") {
            const auto created = lobbies().create(options());
            answer.number(static_cast<std::int64_t>(created.number()));
            answer.add(version(created.get()));
        } else if (operation == "lobby_quick_join") {
            lobby_number(lobbies().quick_join(joins(1), options(), query()), answer);
        } else if (operation == "lobby_heartbeat") {
            const Words players = words(2);
            const auto alive = lobby().heartbeat({players.begin(), players.end()});
            answer.add(std::find(alive.begin(), alive.end(), false) == alive.end() ? "yes" : "no");
        } else if (operation == "lobby_get") {
            answer.json(lobby().get(viewer(2)).view());
        } else if (operation == "lobby_as_of") {
            answer.json(lobby().as_of(number(2), viewer(3)).view());
        } else if (operation == "lobby_events") {
            events(answer);
        } else if (operation == "lobby_invitations") {
            answer.json(lobbies().invitations(word(1)).view());
        } else if (operation == "lobby_search") {
            for (const auto& [key, document] : lobbies().search(query())) {
                answer.add(key);
            }
        } else if (operation == "lobby_by_code") {
            lobby_number(lobbies().by_code(code()), answer);
        } else if (operation == "lobby_of_player") {
            lobby_number(lobbies().of_player(word(1), word(2)), answer);
        } else {
            return false;
        }
        return true;
    }

    /// The number of the last event in a snapshot.
    static std::string version(const joinly::Value& snapshot) {
        const auto start = snapshot.view().find("\"version\":") + std::string_view("\"version\":").size();
        return std::string(snapshot.view().substr(start, snapshot.view().find(',', start) - start));
    }

    void events(Answer& answer) {
        const auto events = lobby().poll(number(2), {}, viewer(3));
        if (!events) {
            answer.add("TIMEOUT");
            return;
        }
        for (const auto& event : *events) {
            answer.json(event.json);
        }
        if (events->is_resync()) {
            answer.add("RESYNC");
            answer.json(events->snapshot());
        }
    }

    bool change_lobby(const std::string& operation, Answer& answer) {
        using Act = std::function<joinly::Done(joinly::Lobby)>;
        const std::map<std::string, Act> acts = {
            {"lobby_join", [&](auto lobby) { return lobby.join_party(joins(2)); }},
            {"lobby_reserve", [&](auto lobby) { return lobby.reserve(seats()); }},
            {"lobby_invite",
             [&](auto lobby) {
                 return lobby.invite(word(2), option("from"), std::chrono::milliseconds(amount("for_ms")));
             }},
            {"lobby_uninvite", [&](auto lobby) { return lobby.uninvite(word(2), option("from")); }},
            {"lobby_leave", [&](auto lobby) { return lobby.leave(word(2)); }},
            {"lobby_kick", [&](auto lobby) { return lobby.kick(word(2)); }},
            {"lobby_ban", [&](auto lobby) { return lobby.ban(word(2)); }},
            {"lobby_unban", [&](auto lobby) { return lobby.unban(word(2)); }},
            {"lobby_transfer", [&](auto lobby) { return lobby.transfer(word(2)); }},
            {"lobby_move", [&](auto lobby) { return move(lobby); }},
            {"lobby_ready", [&](auto lobby) { return lobby.ready(word(2), word(3) == "yes"); }},
            {"lobby_patch", [&](auto lobby) { return lobby.patch(word(2), amount("expected")); }},
            {"lobby_patch_member",
             [&](auto lobby) { return lobby.patch_member(word(2), word(3), amount("expected")); }},
            {"lobby_say", [&](auto lobby) { return lobby.say(word(2), word(3)); }},
        };
        const auto act = acts.find(operation);
        if (act == acts.end()) {
            return false;
        }
        answer.number(static_cast<std::int64_t>(act->second(lobby()).sequence));
        return true;
    }

    [[nodiscard]] std::vector<joinly::SeatRequest> seats() const {
        std::vector<joinly::SeatRequest> seats;
        for (const std::string& player : words(2)) {
            seats.emplace_back();
            seats.back().player = player;
        }
        return seats;
    }

    joinly::Done move(joinly::Lobby& lobby) const {
        switch (choice(word(2), {"lock", "unlock", "start", "cancel", "reopen", "close"})) {
            case 0: return lobby.lock();
            case 1: return lobby.unlock();
            case 2: return lobby.start(std::chrono::milliseconds(amount("ready_ms")));
            case 3: return lobby.cancel();
            case 4: return lobby.reopen();
            default: return lobby.close();
        }
    }

    bool player(const std::string& operation, Answer& answer) {
        auto players = store_.players();
        const auto currency = [&](std::size_t index) { return joinly::Holding::currency(word(index)); };
        if (operation == "player_create") {
            answer.json(players.create(word(1), word(2)).view());
        } else if (operation == "player_patch") {
            answer.json(players.patch(word(1), word(2), amount("expected")).view());
        } else if (operation == "player_by_account") {
            answer.json(players.by_account(word(1), word(2)));
        } else if (operation == "holdings_adjust") {
            answer.number(players.adjust({{word(1), currency(2), std::stoll(word(3))}}).front());
        } else if (operation == "holdings_transfer") {
            players.transfer(word(1), word(2), currency(3), std::stoll(word(4)));
            answer.ok();
        } else if (operation == "holdings_balances") {
            answer.json(players.balances(word(1)).view());
        } else {
            return false;
        }
        return true;
    }

    bool board(const std::string& operation, Answer& answer) {
        auto boards = store_.leaderboards();
        if (operation == "board_create") {
            boards.create(word(1), word(2));
            answer.ok();
        } else if (operation == "board_submit") {
            answer.json(boards.submit(word(1), word(2), std::stoll(word(3))).view());
        } else if (operation == "board_rank") {
            answer.json(boards.rank(word(1), word(2)));
        } else if (operation == "board_top") {
            answer.json(boards.top(word(1), number(2), number(3)).view());
        } else if (operation == "board_around") {
            answer.json(boards.around(word(1), word(2), number(3), number(4)).view());
        } else if (operation == "board_count") {
            answer.number(static_cast<std::int64_t>(boards.count(word(1))));
        } else if (operation == "result_apply") {
            answer.json(boards.apply_result(word(1)).document.view());
        } else {
            return false;
        }
        return true;
    }

    [[nodiscard]] joinly::Ticket ticket() const {
        joinly::Ticket ticket;
        for (const std::string& seeker : words(2)) {
            const auto colon = seeker.find(':');
            ticket.party.emplace_back();
            ticket.party.back().player = seeker.substr(0, colon);
            ticket.party.back().rating = {std::stod(seeker.substr(colon + 1)), 2, 0};
        }
        ticket.keys = text("keys");
        ticket.attributes = text("attributes");
        ticket.filters = text("filters");
        ticket.blocked = text("blocked");
        return ticket;
    }

    bool queue(const std::string& operation, Answer& answer) {
        auto queues = store_.queues();
        if (operation == "queue_configure") {
            queues.configure(word(1), word(2));
            answer.ok();
        } else if (operation == "queue_enqueue") {
            answer.number(static_cast<std::int64_t>(queues.enqueue(word(1), ticket()).ticket));
        } else if (operation == "queue_ticket") {
            answer.json(queues.ticket(word(1), number(2)));
        } else if (operation == "queue_cancel") {
            queues.cancel(word(1), number(2));
            answer.ok();
        } else if (operation == "queue_tick") {
            tick(queues.tick(word(1), word(2), std::chrono::minutes(1)).view(), answer);
        } else if (operation == "match_get") {
            answer.json(queues.match(word(1)));
        } else if (operation == "match_accept") {
            answer.json(queues.accept(word(1), word(2)).view());
        } else if (operation == "match_decline") {
            queues.decline(word(1), word(2));
            answer.ok();
        } else {
            return false;
        }
        return true;
    }

    /// The matches of a tick: only they have texts as ids.
    static void tick(std::string_view document, Answer& answer) {
        constexpr std::string_view id = "\"id\":\"";
        for (auto at = document.find(id); at != std::string_view::npos; at = document.find(id, at)) {
            at += id.size();
            answer.add(document.substr(at, document.find('"', at) - at));
        }
    }

    joinly::Store& store_;
    Transactions& transactions_;
    const Words& args_;
};

#endif
