use joinly_storage::*;
#[test]
fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let url = dir.path().join("a.db");
    for url in ["memory:", url.to_str().unwrap()] {
        let s = Store::open_url(url).unwrap();
        assert_eq!(s.put(b"a", b"1").unwrap(), 1);
        assert_eq!(s.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
        assert_eq!(s.get(b"b").unwrap(), None);
        s.put(b"big", &vec![7; 100_000]).unwrap();
        assert_eq!(s.get(b"big").unwrap().unwrap().len(), 100_000);
        assert_eq!(s.add(b"n", 5).unwrap(), 5);
        assert_eq!(s.add(b"n", 5).unwrap(), 10);
        assert!(s.delete(b"a").unwrap());
        assert!(!s.delete(b"a").unwrap());
        s.declare_index(&IndexSpec::new("state", b"lobby:", "$.state").unwrap()).unwrap();
        s.put(b"lobby:1", br#"{"state":"open"}"#).unwrap();
        s.put(b"lobby:2", br#"{"state":"closed"}"#).unwrap();
        let page = s.find("state", &Find::all().equal(b"\"open\"").unwrap()).unwrap();
        assert_eq!(page.rows.len(), 1);
        let page = s.scan(&Scan::prefix(b"lobby:").limit(1)).unwrap();
        assert_eq!(page.rows.len(), 1);
        assert!(page.cursor.is_some());
        let mut w = s.watch(0, b"").unwrap();
        let mut n = 0;
        while let Some(c) = w.poll(std::time::Duration::ZERO).unwrap() {
            n += 1;
            assert!(c.version > 0);
        }
        assert_eq!(n, 7);
        s.transaction(|t| {
            let v = t.add(b"n", 1)?;
            assert_eq!(v, 11);
            t.put(b"x", b"y")
        })
        .unwrap();
        s.verify().unwrap();
        println!("{:?}", s.stats().unwrap());
        s.close().unwrap();
    }
}
