//! The program as a user runs it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder to run in, and the program.
struct Shell(tempfile::TempDir);

/// What a run of it gave.
#[derive(Debug)]
struct Run {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Run {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    fn lines(&self) -> Vec<&str> {
        self.text().lines().collect()
    }

    fn json(&self) -> Vec<Value> {
        self.lines().into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code().unwrap(), out: output.stdout, err }
    }
}

impl Shell {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_joinly"));
        command.args(args).current_dir(&self.0);
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        self.command(args).stdin(Stdio::null()).output().unwrap().into()
    }

    fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, 0, "{args:?}: {run:?}");
        run
    }

    fn fed(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(args);
        let mut child =
            child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap().into()
    }
}

#[test]
fn a_value_is_set_read_and_deleted() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "player:1", r#"{"name":"Ada"}"#]);
    assert_eq!(shell.ok(&["get", "a.db", "player:1"]).text(), r#"{"name":"Ada"}"#);
    assert_eq!(shell.ok(&["del", "a.db", "player:1"]).text(), "1 deleted\n");
    let gone = shell.run(&["get", "a.db", "player:1"]);
    assert_eq!((gone.code, gone.text(), gone.err.as_str()), (1, "", ""));
    assert_eq!(shell.run(&["del", "a.db", "player:1"]).code, 1);
}

#[test]
fn bytes_go_in_and_out_as_they_are() {
    let shell = Shell::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(shell.fed(&["set", "a.db", r"bin\x00\xff"], &bytes).code, 0);
    assert_eq!(shell.ok(&["get", "a.db", r"bin\0\xff"]).out, bytes);
    assert_eq!(shell.ok(&["scan", "a.db", "--keys"]).text(), "bin\\x00\\xff\n");
}

