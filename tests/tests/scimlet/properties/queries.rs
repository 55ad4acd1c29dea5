//! A store that ignores filters and orders gives the same answers as one that evaluates them, and
//! pages join up to the whole list.

use anyhow::{Context, ensure};
use libtest_mimic::Failed;
use proptest::prelude::*;
use scimlet::store::memory::Memory;
use scimlet_tests::tenant::target;
use serde_json::Value;

use super::resources::{ENTERPRISE, population, word};

/// A query; `$0`, `$1` and so on in the filter stand for ids of users.
#[derive(Clone, Debug)]
struct Asked {
    of_groups: bool,
    filter: Option<String>,
    sort: Option<(String, bool)>,
    start_index: Option<i8>,
    count: Option<i8>,
}

/// A store that ignores filters and orders gives the same answers, byte for byte, as one that does
/// not.
pub fn stores_agree() -> Result<(), Failed> {
    let queries = prop::collection::vec(asked(), 1..6);
    super::hold(&(population(), queries), |(population, queries)| {
        let (exact, users, _) = population.settle(&Memory::exact())?;
        let (unfiltered, ..) = population.settle(&Memory::unfiltered())?;
        for query in queries {
            let target = query.target(&users);
            let (a, b) = (exact.get(&target)?, unfiltered.get(&target)?);
            ensure!(
                a == b,
                "{query:?}: {} {}\nbut unfiltered {} {}",
                a.status,
                a.body,
                b.status,
                b.body
            );
        }
        Ok(())
    })
}

/// Pages of any size join up to the whole list.
pub fn pages_join_up() -> Result<(), Failed> {
    super::hold(&(population(), asked(), 1..4_usize), |(population, query, size)| {
        let (tenant, users, _) = population.settle(&Memory::exact())?;
        let whole = Asked { start_index: None, count: None, ..query.clone() };
        let answer = tenant.get(&whole.target(&users))?;
        if answer.status != 200 {
            return Ok(());
        }
        let whole = resources(&answer.expect(200)?)?;
        let mut joined = Vec::new();
        loop {
            let page = Asked {
                start_index: Some(i8::try_from(joined.len() + 1)?),
                count: Some(i8::try_from(size)?),
                ..query.clone()
            };
            let page = tenant.get(&page.target(&users))?.expect(200)?;
            ensure!(page["totalResults"] == whole.len(), "{page}");
            let found = resources(&page)?;
            ensure!(page["itemsPerPage"] == found.len() && found.len() <= size, "{page}");
            if found.is_empty() {
                break;
            }
            joined.extend(found);
        }
        ensure!(joined == whole, "{joined:?} are not {whole:?}");
        Ok(())
    })
}

fn resources(list: &Value) -> anyhow::Result<Vec<Value>> {
    Ok(list["Resources"].as_array().context("no Resources")?.clone())
}

impl Asked {
    fn target(&self, users: &[String]) -> String {
        let mut filter = self.filter.clone();
        for (i, id) in users.iter().enumerate() {
            filter = filter.map(|filter| filter.replace(&format!("${i}"), id));
        }
        let number = |n: Option<i8>| n.map(|n| n.to_string());
        let sort_by = self.sort.as_ref().map(|(path, _)| path.clone());
        let descending = self.sort.as_ref().filter(|(_, descending)| *descending);
        let parameters = [
            ("filter", filter),
            ("sortBy", sort_by),
            ("sortOrder", descending.map(|_| "descending".to_owned())),
            ("startIndex", number(self.start_index)),
            ("count", number(self.count)),
        ];
        let given = parameters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let path = if self.of_groups { "/Groups" } else { "/Users" };
        target(path, &given.collect::<Vec<_>>())
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let sort = prop::option::of((path().prop_map(|(path, _)| path), any::<bool>()));
    let numbers = (prop::option::weighted(0.3, -1..5_i8), prop::option::weighted(0.3, -1..5_i8));
    (prop::bool::weighted(0.2), prop::option::weighted(0.9, filter()), sort, numbers).prop_map(
        |(of_groups, filter, sort, (start_index, count))| Asked {
            of_groups,
            filter,
            sort,
            start_index,
            count,
        },
    )
}

/// The form of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Like {
    Text,
    Boolean,
    Instant,
    Id,
}

fn path() -> impl Strategy<Value = (String, Like)> {
    let texts = [
        "userName",
        "USERNAME",
        "displayName",
        "externalId",
        "title",
        "name.familyName",
        "name.givenName",
        "emails",
        "emails.value",
        "emails.type",
        "name",
        "password",
        "groups.display",
        "schemas",
        "members.display",
    ];
    let texts = texts.map(|path| (path.to_owned(), Like::Text)).into_iter();
    let others = [
        (format!("{ENTERPRISE}:employeeNumber"), Like::Text),
        (format!("{ENTERPRISE}:manager.value"), Like::Text),
        ("active".to_owned(), Like::Boolean),
        ("emails.primary".to_owned(), Like::Boolean),
        ("meta.created".to_owned(), Like::Instant),
        ("meta.lastModified".to_owned(), Like::Instant),
        ("id".to_owned(), Like::Id),
        ("groups.value".to_owned(), Like::Id),
        ("members.value".to_owned(), Like::Id),
        ("members".to_owned(), Like::Id),
    ];
    prop::sample::select(texts.chain(others).collect::<Vec<_>>())
}

fn literal(like: Like) -> BoxedStrategy<String> {
    let quoted = |text: String| Value::from(text).to_string();
    let fitting = match like {
        Like::Text => word().prop_map(quoted).boxed(),
        Like::Boolean => any::<bool>().prop_map(|value| value.to_string()).boxed(),
        Like::Instant => {
            (0..20_u8).prop_map(|second| format!("\"2026-01-01T00:00:{second:02}Z\"")).boxed()
        }
        Like::Id => (0..6_u8).prop_map(|i| format!("\"${i}\"")).boxed(),
    };
    prop_oneof![
        12 => fitting,
        1 => Just("null".to_owned()),
        1 => Just("1".to_owned()),
        1 => word().prop_map(quoted),
    ]
    .boxed()
}

fn comparison(path: String, like: Like) -> BoxedStrategy<String> {
    let operators = ["eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"];
    let known = if like == Like::Boolean { &operators[..2] } else { &operators[..] };
    let present = Just(format!("{path} pr"));
    let compared = (prop::sample::select(known.to_vec()), literal(like))
        .prop_map(move |(operator, value)| format!("{path} {operator} {value}"));
    prop_oneof![1 => present, 4 => compared].boxed()
}

fn leaf() -> impl Strategy<Value = String> {
    path().prop_flat_map(|(path, like)| comparison(path, like))
}

fn joined(leaf: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = || (inner.clone(), inner.clone());
        prop_oneof![
            two().prop_map(|(a, b)| format!("({a} and {b})")),
            two().prop_map(|(a, b)| format!("({a} or {b})")),
            inner.clone().prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

fn filter() -> impl Strategy<Value = String> {
    let sub = prop::sample::select(vec![
        ("value", Like::Text),
        ("type", Like::Text),
        ("primary", Like::Boolean),
    ]);
    let sub = sub.prop_flat_map(|(path, like)| comparison(path.to_owned(), like));
    let of_emails = joined(sub).prop_map(|inner| format!("emails[{inner}]"));
    let of_members = literal(Like::Id).prop_map(|id| format!("members[value eq {id}]"));
    joined(prop_oneof![6 => leaf(), 2 => of_emails, 1 => of_members])
}
