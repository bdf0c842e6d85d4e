//! Writes `include/joinly_storage.h` from `src/capi`. With `--check`, fails when the committed header differs.
//! Either way fails when a public item has no documentation.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("include/joinly_storage.h");
    let check = std::env::args().any(|arg| arg == "--check");
    match run(&root, &target, check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("header: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, target: &Path, check: bool) -> Result<(), String> {
    let header = generate(root)?;
    let undocumented = undocumented(&header);
    if !undocumented.is_empty() {
        return Err(format!("undocumented items:\n  {}", undocumented.join("\n  ")));
    }
    if !check {
        return std::fs::write(target, header).map_err(|e| format!("{}: {e}", target.display()));
    }
    let committed = std::fs::read_to_string(target).map_err(|e| format!("{}: {e}", target.display()))?;
    if committed == header {
        Ok(())
    } else {
        Err("include/joinly_storage.h has drifted: run `make header`".into())
    }
}

fn generate(root: &Path) -> Result<String, String> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(root.join("src/capi").join(file));
    }
    let mut out = Vec::new();
    builder.generate().map_err(|e| e.to_string())?.write(&mut out);
    let text = String::from_utf8(out).map_err(|e| e.to_string())?;
    Ok(without_safety_sections(&text))
}

/// The sections of the header, in reading order.
const FILES: &[&str] = &[
    "version.rs",
    "error.rs",
    "log.rs",
    "options.rs",
    "store.rs",
    "value.rs",
    "page.rs",
    "kv.rs",
    "batch.rs",
    "txn.rs",
    "changes.rs",
    "index.rs",
    "caller.rs",
    "lobby/options.rs",
    "lobby/seats.rs",
    "lobby/acts.rs",
    "lobby/invites.rs",
    "lobby/look.rs",
    "lobby/search.rs",
    "lobby/events.rs",
    "sql.rs",
    "admin/progress.rs",
    "admin/migrate.rs",
    "admin/backup.rs",
    "admin/restore.rs",
    "admin/import.rs",
    "player/profile.rs",
    "player/holdings.rs",
    "player/object.rs",
    "player/save.rs",
    "rating.rs",
    "leaderboard.rs",
    "stats/session.rs",
    "stats/ask.rs",
    "stats/retain.rs",
    "table/schema.rs",
    "table/rows.rs",
    "table/transfer.rs",
    "table/upkeep.rs",
    "matchmaking/queue.rs",
    "matchmaking/ticket.rs",
    "matchmaking/made.rs",
    "chat/session.rs",
    "chat/message.rs",
    "chat/whole.rs",
    "chat/folder.rs",
    "cache.rs",
    "python/mod.rs",
];

/// Rust's `# Safety` sections repeat in Rust's terms what a C programmer takes for granted.
fn without_safety_sections(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut skipping = false;
    for line in text.lines() {
        let body = line.trim_start().trim_start_matches('*').trim();
        if body == "# Safety" {
            skipping = true;
            while lines.last().is_some_and(|l| l.trim() == "*") {
                lines.pop();
            }
        }
        if line.trim() == "*/" {
            skipping = false;
        }
        if !skipping {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// Every function, type, field and constant must stand under a comment.
fn undocumented(header: &str) -> Vec<String> {
    let lines: Vec<&str> = header.lines().map(str::trim).collect();
    let declares = |line: &str| {
        (line.starts_with("#define JOINLY_") && line.split_whitespace().count() > 2)
            || line.starts_with("typedef ")
            || (line.contains(" joinly_")
                && line.contains('(')
                && !line.starts_with('*')
                && !line.starts_with("/*"))
            || (line.ends_with(';')
                && !line.contains('(')
                && !line.starts_with('}')
                && !line.starts_with("const char")
                && !line.starts_with('*'))
    };
    let mut missing = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let continued = at > 0 && (lines[at - 1].ends_with(',') || lines[at - 1].ends_with('('));
        if declares(line) && !continued && at > 0 && lines[at - 1] != "*/" {
            missing.push((*line).to_owned());
        }
    }
    missing
}
