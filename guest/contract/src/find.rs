//! Filters. The plain evaluator says what each must find; see [`Fixture::check`].

use std::sync::Arc;

use scimlet_store::{Direction, Draft, Node, Operator, Query, Refusal, Scalar, Term};

use super::fixture::{Fixture, page, walk};
use super::kit::*;
use super::{Store, Stores};
use crate::broken::{Broken, Checked, check, check_eq};

const OPERATORS: [Operator; 8] = [
    Operator::Equal,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
];

/// Texts of all lengths and planes, among them ones whose order differs between UTF-8 and UTF-16.
const TEXTS: [&str; 16] = [
    "",
    "a",
    "A",
    "ab",
    "aba",
    "b",
    "ba",
    "1",
    "\u{1}",
    "a\u{1}b",
    "é",
    "e\u{301}",
    "\u{E000}",
    "\u{FFFF}",
    "\u{10000}",
    "\u{10FFFF}",
];

const NUMBERS: [f64; 9] =
    [0.0, -0.0, 1.0, -1.0, 1.5, 1e300, -1e300, 5e-324, 9_007_199_254_740_993.0];

/// Values of all types, all under the path `x`, and one entry without.
fn values() -> Vec<Scalar> {
    let texts = TEXTS.into_iter().map(text);
    let numbers = NUMBERS.into_iter().map(Scalar::Number);
    texts.chain(numbers).chain([false, true].map(Scalar::Boolean)).collect()
}

fn one_each(values: &[Scalar]) -> Vec<Draft> {
    let drafts = values.iter().enumerate();
    let mut drafts: Vec<Draft> = drafts
        .map(|(index, value)| draft(user(&index.to_string()), vec![term("x", value.clone())]))
        .collect();
    drafts.push(plain(user("without")));
    drafts
}

fn is_allowed(operator: Operator, value: &Scalar) -> bool {
    let textual =
        matches!(operator, Operator::Contains | Operator::StartsWith | Operator::EndsWith);
    !textual || matches!(value, Scalar::Text(_))
}

pub async fn every_operator_on_every_type(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let values = values();
    let fixture = Fixture::stock(&*store, one_each(&values), Vec::new()).await?;
    for operator in OPERATORS {
        for value in &values {
            if is_allowed(operator, value) {
                let node = compare("x", operator, value.clone());
                fixture.check(&*store, vec![node.clone()], None).await?;
                fixture.check(&*store, vec![node, Node::Negate], None).await?;
            }
        }
    }
    Ok(())
}

pub async fn text_operators_take_any_character(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let texts = [
        "100%",
        "1%0",
        "a_c",
        "abc",
        "a*c",
        "a?c",
        "a[bc]",
        "'quoted'",
        "\"",
        "\\",
        "a\\%",
        "ABC",
        "z\u{10FFFF}",
        "z\u{10FFFF}\u{10FFFF}",
        "\u{D7FF}x",
        "\u{E000}y",
    ];
    let fixture = Fixture::stock(&*store, one_each(&texts.map(text)), Vec::new()).await?;
    let parts = [
        "%",
        "_",
        "*",
        "?",
        "[bc]",
        "'",
        "\"",
        "\\",
        "a",
        "c",
        "0",
        "\u{10FFFF}",
        "\u{D7FF}",
        "z\u{10FFFF}",
        "abc",
        "abcd",
    ];
    for operator in [Operator::Contains, Operator::StartsWith, Operator::EndsWith] {
        for part in parts {
            fixture.check(&*store, vec![compare("x", operator, text(part))], None).await?;
        }
    }
    Ok(())
}

pub async fn several_terms_of_a_path(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let emails = |id: &str, values: &[&str]| {
        draft(user(id), values.iter().map(|value| term("emails.value", text(value))).collect())
    };
    let drafts = vec![
        emails("1", &["a@x", "b@x"]),
        emails("2", &["b@y"]),
        emails("3", &[]),
        emails("4", &["a@x", "a@y"]),
    ];
    let fixture = Fixture::stock(&*store, drafts, Vec::new()).await?;
    let starts = |value: &str| compare("emails.value", Operator::StartsWith, text(value));
    check_eq!(fixture.check(&*store, vec![starts("a")], None).await?, ["1", "4"]);
    // Each comparison may hold for another term; and not "some other value than b".
    let both = vec![starts("a"), starts("b"), Node::All(2)];
    check_eq!(fixture.check(&*store, both, None).await?, ["1"]);
    check_eq!(fixture.check(&*store, vec![starts("b"), Node::Negate], None).await?, ["3", "4"]);
    check_eq!(
        fixture.check(&*store, vec![Node::Present("emails.value".into())], None).await?,
        ["1", "2", "4"]
    );
    Ok(())
}