#[test]
fn a_write_may_demand_a_version() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "k", "1", "--if-version", "0"]);
    let refused = shell.run(&["--json", "set", "a.db", "k", "2", "--if-version", "0"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(serde_json::from_str::<Value>(&refused.err).unwrap()["error"], "CONFLICT");
    let version = shell.ok(&["--json", "get", "a.db", "k"]).json()[0]["version"].to_string();
    shell.ok(&["set", "a.db", "k", "2", "--if-version", &version]);
    assert_eq!(shell.ok(&["get", "a.db", "k"]).text(), "2");
}

#[test]
fn a_scan_takes_a_prefix_or_bounds() {
    let shell = Shell::new();
    let lines: Vec<String> = (0..2500).map(|n| format!(r#"{{"key":"n:{n:04}","value":{n}}}"#)).collect();
    assert_eq!(shell.fed(&["import", "a.db"], lines.join("\n").as_bytes()).text(), "2500 imported\n");
    assert_eq!(shell.ok(&["scan", "a.db", "n:"]).lines().len(), 2500);
    assert_eq!(shell.ok(&["scan", "a.db", "n:000", "--limit", "2"]).lines(), ["n:0000\t0", "n:0001\t1"]);
    let last =
        shell.ok(&["scan", "a.db", "--from", "n:0010", "--to", "n:0012", "--reverse", "--json"]).json();
    assert_eq!(last.iter().map(|row| row["value"].as_u64().unwrap()).collect::<Vec<_>>(), [11, 10]);
    assert_eq!(shell.ok(&["del", "--prefix", "a.db", "n:"]).text(), "2500 deleted\n");
    assert_eq!(shell.ok(&["scan", "a.db"]).text(), "");
}

#[test]
fn what_was_exported_is_imported_the_same() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "json", r#"{"b": 1, "a": [null]}"#]);
    shell.ok(&["set", "a.db", "text", "two\nlines"]);
    shell.fed(&["set", "a.db", r"\xff"], b"\0\xfe");
    shell.ok(&["set", "a.db", "soon", "x", "--ttl", "1h"]);
    let exported = shell.ok(&["export", "a.db", "-o", "a.jsonl"]);
    assert_eq!(exported.text(), "4 exported\n");
    shell.ok(&["import", "b.db", "a.jsonl"]);
    let rows = |name| {
        let mut rows = shell.ok(&["--json", "scan", name]).json();
        rows.iter_mut().for_each(|row| row["version"] = Value::Null);
        rows
    };
    assert_eq!(rows("a.db"), rows("b.db"));
    assert_eq!(shell.ok(&["get", "b.db", "json"]).text(), r#"{"b": 1, "a": [null]}"#);
    assert!(rows("b.db").iter().any(|row| row["key"] == "soon" && row["expires_at"].as_i64() > Some(0)));
}

#[test]
fn a_bad_line_is_named_and_an_export_never_half_there() {
    let shell = Shell::new();
    let bad = shell.fed(&["import", "a.db"], b"{\"key\":\"a\",\"value\":1}\n\n{\"key\":\"b\"}\n");
    assert_eq!(bad.code, 2, "{bad:?}");
    assert!(bad.err.contains("line 3") && bad.err.contains("value"), "{}", bad.err);
    assert_eq!(shell.run(&["export", "none.db", "-o", "out.jsonl"]).code, 1);
    let entries: Vec<_> =
        std::fs::read_dir(shell.0.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(entries.iter().all(|name| name.to_string_lossy().starts_with("a.db")), "{entries:?}");
}

#[test]
fn sql_answers_in_columns_and_in_json() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "player:1", r#"{"name":"Ada"}"#]);
    let query = "SELECT name, document ->> 'name' AS who FROM kv WHERE space = 'player' AND id = ?";
    assert_eq!(shell.ok(&["sql", "a.db", query, "1"]).lines(), ["name  who", "1     Ada"]);
    assert_eq!(shell.ok(&["--json", "sql", "a.db", query, "1"]).text(), "{\"name\":\"1\",\"who\":\"Ada\"}\n");
    assert_eq!(shell.ok(&["--json", "sql", "a.db", query, "2"]).text(), "");
    let wrong = shell.run(&["sql", "a.db", "DELETE FROM kv"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn a_watch_tells_what_another_process_commits() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "x:1", "1"]);
    let mut watch =
        shell.command(&["--json", "watch", "a.db", "x:", "--since", "1", "--commits", "2", "--idle", "60s"]);
    let watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    shell.ok(&["set", "a.db", "y:1", "1"]);
    shell.ok(&["set", "a.db", "x:2", "1"]);
    shell.ok(&["del", "a.db", "x:1"]);
    let seen = Run::from(watch.wait_with_output().unwrap()).json();
    let told: Vec<_> =
        seen.iter().map(|it| (it["change"].as_str().unwrap(), it["key"].as_str().unwrap())).collect();
    assert_eq!(told, [("put", "x:2"), ("delete", "x:1")]);
}

#[test]
fn figures_and_health_are_told() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "k", "v"]);
    let stats = &shell.ok(&["--json", "stats", "a.db"]).json()[0];
    assert_eq!((stats["engine"].as_str(), stats["version"].as_u64()), (Some("sqlite"), Some(1)));
    assert_eq!(shell.ok(&["verify", "a.db"]).text(), "whole, at version 1\n");
    let top = &shell.ok(&["--json", "top", "a.db", "--looks", "1", "--interval", "10ms"]).json()[0];
    assert_eq!((top["version"].as_u64(), top["commits"].as_u64()), (Some(1), Some(0)));
    assert_eq!(shell.ok(&["--json", "lobbies", "a.db"]).text(), "");
}

#[test]
fn a_backup_is_listed_and_restored() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "k", "1"]);
    shell.ok(&["backup", "a.db", "saved"]);
    shell.ok(&["set", "a.db", "k", "2"]);
    let second = &shell.ok(&["--json", "backup", "a.db", "saved", "--incremental"]).json()[0];
    assert!(second["base"].is_string() && second["full_because"].is_null(), "{second}");
    let listed = shell.ok(&["--json", "backup", "a.db", "saved", "--list"]).json();
    assert_eq!(listed.len(), 2);
    shell.ok(&["restore", "saved", "b.db"]);
    assert_eq!(shell.ok(&["get", "b.db", "k"]).text(), "2");
    let first = listed[0]["id"].as_str().unwrap();
    assert_eq!(shell.run(&["restore", "saved", "b.db", "--backup", first]).code, 5);
    shell.ok(&["restore", "saved", "b.db", "--backup", first, "--overwrite"]);
    assert_eq!(shell.ok(&["get", "b.db", "k"]).text(), "1");
}

