//! Random calls of a table against the plainest list of rows.

use std::collections::BTreeMap;

use joinly_storage::Store;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// What a plain list of rows does.
#[derive(Default)]
struct Model(BTreeMap<i64, Value>, i64);

impl Model {
    fn taken(&self, but: Option<i64>, u: &Value) -> bool {
        !u.is_null() && self.0.iter().any(|(id, row)| Some(*id) != but && row["u"] == *u)
    }

    fn insert(&mut self, id: Option<i64>, u: &Value, n: &Value) -> bool {
        let id = id.unwrap_or(self.1 + 1);
        if self.0.contains_key(&id) || self.taken(None, u) {
            return false;
        }
        self.1 = self.1.max(id);
        self.0.insert(id, json!({"id": id, "u": u, "n": n}));
        true
    }
}

#[derive(Clone, Debug)]
enum Act {
    Insert(Option<i64>, Value, Value),
    Update(i64, Value),
    Move(i64, i64),
    Raise(Value, Value),
    Delete(Value),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (0..6i64).prop_map(Value::from)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (prop::option::of(-3..9i64), value(), value()).prop_map(|(id, u, n)| Act::Insert(id, u, n)),
        1 => (0..9i64, value()).prop_map(|(id, u)| Act::Update(id, u)),
        1 => (-3..9i64, -3..9i64).prop_map(|(from, to)| Act::Move(from, to)),
        1 => (value(), value()).prop_map(|(from, to)| Act::Raise(from, to)),
        1 => value().prop_map(Act::Delete),
    ]
}

/// The same of a store.
fn perform(store: &Store, act: &Act) -> bool {
    let tables = Tables::new(store);
    let done = match act {
        Act::Insert(id, u, n) => tables.insert("t", &[row(json!({"id": id, "u": u, "n": n}))]).map(drop),
        Act::Update(id, u) => tables.update("t", &eq("id", json!(id)), &row(json!({"u": u}))).map(drop),
        Act::Move(from, to) => tables.update("t", &eq("id", json!(from)), &row(json!({"id": to}))).map(drop),
        Act::Raise(from, to) => tables.update("t", &eq("n", from.clone()), &row(json!({"n": to}))).map(drop),
        Act::Delete(n) => tables.delete("t", &eq("n", n.clone())).map(drop),
    };
    match done {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), Kind::Exists, "{act:?}: {error}");
            false
        }
    }
}

fn perform_on(model: &mut Model, act: &Act) -> bool {
    match act {
        Act::Insert(id, u, n) => model.insert(*id, u, n),
        Act::Update(id, u) => {
            let Some(row) = model.0.get(id).cloned() else { return true };
            if model.taken(Some(*id), u) {
                return false;
            }
            model.0.insert(*id, json!({"id": id, "u": u, "n": row["n"]}));
            true
        }
        Act::Move(from, to) => {
            let Some(row) = model.0.get(from).cloned().filter(|_| from != to) else { return true };
            if model.0.contains_key(to) {
                return false;
            }
            model.0.remove(from);
            model.0.insert(*to, json!({"id": to, "u": row["u"], "n": row["n"]}));
            model.1 = model.1.max(*to);
            true
        }
        Act::Raise(from, to) => {
            for row in model.0.values_mut().filter(|row| row["n"] == *from) {
                row["n"] = to.clone();
            }
            true
        }
        Act::Delete(n) => {
            model.0.retain(|_, row| row["n"] != *n);
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    /// On every engine a table does what a list does.
    #[test]
    fn a_table_is_a_list_of_rows(acts in prop::collection::vec(act(), 1..60), looks in prop::collection::vec(-4..10i64, 4)) {
        for home in Home::each() {
            let mut store = home.open();
            let columns = r#"{"id": {"type": "int", "primary_key": true}, "u": {"type": "int", "unique": true}, "n": {"type": "int", "index": true}}"#;
            Tables::new(&store).create(&schema("t", columns)).unwrap();
            let mut model = Model::default();
            for (at, act) in acts.iter().enumerate() {
                prop_assert_eq!(perform(&store, act), perform_on(&mut model, act), "{:?}", act);
                if at == acts.len() / 2 && home.config.location != joinly_storage::store::Location::Memory {
                    store.close().unwrap();
                    store = home.open();
                }
            }
            let tables = Tables::new(&store);
            let rows: Vec<Value> = model.0.values().cloned().collect();
            prop_assert_eq!(&all(&tables, "t", &Query::new().limit(3)), &rows);
            prop_assert_eq!(tables.check("t").unwrap(), rows.len() as u64);
            for look in &looks {
                for (op, column) in ["=", "!=", "<", "<=", ">", ">="].iter().flat_map(|op| ["id", "u", "n"].map(|column| (op, column))) {
                    let wanted = filter(&json!([{"key": column, "op": op, "value": look}]));
                    let expected: Vec<_> = rows.iter().filter(|row| wanted.passes(row)).cloned().collect();
                    let query = Query::new().filter(wanted).limit(2);
                    prop_assert_eq!(&all(&tables, "t", &query), &expected, "{} {} {}", column, op, look);
                    let mut reversed = expected.clone();
                    reversed.reverse();
                    prop_assert_eq!(&all(&tables, "t", &query.order("id", true)), &reversed);
                }
            }
        }
    }
}
