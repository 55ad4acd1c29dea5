//! The headers in which proxies describe the client: `Forwarded` (RFC 7239), or `X-Forwarded-For`,
//! `X-Forwarded-Proto` and `X-Forwarded-Host`.
//!
//! Clients can send these headers too, and with an unclosed quotation mark change the meaning of
//! what a proxy appends: a header that is not entirely in the RFC's form names no client.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::uri::Authority;

/// One proxy's description of its peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    /// `None` if there is no readable address.
    pub(super) address: Option<IpAddr>,
    /// `http` or `https`.
    pub(super) proto: Option<String>,
    /// The server's name in the peer's request.
    pub(super) host: Option<String>,
}

const FORWARDED: &str = "forwarded";
const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";

/// Returns whether any of these headers is present.
pub(super) fn is_present(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED) || headers.contains_key(FOR)
}

/// Returns the hops in their order, the nearest last. `Forwarded` takes precedence over the older
/// headers.
pub(super) fn hops(headers: &HeaderMap) -> Vec<Hop> {
    match list(headers, FORWARDED) {
        Some(text) => elements(&text).unwrap_or_else(|| vec![Hop::default()]),
        None => list(headers, FOR).map_or_else(Vec::new, |text| older(headers, &text)),
    }
}

/// Joins the lines of a header to one list. A line that is not text counts as empty.
fn list(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Reads the older headers. Scheme and host have a value for each hop, or a single one, which the
/// nearest proxy has set.
fn older(headers: &HeaderMap, text: &str) -> Vec<Hop> {
    let mut hops: Vec<Hop> = text
        .split(',')
        .map(|node| Hop { address: address(node.trim()), ..Hop::default() })
        .collect();
    let mut set = |name: &str, set: fn(&mut Hop, &str)| {
        let Some(text) = list(headers, name) else {
            return;
        };
        let values: Vec<&str> = text.split(',').map(str::trim).collect();
        if values.len() == hops.len() {
            hops.iter_mut().zip(values).for_each(|(hop, value)| set(hop, value));
        } else if let Some(last) = values.last() {
            hops.iter_mut().for_each(|hop| set(hop, last));
        }
    };
    set(PROTO, |hop, value| hop.proto = scheme(value));
    set(HOST, |hop, value| hop.host = host(value));
    hops
}

/// Parses the `forwarded-element`s of RFC 7239 section 4; `None` if the text has another form.
fn elements(text: &str) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for element in split(text, ',')? {
        let mut hop = Hop::default();
        for pair in split(element, ';')? {
            let pair = pair.trim();
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=')?;
            let value = unquoted(value)?;
            match name.to_ascii_lowercase().as_str() {
                "for" => hop.address = address(&value),
                "proto" => hop.proto = scheme(&value),
                "host" => hop.host = host(&value),
                _ => {}
            }
        }
        hops.push(hop);
    }
    Some(hops)
}

/// Splits at separators outside quotation marks; `None` if a quotation is not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

/// Returns a token as it is, or the content of a quoted string.
fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.to_owned());
    };
    let (mut content, mut characters) = (String::new(), inner.chars());
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(content),
            '\\' => content.push(characters.next()?),
            character => content.push(character),
        }
    }
}

/// Parses the address of a node, with or without a port.
fn address(node: &str) -> Option<IpAddr> {
    let bare = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|node| node.ip());
    let address = node.parse().ok().or_else(with_port).or_else(bare);
    address.map(|address: IpAddr| address.to_canonical())
}

fn scheme(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    ["http", "https"].contains(&text.as_str()).then_some(text)
}

fn host(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    (!text.contains('@')).then(|| authority.to_string())
}