/// People with names, ages, a flag, and some with a title.
pub fn staff() -> Vec<Draft> {
    let person = |number: u32| {
        let mut terms: Vec<Term> = vec![unique("userName", &format!("user{number}"))];
        terms.push(term("active", Scalar::Boolean(!number.is_multiple_of(3))));
        terms.push(term("age", Scalar::Number(f64::from(number % 10))));
        if number.is_multiple_of(4) {
            terms
                .push(term("title", text(if number.is_multiple_of(8) { "boss" } else { "clerk" })));
        }
        draft(user(&number.to_string()), terms)
    };
    (0..40).map(person).collect()
}

pub async fn combinations_nest(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    let active = || compare("active", Operator::Equal, Scalar::Boolean(true));
    let young = || compare("age", Operator::Less, Scalar::Number(4.0));
    let boss = || equal("title", "boss");
    let titled = || Node::Present("title".into());
    let filters = vec![
        vec![Node::All(0)],
        vec![Node::Any(0)],
        vec![Node::All(0), Node::Negate],
        vec![Node::Any(0), Node::Negate],
        vec![active(), Node::All(1)],
        vec![active(), Node::Any(1), Node::Negate, Node::Negate],
        vec![active(), young(), Node::All(2)],
        vec![active(), young(), boss(), Node::Any(3)],
        vec![active(), young(), Node::Any(2), titled(), Node::All(2)],
        vec![active(), young(), titled(), Node::Negate, Node::All(2), Node::Any(2)],
        vec![active(), Node::Negate, young(), boss(), Node::Any(2), Node::Negate, Node::All(2)],
        vec![
            titled(),
            boss(),
            Node::Negate,
            Node::All(2),
            equal("userName", "user5"),
            Node::Any(2),
        ],
        vec![Node::All(0), boss(), Node::All(2), Node::Any(0), Node::Any(2)],
        vec![
            equal("userName", "user1"),
            equal("userName", "user2"),
            equal("userName", "nobody"),
            Node::Any(3),
        ],
    ];
    for filter in filters {
        fixture.check(&*store, filter.clone(), None).await?;
        fixture.check(&*store, filter.clone(), order("title", true)).await?;
        fixture.check(&*store, filter, order("age", false)).await?;
    }
    Ok(())
}

pub async fn links_are_found_both_ways(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut drafts = staff();
    drafts.extend(["g", "h"].map(|id| plain(group(id))));
    let mut links: Vec<_> = (5..9).map(|id| member(group("g"), user(&id.to_string()))).collect();
    links.extend([
        member(group("h"), user("8")),
        member(group("h"), group("g")),
        member(user("3"), user("4")),
    ]);
    let fixture = Fixture::stock(&*store, drafts, links).await?;
    let of = |id: &str| linked(Direction::Incoming, group(id));
    check_eq!(fixture.check(&*store, vec![of("g")], None).await?, ["5", "6", "7", "8"]);
    check_eq!(fixture.check(&*store, vec![of("g"), of("h"), Node::All(2)], None).await?, ["8"]);
    check_eq!(
        fixture.check(&*store, vec![of("g"), of("h"), Node::Negate, Node::All(2)], None).await?,
        ["5", "6", "7"]
    );
    check_eq!(
        fixture.check(&*store, vec![linked(Direction::Outgoing, user("4"))], None).await?,
        ["3"]
    );
    check_eq!(
        fixture.check(&*store, vec![linked(Direction::Incoming, user("3"))], None).await?,
        ["4"]
    );
    fixture.check(&*store, vec![of("absent"), Node::Negate], order("age", true)).await?;
    let groups =
        Query { kind: "Group".into(), ..query(vec![linked(Direction::Outgoing, user("8"))]) };
    let found = walk(&*store, &groups).await?;
    check!(["g", "h"].iter().all(|id| found.ids.contains(&(*id).to_owned())));
    let owners = Node::Linked(scimlet_store::Relation {
        name: "owners".into(),
        direction: Direction::Incoming,
        other: group("g"),
    });
    check!(fixture.check(&*store, vec![owners], None).await?.is_empty());
    Ok(())
}

