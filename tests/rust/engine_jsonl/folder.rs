//! Which folders are taken, who has one, and what lies in it.

use joinly_storage::Result;
use joinly_storage::store::{Durability, Sharing};

use super::*;

#[test]
fn tables_whose_names_differ_in_case_only_are_refused() {
    let home = university();
    let store = home.open();
    let other = SCHEMA.replace("\"student\"", "\"Student\"");
    let error = store.put(b"table:Student", other.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.message().contains("Student") && error.message().contains("case"), "{error}");
    let mut batch = Batch::new();
    batch.put(b"a", b"1").unwrap();
    batch.put(b"table:Student", other.as_bytes()).unwrap();
    assert_eq!(kind(store.commit(&batch)), Kind::Invalid);
    assert_eq!(get(&store, "a"), None);
    // What is no schema makes no file.
    store.put(b"table:Student", b"not a schema").unwrap();
    store.checkpoint().unwrap();
    assert!(!folder(&home).join("schema/Student.schema.json").exists());
    drop(store);
    write(&home, "schema/STUDENT.schema.json", &SCHEMA.replace("\"student\"", "\"STUDENT\""));
    assert_eq!(refused(&home).0, Kind::Invalid);
    std::fs::rename(
        folder(&home).join("schema/STUDENT.schema.json"),
        folder(&home).join("schema/a b.schema.json"),
    )
    .unwrap();
    let (kind, message) = refused(&home);
    assert_eq!(kind, Kind::Invalid);
    assert!(message.contains("a b.schema.json"), "{message}");
}

#[test]
fn a_table_may_be_made_anew_in_another_case() {
    let home = Home::jsonl();
    for checkpoint in [false, true] {
        let store = home.open();
        for name in ["Student", "student"] {
            store
                .put(format!("table:{name}").as_bytes(), SCHEMA.replace("student", name).as_bytes())
                .unwrap();
            store.put(format!("table:{name}:1").as_bytes(), ALICE.as_bytes()).unwrap();
            if checkpoint {
                store.checkpoint().unwrap();
            }
            store.delete(format!("table:{name}").as_bytes()).unwrap();
        }
        store.put(b"table:student", SCHEMA.as_bytes()).unwrap();
        store.checkpoint().unwrap();
        assert!(!folder(&home).join("schema/Student.schema.json").exists());
        assert_eq!(text(&home, "data/student.records"), format!("{ALICE}\n"));
        drop(store);
        let store = home.open();
        store.verify().unwrap();
        store.delete(b"table:student").unwrap();
    }
}

#[test]
fn one_store_at_a_time_has_a_folder() {
    let home = university().with(|options| options.busy_timeout_ms = 20);
    let store = home.open();
    for _ in 0..2 {
        let (kind, message) = refused(&home);
        assert_eq!(kind, Kind::Busy);
        assert!(message.starts_with(folder(&home).to_str().unwrap()), "{message}");
    }
    let told = store.capabilities().unwrap();
    assert_eq!((told.sharing, told.durability), (Sharing::OneStore, Some(Durability::Process)));
    assert!(!told.compresses && !told.sqlite_file);
    store.close().unwrap();
    home.open();
}

#[test]
fn for_reading_only() {
    let home = university().with(|options| options.read_only = true);
    let records = format!("{ALICE}\n{CAROL}\n");
    write(&home, "data/student.records", &records);
    let store = home.open();
    assert_eq!(get(&store, row(2)), None);
    assert_eq!(get(&store, "player:7").unwrap(), br#"{"name":"Ada"}"#);
    for result in [store.put(b"k", b"v").map(drop), store.checkpoint(), store.compact()] {
        assert_eq!(kind(result), Kind::ReadOnly);
    }
    drop(store);
    assert_eq!(text(&home, "data/student.records"), records);
    assert_eq!(text(&home, "wal/transaction.log"), "");
    let none = Home::jsonl().with(|options| options.read_only = true);
    assert_eq!(refused(&none).0, Kind::NotFound);
    assert!(!folder(&none).exists());
    let none = Home::jsonl().with(|options| options.must_exist = true);
    assert_eq!(refused(&none).0, Kind::NotFound);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let home = Home::jsonl();
    std::fs::create_dir(folder(&home)).unwrap();
    write(&home, "diary.txt", "Dear diary");
    assert_eq!(refused(&home).0, Kind::NotADatabase);
    std::fs::remove_file(folder(&home).join("diary.txt")).unwrap();
    std::fs::remove_dir(folder(&home)).unwrap();
    std::fs::write(folder(&home), "a file").unwrap();
    assert_eq!(refused(&home).0, Kind::NotADatabase);
    let opened = |query: &str| -> Result<Store> {
        Store::open_url(&format!("jsonl:{}?{query}", home.path("other").display()))
    };
    for query in ["mode=behind", "compress_level=9", "archive_keep=many"] {
        assert_eq!(opened(query).err().unwrap().kind(), Kind::Invalid, "{query}");
    }
    assert!(!home.path("other").exists());
    assert_eq!(opened("compress_level=-1&archive_keep=3").unwrap().engine_name(), "jsonl");
    let error = Store::open_url(&format!("jsonl:{}", home.path("no/such").display())).err().unwrap();
    assert_eq!(error.kind(), Kind::Io);
}

#[test]
fn a_new_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = university();
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    for name in ["", "schema", "data", "wal"] {
        assert_eq!(mode(folder(&home).join(name)), 0o700, "{name}");
    }
    for name in
        ["data/student.records", "data/kv.records", "schema/student.schema.json", "wal/transaction.log"]
    {
        assert_eq!(mode(folder(&home).join(name)), 0o600, "{name}");
    }
}

#[test]
fn archives_are_kept_and_compressed_as_wanted() {
    for (compress, keep) in [(false, 3), (true, 2), (false, 0)] {
        let home = Home::jsonl().with(|options| {
            (options.archive_compress, options.archive_keep) = (compress, keep);
        });
        let store = home.open();
        for n in 0..5 {
            store.put(b"n", n.to_string().as_bytes()).unwrap();
            store.checkpoint().unwrap();
        }
        store.checkpoint().unwrap();
        let archives = archives(&home);
        assert_eq!(archives.len(), keep as usize, "{archives:?}");
        for (n, name) in archives.iter().enumerate() {
            let data = std::fs::read(folder(&home).join("wal").join(name)).unwrap();
            let log = match compress {
                true => zstd::stream::decode_all(&data[..]).unwrap(),
                false => data,
            };
            let wanted = format!(r#""key": "n", "value": {}"#, 5 - archives.len() + n);
            assert!(String::from_utf8(log).unwrap().contains(&wanted), "{name}: {wanted}");
        }
    }
}
