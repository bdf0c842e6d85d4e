//! Runs the language-neutral cases of `tests/cases`; their format is described there.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use joinly_storage::store::{ChangeKind, Page};
use joinly_storage::{Batch, Error, Find, IndexSpec, Kind, Result, Scan, Store, Transaction, Watch};

use crate::support::Home;

mod models;

type Words = Vec<Vec<u8>>;

struct Step {
    line: usize,
    operation: String,
    arguments: Words,
    expected: Words,
}

struct Case {
    name: String,
    steps: Vec<Step>,
}

/// The bytes that a word stands for.
fn decode(word: &str) -> Vec<u8> {
    if word == r"\e" {
        return Vec::new();
    }
    if let Some((count, word)) = word.strip_prefix(r"\r").and_then(|rest| rest.split_once(':')) {
        return decode(word).repeat(count.parse().unwrap());
    }
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b's', after @ ..]) => {
                bytes.push(b' ');
                after
            }
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}

fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["case", name] => cases.push(Case { name: name.to_owned(), steps: Vec::new() }),
            [operation, ref rest @ ..] => {
                let place = format!("{file}:{line}");
                let arrow = rest.iter().position(|word| *word == "->").expect(&place);
                let decoded = |words: &[&str]| words.iter().map(|word| decode(word)).collect();
                cases.last_mut().expect(&place).steps.push(Step {
                    line,
                    operation: operation.to_owned(),
                    arguments: decoded(&rest[..arrow]),
                    expected: decoded(&rest[arrow + 1..]),
                });
            }
        }
    }
    cases
}

/// What a case has going on a store.
struct Runner<'s> {
    store: &'s Store,
    versions: HashMap<Vec<u8>, u64>,
    batch: Batch,
    /// None once finished.
    transactions: HashMap<Vec<u8>, Option<Transaction>>,
    watches: HashMap<Vec<u8>, Watch>,
    scan: Option<Scan>,
    find: Option<(String, Find)>,
}

fn ok() -> Words {
    vec![b"ok".to_vec()]
}

fn found(existed: bool) -> Words {
    if existed { ok() } else { vec![b"NOT_FOUND".to_vec()] }
}

fn value(value: Option<joinly_storage::Value>) -> Vec<u8> {
    value.map_or_else(|| b"NOT_FOUND".to_vec(), |value| value.to_vec())
}

fn number<T: std::str::FromStr>(word: &[u8]) -> T {
    text(word).parse().ok().expect("a number")
}

fn text(word: &[u8]) -> &str {
    std::str::from_utf8(word).expect("text")
}

/// Rows as `K=V`, or `K` alone where there are no values.
fn rows(page: Page, keys_only: bool) -> Words {
    let more = page.cursor.map(|_| b"...".to_vec());
    let row = |row: joinly_storage::store::Row| match row.value {
        Some(value) if !keys_only => [&row.key[..], b"=", &value].concat(),
        _ => row.key,
    };
    page.rows.into_iter().map(row).chain(more).collect()
}

fn paged(scan: Scan, limit: &[u8], flags: &[Vec<u8>]) -> Scan {
    let has = |flag: &[u8]| flags.iter().any(|word| word == flag);
    scan.limit(number(limit)).reverse(has(b"reverse")).keys_only(has(b"keys"))
}