pub async fn absent_names(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    check!(page(&*store, &query(vec![equal("x", "y")])).await?.hits.is_empty(), "an empty store");
    let fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    check!(fixture.check(&*store, vec![equal("nowhere", "y")], None).await?.is_empty());
    check!(fixture.check(&*store, vec![Node::Present("USERNAME".into())], None).await?.is_empty());
    fixture
        .check(&*store, vec![equal("nowhere", "y"), Node::Negate], order("nowhere", true))
        .await?;
    let strange = Query { kind: "Device".into(), ..query(Vec::new()) };
    check_eq!(page(&*store, &strange).await?.total, Some(0));
    Ok(())
}

pub async fn malformed_filters_are_invalid(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo"))]).await?;
    let is = || equal("userName", "bo");
    let number = Scalar::Number(1.0);
    let filters = vec![
        vec![Node::Negate],
        vec![is(), is()],
        vec![is(), Node::All(2)],
        vec![Node::Any(1)],
        vec![is(), Node::Any(u32::MAX)],
        vec![is(), Node::Any(0)],
        vec![compare("userName", Operator::Contains, number.clone())],
        vec![compare("userName", Operator::StartsWith, Scalar::Boolean(true))],
        vec![compare("userName", Operator::EndsWith, number)],
        vec![equal("userName", &"x".repeat(513))],
    ];
    for filter in filters {
        is_invalid(&*store, filter).await?;
    }
    page(&*store, &query(vec![equal("userName", &"x".repeat(512))])).await?;
    Ok(())
}

/// A store that ignores filters may take the filter, and says that its hits are not exact.
async fn is_invalid(store: &dyn Store, filter: Vec<Node>) -> Checked {
    match store.find(query(filter.clone())).await {
        Err(Refusal::Invalid(_)) => {}
        Ok(page) => {
            check!(!page.exact, "{filter:?} was accepted by a store that reads filters")
        }
        Err(other) => return Err(Broken::new(format!("{filter:?}: {other:?}"))),
    }
    Ok(())
}

pub async fn numbers_of_filters_are_finite(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo"))]).await?;
    for number in [f64::NAN, f64::INFINITY] {
        let node = compare("userName", Operator::Less, Scalar::Number(number));
        is_invalid(&*store, vec![node]).await?;
    }
    Ok(())
}

pub async fn replaced_terms_are_found_anew(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    let new =
        draft(user("7"), vec![unique("userName", "seven"), term("age", Scalar::Number(70.0))]);
    commit(&*store, vec![replace(new.clone(), 1), remove(user("8"))]).await?;
    fixture.drafts[7] = new;
    fixture.drafts.remove(8);
    for filter in [
        Vec::new(),
        vec![equal("userName", "user7")],
        vec![equal("userName", "seven")],
        vec![Node::Present("active".into()), Node::Negate],
        vec![compare("age", Operator::GreaterOrEqual, Scalar::Number(7.0))],
        vec![equal("title", "boss")],
    ] {
        fixture.check(&*store, filter.clone(), None).await?;
        fixture.check(&*store, filter, order("active", true)).await?;
    }
    Ok(())
}

pub async fn kinds_are_kept_apart(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let kinds = ["User", "user", "Group", "$credential"];
    let drafts = kinds.map(|kind| draft(key(kind, kind), vec![term("x", text("v"))]));
    let fixture = Fixture::stock(&*store, drafts.to_vec(), Vec::new()).await?;
    for kind in kinds {
        let query = Query { kind: kind.into(), ..query(vec![equal("x", "v")]) };
        check_eq!(walk(&*store, &query).await?.ids, fixture.expected(&query));
    }
    Ok(())
}
