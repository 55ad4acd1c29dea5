//! Query plans of the searches: each uses an index where one can serve, and no search sorts a whole
//! kind.

use rusqlite::Connection;
use scimlet_sql::{Position, Search, Sql};

use super::commit::{self, Commit};
use super::find::{bind, choose};
use super::group::Group;
use super::rows;
use super::statement::Statement as _;
use crate::store::{Comparison, Draft, Filter, Key, Operator, Scalar, Term, Write};

/// Returns a database with one tenant and `users` users, each with a unique name and a flag.
fn database(users: u32) -> Connection {
    let db = Connection::open_in_memory().expect("it opens");
    db.execute_batch(scimlet_sql::schema::SQLITE).expect("the tables are made");
    db.execute("INSERT INTO scimlet_tenant VALUES (1, 'acme', 0, 0, zeroblob(32))", [])
        .expect("it is made");
    let writes = (0..users).map(|number| Write::Insert(person(number))).collect();
    commit::apply(&Group::new(&db), 1, Commit { at: 0, actor: String::new(), writes })
        .expect("it is committed");
    db
}

fn person(number: u32) -> Draft {
    let term = |path: &str, value, unique| Term { path: path.into(), value, unique };
    Draft {
        key: Key { kind: "User".into(), id: number.to_string() },
        body: String::new(),
        terms: vec![
            term("userName", Scalar::Text(format!("user{number}")), true),
            term("active", Scalar::Boolean(true), false),
        ],
    }
}

fn compare(path: &str, operator: Operator, value: Scalar) -> Filter {
    Filter::Compare(Comparison { path: path.into(), operator, value })
}

fn name_is(name: &str) -> Filter {
    compare("userName", Operator::Equal, Scalar::Text(name.into()))
}

fn is_active() -> Filter {
    compare("active", Operator::Equal, Scalar::Boolean(true))
}

fn search(db: &Connection, filter: Filter) -> Search {
    let kind = rows::kind(db, 1, "User").expect("it reads").expect("it is there");
    let test = bind(db, 1, kind.id, filter).expect("it binds");
    Search {
        plan: choose(db, kind.id, test).expect("it plans"),
        kind,
        after: None,
        offset: 0,
        limit: 10,
    }
}

fn explain(db: &Connection, sql: Sql) -> String {
    sql.bind(10i64).bind(0i64).explain(db).expect("it explains")
}

#[test]
fn a_name_among_many_is_looked_up() {
    let db = database(9_000);
    for filter in [
        name_is("user7"),
        Filter::All(vec![is_active(), name_is("user7")]),
        Filter::All(vec![name_is("user7"), is_active()]),
        Filter::Any(vec![name_is("user7"), name_is("user8")]),
        compare("userName", Operator::StartsWith, Scalar::Text("user77".into())),
    ] {
        let search = search(&db, filter);
        assert!(search.plan.few);
        let rows = search.matching(search.plan.rows.clone());
        let sql = Sql::new("SELECT x.seq FROM ").append(rows).text(" LIMIT ? OFFSET ?");
        let steps = explain(&db, sql);
        assert!(steps.contains("SEARCH t USING PRIMARY KEY (field=? AND value"), "{steps}");
        assert!(!steps.contains("SCAN"), "{steps}");
    }
}

#[test]
fn a_flag_of_many_is_probed() {
    let db = database(9_000);
    let search = search(&db, is_active());
    assert!(!search.plan.few);
    let steps = explain(&db, search.creation());
    assert!(
        steps.starts_with("SEARCH x USING COVERING INDEX scimlet_entry_order (kind=? AND seq>?)"),
        "{steps}"
    );
    assert!(!steps.contains("TEMP B-TREE"), "{steps}");
}

#[test]
fn an_order_walks_its_index() {
    let db = database(9_000);
    let search = search(&db, is_active());
    let field =
        rows::field(&db, search.kind.id, "userName").expect("it reads").expect("it is there");
    for descending in [false, true] {
        let parts = search.parts(&field, descending);
        assert_eq!(parts.len(), 1, "nobody lacks a name");
        for part in parts {
            let steps = explain(&db, part.sql());
            assert!(steps.starts_with("SEARCH x USING PRIMARY KEY (field=?)"), "{steps}");
            // Descending order sorts only entries with equal values.
            let sorts = steps.contains("USE TEMP B-TREE FOR LAST TERM OF ORDER BY");
            assert_eq!((steps.contains("TEMP B-TREE"), sorts), (descending, descending), "{steps}");
        }
    }
}

#[test]
fn a_page_behind_a_value_begins_there() {
    let db = database(10);
    let mut search = search(&db, Filter::All(Vec::new()));
    let field =
        rows::field(&db, search.kind.id, "userName").expect("it reads").expect("it is there");
    let value = Scalar::Text("user5".into()).into();
    search.after = Some(Position::Sorted(3, Some(value)));
    for (descending, range) in
        [(false, "(field=? AND (value,seq)>(?,?))"), (true, "(field=? AND value<?)")]
    {
        let steps = explain(&db, search.parts(&field, descending).remove(0).sql());
        assert!(steps.contains(range), "{steps}");
    }
}

#[test]
fn conditions_keep_within_their_type() {
    let db = database(1);
    let text =
        |operator| condition(&db, compare("userName", operator, Scalar::Text("a\u{D7FF}".into())));
    assert!(text(Operator::StartsWith).contains("AND t.value >= ? AND t.value < ?"));
    assert!(text(Operator::Less).contains("AND t.value >= '' AND t.value < ?"));
    assert!(text(Operator::Greater).contains("AND t.value > ? AND t.value < x''"));
    let number = |operator| condition(&db, compare("userName", operator, Scalar::Number(1.0)));
    assert!(number(Operator::Less).contains("AND t.field = ? AND t.value < ?"));
    assert!(number(Operator::Greater).contains("AND t.value > ? AND t.value < ''"));
    let flag = |operator| condition(&db, compare("userName", operator, Scalar::Boolean(true)));
    assert!(flag(Operator::Less).contains("AND t.value >= x'' AND t.value < ?"));
    assert!(flag(Operator::Equal).contains("AND t.field = ? AND t.value = ?"));
}

/// Returns the SQL condition of a filter.
fn condition(db: &Connection, filter: Filter) -> String {
    let kind = rows::kind(db, 1, "User").expect("it reads").expect("it is there");
    bind(db, 1, kind.id, filter).expect("it binds").condition("").as_str().to_owned()
}

#[test]
fn the_largest_filters_are_prepared() {
    let db = database(1);
    let leaves = |count| (0..count).map(|_| name_is("x")).collect::<Vec<_>>();
    let negations = (0..499).fold(name_is("x"), |filter, _| Filter::Negate(Box::new(filter)));
    let nested = (0..166).fold(name_is("x"), |filter, depth| match depth % 2 {
        0 => Filter::All(vec![name_is("y"), filter, is_active()]),
        _ => Filter::Negate(Box::new(Filter::Any(vec![filter, is_active()]))),
    });
    for filter in [Filter::All(leaves(499)), Filter::Any(leaves(499)), negations, nested] {
        let search = search(&db, filter);
        search.creation().bind(10i64).bind(0i64).explain(&db).expect("it is prepared");
    }
}