impl Runner<'_> {
    fn step(&mut self, step: &Step) -> Result<Words> {
        let arguments: Vec<&[u8]> = step.arguments.iter().map(Vec::as_slice).collect();
        let flags = |from: usize| &step.arguments[from.min(step.arguments.len())..];
        let store = self.store;
        Ok(match (step.operation.as_str(), &arguments[..]) {
            ("get", [key]) => vec![value(store.get(key)?)],
            ("get_into", [key, capacity]) => {
                let mut buffer = vec![0; number(capacity)];
                match store.get_into(key, &mut buffer)? {
                    None => found(false),
                    Some(length) if length > buffer.len() => {
                        vec![b"BUFFER_TOO_SMALL".to_vec(), length.to_string().into_bytes()]
                    }
                    Some(length) => vec![buffer[..length].to_vec()],
                }
            }
            ("exists", [key]) => vec![if store.exists(key)? { b"yes".to_vec() } else { b"no".to_vec() }],
            ("get_many", keys) => store.get_many(keys)?.into_iter().map(value).collect(),
            ("put", [key, value]) => store.put(key, value).map(|_| ok())?,
            ("put_ttl", [key, value, ttl]) => store.put_ttl(key, value, number(ttl)).map(|_| ok())?,
            ("delete", [key]) => found(store.delete(key)?),
            ("expire", [key, ttl]) => found(store.expire(key, number(ttl))?),
            ("add", [key, delta]) => vec![store.add(key, number(delta))?.to_string().into_bytes()],
            ("ttl", [key]) => match store.get(key)?.map(|value| value.expires_at()) {
                None => found(false),
                Some(0) => vec![b"never".to_vec()],
                Some(at) if at > store.now()? => vec![b"future".to_vec()],
                Some(_) => vec![b"past".to_vec()],
            },
            ("sleep", [ms]) => {
                std::thread::sleep(Duration::from_millis(number(ms)));
                ok()
            }
            ("scan", [start, end, limit, ..]) => {
                self.scan = Some(paged(Scan::range(start, end), limit, flags(3)));
                self.next_scanned()?
            }
            ("prefix", [prefix, limit, ..]) => {
                self.scan = Some(paged(Scan::prefix(prefix), limit, flags(2)));
                self.next_scanned()?
            }
            ("scan_next", []) => self.next_scanned()?,
            ("remember", [name, key]) => {
                let version = store.get(key)?.map_or(0, |value| value.version());
                self.versions.insert(name.to_vec(), version);
                ok()
            }
            ("batch", []) => {
                self.batch.clear();
                ok()
            }
            ("b_check", [key, name]) => self.batch.check(key, self.versions[*name]).map(|()| ok())?,
            ("b_absent", [key]) => self.batch.check(key, 0).map(|()| ok())?,
            ("b_put", [key, value]) => self.batch.put(key, value).map(|()| ok())?,
            ("b_put_ttl", [key, value, ttl]) => self.batch.put_ttl(key, value, number(ttl)).map(|()| ok())?,
            ("b_delete", [key]) => self.batch.delete(key).map(|()| ok())?,
            ("b_add", [key, delta]) => self.batch.add(key, number(delta)).map(|()| ok())?,
            ("b_expire", [key, ttl]) => self.batch.expire(key, number(ttl)).map(|()| ok())?,
            ("commit", []) => {
                let batch = std::mem::take(&mut self.batch);
                store.commit(&batch).map(|_| ok())?
            }
            ("watch", [name, from, prefix]) => {
                let watch = match *from {
                    b"now" => store.watch_from_now(prefix)?,
                    version => store.watch(number(version), prefix)?,
                };
                self.watches.insert(name.to_vec(), watch);
                ok()
            }
            ("poll", [name]) => self.poll(name)?,
            ("index", [name, prefix, path]) => {
                let spec = IndexSpec::new(text(name), prefix, text(path))?;
                store.declare_index(&spec).map(|()| ok())?
            }
            ("index_drop", [name]) => store.drop_index(text(name)).map(|()| ok())?,
            ("index_rebuild", [name]) => store.rebuild_index(text(name)).map(|()| ok())?,
            ("indexes", []) => {
                store.indexes()?.iter().map(|index| index.name().as_bytes().to_vec()).collect()
            }
            ("find", [name, limit, ..]) => {
                self.find = Some((text(name).to_owned(), wanted(number(limit), flags(2))?));
                self.next_found()?
            }
            ("find_next", []) => self.next_found()?,
            ("flush", []) => store.flush(0).map(|()| ok())?,
            ("checkpoint", []) => store.checkpoint().map(|()| ok())?,
            ("verify", []) => store.verify().map(|()| ok())?,
            ("compact", []) => store.compact().map(|()| ok())?,
            ("begin", [name]) => {
                self.transactions.insert(name.to_vec(), Some(store.begin()?));
                ok()
            }
            (operation, [name, arguments @ ..]) if operation.starts_with("t_") => {
                self.in_transaction(operation, name, arguments)?
            }
            ("json", [key]) => match store.get(key)? {
                None => found(false),
                Some(value) => vec![models::steady(&value)],
            },
            (operation, arguments) => self.model_step(operation, arguments)?,
        })
    }

    /// A transaction that is finished cannot be named in Rust; here it answers as in other languages.
    fn in_transaction(&mut self, operation: &str, name: &[u8], arguments: &[&[u8]]) -> Result<Words> {
        let slot = self.transactions.get_mut(name).expect("a transaction");
        let Some(txn) = slot else { return Ok(vec![b"CLOSED".to_vec()]) };
        Ok(match (operation, arguments) {
            ("t_get", [key]) => vec![value(txn.get(key)?)],
            ("t_put", [key, value]) => txn.put(key, value).map(|()| ok())?,
            ("t_delete", [key]) => found(txn.delete(key)?),
            ("t_add", [key, delta]) => vec![txn.add(key, number(delta))?.to_string().into_bytes()],
            ("t_prefix", [prefix, limit]) => {
                rows(txn.scan(&Scan::prefix(prefix).limit(number(limit)))?, false)
            }
            ("t_commit", []) => slot.take().expect("open").commit().map(|_| ok())?,
            ("t_rollback", []) => {
                *slot = None;
                ok()
            }
            (operation, arguments) => panic!("{operation} with {} arguments", arguments.len()),
        })
    }

    fn poll(&mut self, name: &[u8]) -> Result<Words> {
        let watch = self.watches.get_mut(name).expect("a watch");
        let Some(commit) = watch.poll(Duration::ZERO)? else { return Ok(vec![b"TIMEOUT".to_vec()]) };
        let word = |change: joinly_storage::store::Change| {
            let kind = match change.kind {
                ChangeKind::Put => "put:",
                ChangeKind::Delete => "delete:",
                ChangeKind::Expire => "expire:",
            };
            [kind.as_bytes(), &change.key].concat()
        };
        Ok(commit.changes.into_iter().map(word).collect())
    }

    fn next_scanned(&mut self) -> Result<Words> {
        let scan = self.scan.clone().expect("a scan with a cursor");
        let page = self.store.scan(&scan)?;
        self.scan = page.cursor.as_ref().map(|cursor| scan.after(cursor));
        Ok(rows(page, false))
    }

    fn next_found(&mut self) -> Result<Words> {
        let (name, find) = self.find.clone().expect("a search with a cursor");
        let page = self.store.find(&name, &find)?;
        self.find = page.cursor.as_ref().map(|cursor| (name, find.after(cursor)));
        Ok(rows(page, true))
    }
}

