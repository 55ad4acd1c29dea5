//! The last statements of a commit, which write what all commits of a tenant change: the counts of
//! entries, counters, and the events. Other commits of the tenant wait until they are committed, so
//! that they are few.

use scimlet_store::Refusal;

use super::Stop;
use super::events::{append, redact};
use super::statements::Writer;
use super::write::End;
use crate::commit::Change;
use crate::commit::events::record;
use crate::database::connection::{Connection, execute};
use crate::database::insert;
use crate::database::source::numbers;
use crate::{Dialect, Sql};

/// Numbers and writes the events, and what the commit changes of counts and counters. Returns the
/// commit's time: the given one or, if the tenant has an event that is not older, a millisecond
/// after the newest one; the changed entries get that too.
pub(super) fn finish(
    connection: &impl Connection,
    tenant: i64,
    (at, actor): (i64, &str),
    change: &Change<'_>,
    end: End<'_>,
) -> Result<u64, Stop> {
    let writer = Writer { dialect: connection.dialect(), tenant };
    let mut statements = Vec::new();
    statements.extend(writer.count("scimlet_kind", &end.counts.kinds));
    statements.extend(writer.count("scimlet_field", &end.counts.fields));
    statements.extend(writer.counters(&end.counters));
    let earliest = end.at.map_or(at, |last| last.saturating_add(1).max(at));
    if earliest > at {
        statements.extend(postpone(writer.dialect, change, earliest));
    }
    statements.extend(change.redacted.iter().map(|(subject, _)| redact(tenant, subject)));
    let time = u64::try_from(earliest).map_err(|_| Refusal::Invalid("the time".into()))?;
    let recorded = record(time, actor, change, end.last);
    statements.extend(append(writer.dialect, tenant, &recorded));
    if !statements.is_empty() {
        execute(connection, together(writer.dialect, statements))?;
    }
    Ok(time)
}

/// Sets the times of the changed entries, which were written with an earlier one.
fn postpone(dialect: Dialect, change: &Change<'_>, at: i64) -> Option<Sql> {
    let changed = change.entries.values().filter(|held| held.changed);
    let seqs: Vec<i64> = changed.map(|held| held.seq).collect();
    let sql = "UPDATE scimlet_entry SET modified = ?,
               created = CASE version WHEN 1 THEN ? ELSE created END WHERE seq IN (";
    (!seqs.is_empty())
        .then(|| Sql::new(sql).bind(at).bind(at).append(numbers(dialect, &seqs)).text(")"))
}

/// Makes one statement of several that write different rows, so that PostgreSQL is asked once while
/// other commits wait, unless that had too many parameters. SQLite takes them one by one.
fn together(dialect: Dialect, mut statements: Vec<Sql>) -> Vec<Sql> {
    let parameters: usize = statements.iter().map(|sql| sql.values().len()).sum();
    if dialect == Dialect::Sqlite || statements.len() < 2 || parameters > insert::most(dialect) {
        return statements;
    }
    let last = statements.pop().unwrap_or_default();
    let numbered = (0..).zip(statements);
    let named = numbered.map(|(n, sql)| Sql::new(&format!("w{n} AS (")).append(sql).text(")"));
    vec![Sql::new("WITH ").append(Sql::join(named, ", ")).text(" ").append(last)]
}