#[test]
fn a_store_is_moved_and_moved_back() {
    let shell = Shell::new();
    shell.ok(&["set", "a.db", "k", "1"]);
    let dry = &shell.ok(&["--json", "migrate", "a.db", "b.db", "--dry-run"]).json()[0];
    assert_eq!(dry["records"], 1);
    assert!(!shell.path("b.db").exists());
    shell.ok(&["migrate", "a.db", "b.db", "--backup", "saved"]);
    assert_eq!(shell.ok(&["--json", "migrate", "a.db", "--status"]).json()[0]["state"], "moved");
    let refused = shell.run(&["--json", "set", "a.db", "k", "2"]);
    assert_eq!(serde_json::from_str::<Value>(&refused.err).unwrap()["error"], "MOVED", "{refused:?}");
    shell.ok(&["set", "b.db", "k", "2"]);
    shell.ok(&["migrate", "b.db", "a.db"]);
    assert_eq!(shell.ok(&["get", "a.db", "k"]).text(), "2");
    shell.ok(&["set", "a.db", "k", "3"]);
}

#[test]
fn what_can_be_read_of_a_damaged_store_is_saved() {
    let shell = Shell::new();
    let value = "x".repeat(3000);
    let lines: Vec<String> =
        (0..400).map(|n| format!(r#"{{"key":"{n:04}","value":"{value}","type":"text"}}"#)).collect();
    shell.fed(&["import", "sqlite:a.db?compress_level=-1"], lines.join("\n").as_bytes());
    let mut bytes = std::fs::read(shell.path("a.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x5a);
    std::fs::write(shell.path("a.db"), &bytes).unwrap();
    assert_eq!(shell.run(&["verify", "a.db"]).code, 4);
    let report = &shell.ok(&["--json", "repair", "a.db", "b.db"]).json()[0];
    let saved = report["records"].as_u64().unwrap();
    assert!((300..400).contains(&saved), "{report}");
    assert!(!report["lost"].as_array().unwrap().is_empty());
    assert_eq!(shell.ok(&["scan", "b.db", "--keys"]).lines().len() as u64, saved);
    shell.ok(&["verify", "b.db"]);
}

#[test]
fn what_is_no_store_is_told_apart() {
    let shell = Shell::new();
    std::fs::write(shell.path("junk.db"), b"not a database at all, but long enough to be looked at ........")
        .unwrap();
    assert_eq!(shell.run(&["get", "junk.db", "k"]).code, 4);
    assert_eq!(shell.run(&["get", "none.db", "k"]).code, 1);
    assert!(!Path::exists(&shell.path("none.db")));
    assert_eq!(shell.run(&["get", "redis:x", "k"]).code, 2);
    assert_eq!(shell.run(&["get"]).code, 2);
    assert_eq!(shell.run(&["get", "a.db", r"\q"]).code, 2);
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let shell = Shell::new();
    let lines: Vec<String> =
        (0..20_000).map(|n| format!(r#"{{"key":"{n:06}","value":"some value","type":"text"}}"#)).collect();
    shell.fed(&["import", "a.db"], lines.join("\n").as_bytes());
    let mut child = shell.command(&["scan", "a.db"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn the_manual_and_the_completions_know_every_command() {
    let shell = Shell::new();
    let page = shell.ok(&["man"]);
    let script = shell.ok(&["completions", "bash"]);
    for command in ["get", "scan", "import", "watch", "top"] {
        assert!(page.text().contains(&format!("joinly\\-{command}(1)")), "{command}");
        assert!(script.text().contains(&format!("joinly,{command})")), "{command}");
    }
}
