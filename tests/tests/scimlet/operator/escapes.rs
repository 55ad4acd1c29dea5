//! Texts that clients and administrators choose (names, labels, ids of clients) move no cursor and
//! begin no line where they are printed for people.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::Http;
use scimlet_tests::wording::numbers;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::nothing_printed_moves_the_cursor", printed),
        trial("operator::json_is_printed_without_controls", as_json),
        trial("operator::errors_hold_no_controls", errors),
        trial("operator::a_line_of_the_log_is_one_line", logged),
    ]
}

/// An escape sequence, a C1 control that begins one, a line of its own, and text that runs
/// backwards.
const EVIL: &str = "a\u{1b}[2J\u{9b}31m\r\nscimlet: fake\u{85}\u{2028}\u{202e}\u{2066}\u{7f}z";

/// Whether a text has no character that moves a terminal's cursor or turns its text round. Line
/// breaks are allowed.
fn is_plain(text: &str) -> bool {
    let bidi = |c: char| {
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}')
    };
    !text.chars().any(|c| (c.is_control() && c != '\n') || bidi(c))
}

fn check(text: &str, lines: usize) -> anyhow::Result<()> {
    ensure!(is_plain(text), "{text:?}");
    ensure!(text.lines().count() == lines, "{text:?}");
    ensure!(!text.lines().any(|line| line.starts_with("scimlet: fake")));
    Ok(())
}

/// Makes a tenant in which every text that a client or an administrator may choose is [`EVIL`].
async fn chosen() -> anyhow::Result<Desk> {
    let desk = Desk::new("default")?;
    desk.json(&["credential", "create", "acme", "--label", EVIL])?;
    desk.json(&["identity-provider", "add", "acme", EVIL])?;
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "u", "displayName": EVIL,
    });
    desk.write("users.jsonl", &format!("{user}\n"))?;
    desk.json(&["user", "import", "acme", "users.jsonl"])?;
    Ok(desk)
}

async fn printed() -> anyhow::Result<()> {
    let desk = chosen().await?;
    check(&desk.text(&["credential", "list", "acme"])?, 2)?;
    check(&desk.text(&["identity-provider", "list", "acme"])?, 2)?;
    check(&desk.text(&["user", "list", "acme"])?, 2)?;
    let made = desk.text(&["credential", "create", "acme", "--label", EVIL])?;
    ensure!(is_plain(&made) && !made.contains("\nscimlet: fake"), "{made:?}");
    let added = desk.text(&["identity-provider", "add", "acme", &format!("{EVIL}2")])?;
    ensure!(is_plain(&added) && !added.contains("\nscimlet: fake"), "{added:?}");
    let events = desk.text(&["events", "acme", "--channel", "all"])?;
    let count = desk.text(&["events", "acme", "--channel", "all", "--json"])?;
    check(&events, count.lines().count())?;
    ensure!(events.contains("fake"), "the provider's name is there: {events}");
    Ok(())
}

async fn as_json() -> anyhow::Result<()> {
    let desk = chosen().await?;
    for (arguments, pointer) in [
        (&["credential", "list", "acme"][..], "/0/label"),
        (&["identity-provider", "list", "acme"], "/0/name"),
        (&["user", "list", "acme"], "/0/displayName"),
    ] {
        let text = desk.text(&[arguments, &["--json"]].concat())?;
        ensure!(is_plain(&text), "{text:?}");
        let json: Value = serde_json::from_str(&text)?;
        ensure!(json.pointer(pointer) == Some(&EVIL.into()), "{json}");
    }
    let id = desk.json(&["user", "list", "acme"])?[0]["id"].take();
    let id = id.as_str().context("no id")?;
    ensure!(is_plain(&desk.text(&["user", "show", "acme", id])?));
    ensure!(is_plain(&desk.text(&["events", "acme", "--channel", "all", "--json"])?));
    Ok(())
}

async fn errors() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    for arguments in [
        ["credential", "revoke", "acme", EVIL],
        ["user", "show", "acme", EVIL],
        ["user", "import", EVIL, "x"],
        ["tenant", "set", "acme", EVIL],
        ["tenant", "gate", EVIL, EVIL],
    ] {
        let output = desk.run(&arguments)?;
        let text = String::from_utf8(output.stderr)?;
        ensure!(!output.status.success() && !text.is_empty());
        ensure!(is_plain(&text), "{arguments:?}: {text:?}");
        let fake = text.lines().any(|line| line.starts_with("scimlet: fake"));
        ensure!(!fake, "{arguments:?}: {text:?}");
    }
    Ok(())
}

/// Attributes that no schema has are noted by name: each client chooses what is noted.
async fn logged() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    let (server, client) = desk.serve()?;
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u", EVIL: 1,
    });
    let long = format!("/Users/{}", "x".repeat(20_000));
    for target in ["/Users", &long] {
        client.ask("POST", target, &user).await?;
    }
    Http::new(server.base("acme"), "wrong")?.get(&long).await?;
    server.stop()?;
    let log = std::fs::read(desk.folder().join("log"))?;
    let log = String::from_utf8(log)?;
    ensure!(log.contains("fake"), "the name is noted: {log}");
    ensure!(is_plain(&log), "{log:?}");
    for line in log.lines() {
        ensure!(line.starts_with("20"), "{line} has no time");
        ensure!(line.len() <= 8192, "{} bytes", line.len());
    }
    let cut = log.lines().find(|line| line.contains("xxxxxxxx"));
    let cut = cut.context("the long name is not noted")?;
    let (_, mark) = cut.rsplit_once("xxx").context("no end")?;
    ensure!(numbers(mark).iter().any(|&bytes| bytes > 10_000), "no mark: {mark}");
    Ok(())
}