fn wanted(limit: usize, conditions: &[Vec<u8>]) -> Result<Find> {
    let mut find = Find::all().limit(limit);
    let has = |flag: &[u8]| conditions.iter().any(|word| word == flag);
    let given = |name: &[u8]| conditions.iter().any(|word| word.starts_with(name));
    if given(b"equal=") && (given(b"lower=") || given(b"upper=")) {
        // Options that contradict each other; here the later of two calls would simply win.
        return Err(Error::new(Kind::Invalid, "equal and a bound"));
    }
    for condition in conditions {
        let at = condition.iter().position(|byte| *byte == b'=').unwrap_or(condition.len());
        let (name, json) = (&condition[..at], condition.get(at + 1..).unwrap_or_default());
        find = match name {
            b"descending" => find.descending(true),
            b"equal" => find.equal(json)?,
            b"lower" => find.lower(json, !has(b"lower_exclusive"))?,
            b"upper" => find.upper(json, has(b"upper_inclusive"))?,
            b"lower_exclusive" | b"upper_inclusive" => find,
            other => panic!("condition {}", String::from_utf8_lossy(other)),
        };
    }
    Ok(find)
}

fn shown(words: &Words) -> String {
    let word = |word: &Vec<u8>| word[..word.len().min(80)].escape_ascii().to_string();
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// What a case answers otherwise than it should, if anything.
fn run(home: &Home, case: &Case, file: &str) -> std::result::Result<(), String> {
    // The cases sleep for real time.
    let store = Store::open(&home.config).unwrap();
    let mut runner = Runner {
        store: &store,
        versions: HashMap::new(),
        batch: Batch::new(),
        transactions: HashMap::new(),
        watches: HashMap::new(),
        scan: None,
        find: None,
    };
    for step in &case.steps {
        let answer = runner.step(step).unwrap_or_else(|error| {
            assert!(Kind::ALL.contains(&error.kind()));
            vec![error.kind().name().as_bytes().to_vec()]
        });
        if answer != step.expected {
            return Err(format!(
                "{file}:{}: {} in {}: {} instead of {}",
                step.line,
                step.operation,
                case.name,
                shown(&answer),
                shown(&step.expected)
            ));
        }
    }
    Ok(())
}

fn run_all(home: impl Fn() -> Home, cache_bytes: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (mut count, mut failures) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "case") {
            continue;
        }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for case in parse(&file, &std::fs::read_to_string(&path).unwrap()) {
            let home = home().with(|options| options.cache_bytes = cache_bytes);
            failures.extend(run(&home, &case, &file).err());
            count += 1;
        }
    }
    assert!(count > 100, "{count} cases");
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn memory() {
    run_all(Home::memory, 64 << 20);
}

#[test]
fn memory_with_no_cache() {
    run_all(Home::memory, 1);
}

#[test]
fn sqlite() {
    run_all(Home::sqlite, 64 << 20);
}

#[test]
fn leveldb() {
    run_all(Home::leveldb, 64 << 20);
}

#[test]
fn leveldb_with_no_cache() {
    run_all(Home::leveldb, 1);
}

#[test]
fn behind() {
    run_all(Home::behind, 64 << 20);
}

#[test]
fn behind_with_no_cache() {
    run_all(Home::behind_flushing, 1);
}

#[test]
fn sqlite_with_no_cache() {
    run_all(Home::sqlite, 1);
}

#[test]
fn jsonl() {
    run_all(Home::jsonl, 64 << 20);
}

#[test]
fn jsonl_with_no_cache() {
    run_all(Home::jsonl, 1);
}
