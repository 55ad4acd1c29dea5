//! Writes one relation or mirror of resources as JSON, value by value.

use super::Session;
use super::display_names::{DisplayName, DisplayNames};
use super::nesting::Containing;
use super::write::links::{LinkReader, LinkedKeys};
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::limits;
use crate::name::AttributeName;
use crate::projection::Projection;
use crate::resource;
use crate::resource_type::ResourceType;
use crate::store::{Key, Link};

/// The sub-attributes of a value that are written.
#[derive(Clone, Copy)]
pub(super) struct Form {
    reference: bool,
    display: bool,
    of_type: bool,
    value: bool,
}

impl Form {
    /// All sub-attributes.
    pub const WHOLE: Self = Self { reference: true, display: true, of_type: true, value: true };

    /// The sub-attributes of an attribute that the projection wants.
    pub fn of(resource_type: &ResourceType, name: &AttributeName, projection: &Projection) -> Self {
        let wants = |sub| projection.wants_sub(resource_type, name, sub);
        Self {
            reference: wants("$ref"),
            display: wants("display"),
            of_type: wants("type"),
            value: wants("value"),
        }
    }
}

/// An attribute that shows one end of links.
pub(super) struct RelationWriter<'a> {
    /// The attribute's name.
    pub attribute: &'a AttributeName,
    /// The links' name.
    pub link: &'a str,
    /// Reads the far ends of the links.
    pub reader: LinkReader<'a>,
    /// The containers of resources; only for a mirror.
    pub containing: Option<Containing>,
    /// Reads the members that a deactivation removed, if they are still shown.
    pub former: Option<LinkReader<'a>>,
    /// Whether inactive members are omitted.
    pub hides: bool,
    /// The sub-attributes that are written.
    pub form: Form,
    /// The most values of one resource.
    pub limit: usize,
    /// For each kind, the URL of its resources up to the id, as the beginning of a JSON string.
    pub places: Vec<(String, Option<Vec<u8>>)>,
}

impl<'a> RelationWriter<'a> {
    /// Writes the attribute of the first of these resources; returns how many values were read.
    pub fn write(
        &mut self,
        session: &Session<'a>,
        anchors: &[Key],
        names: &mut DisplayNames,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let Some(anchor) = anchors.first() else {
            return Ok(0);
        };
        names.make_room();
        self.read_ahead(session, anchors, names)?;
        let ends = self.reader.take(session, anchors)?;
        let mut list = List { anchor, name: self.attribute.as_str(), begun: false, read: 0 };
        match self.containing.is_some() {
            true => self.containers(session, anchor, names, ends, (&mut list, out))?,
            false => self.members(session, anchor, names, ends, (&mut list, out))?,
        }
        self.formers(session, anchors, (&mut list, out))?;
        if list.begun {
            out.push(b']');
        }
        Ok(list.read)
    }

    /// Skips the next resource.
    pub fn pass(&mut self) {
        self.reader.pass();
        self.former.iter_mut().for_each(LinkReader::pass);
    }

    /// Reads the links of several resources and the names at their far ends, unless links have been
    /// read ahead already.
    fn read_ahead(
        &mut self,
        session: &Session<'a>,
        anchors: &[Key],
        names: &mut DisplayNames,
    ) -> Result<(), Error> {
        if self.reader.is_empty() {
            self.reader.fill(session, anchors)?;
            if let Some(containing) = &mut self.containing {
                let keys = self.reader.ready().flat_map(|ends| &ends.keys);
                containing.add(session, self.link, keys.cloned().collect(), self.limit)?;
            }
        }
        let mut wanted = Vec::new();
        for ends in self.reader.ready() {
            if wanted.len() >= limits::KEYS_PER_CALL {
                break;
            }
            wanted.extend(ends.keys.iter().filter(|key| !names.knows(key)).cloned());
            if wanted.is_empty() {
                break;
            }
        }
        names.load(session, wanted)
    }

    /// Writes the far ends of the resource's links, page by page.
    fn members(
        &mut self,
        session: &Session<'a>,
        anchor: &Key,
        names: &DisplayNames,
        mut ends: LinkedKeys,
        (list, out): (&mut List<'_>, &mut Vec<u8>),
    ) -> Result<(), Error> {
        for key in &ends.keys {
            let name = names.get(key);
            self.value(session, (key, name, &key.kind), list, out)?;
        }
        while let Some(after) = ends.next.take() {
            ends = self.reader.more(session, anchor, after)?;
            self.unnamed(session, &ends.keys, list, out)?;
        }
        Ok(())
    }

    /// Writes values whose names are not in the cache and need not be added to it.
    fn unnamed(
        &mut self,
        session: &Session<'a>,
        keys: &[Key],
        list: &mut List<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        session.each_entry(keys, |key, entry| {
            let name = entry.map(|entry| DisplayName::of(session, &entry)).transpose()?;
            self.value(session, (key, name.as_ref(), &key.kind), list, out)
        })
    }

    /// Writes the resources that contain this one, directly or indirectly.
    fn containers(
        &mut self,
        session: &Session<'a>,
        anchor: &Key,
        names: &mut DisplayNames,
        mut ends: LinkedKeys,
        (list, out): (&mut List<'_>, &mut Vec<u8>),
    ) -> Result<(), Error> {
        while let Some(after) = ends.next.take() {
            if ends.keys.len() > self.limit {
                return Err(self.too_many(anchor));
            }
            let more = self.reader.more(session, anchor, after)?;
            ends.keys.extend(more.keys);
            ends.next = more.next;
        }
        let Some(containing) = &mut self.containing else {
            return Ok(());
        };
        let keys = ends.keys.clone();
        let known = containing.add(session, self.link, keys, self.limit)?;
        let containers = containing.of(anchor, ends.keys);
        if !known || containers.len() > self.limit {
            return Err(self.too_many(anchor));
        }
        let unknown = containers.iter().map(|(key, _)| key);
        let unknown = unknown.filter(|key| !names.knows(key)).cloned().collect();
        names.load(session, unknown)?;
        for (key, is_direct) in &containers {
            let how = if *is_direct { "direct" } else { "indirect" };
            self.value(session, (key, names.get(key), how), list, out)?;
        }
        Ok(())
    }

    /// Writes the members that a deactivation removed from the first of these groups and who have
    /// not returned.
    fn formers(
        &mut self,
        session: &Session<'a>,
        anchors: &[Key],
        (list, out): (&mut List<'_>, &mut Vec<u8>),
    ) -> Result<(), Error> {
        let (Some(mut reader), Some(anchor)) = (self.former.take(), anchors.first()) else {
            return Ok(());
        };
        let mut ends = reader.take(session, anchors)?;
        loop {
            for keys in ends.keys.chunks(limits::KEYS_PER_CALL) {
                let link = |key: &Key| Link {
                    source: anchor.clone(),
                    name: self.link.to_owned(),
                    target: key.clone(),
                };
                let there = session.ports.store.has(keys.iter().map(link).collect())?;
                let gone = keys.iter().zip(there).filter(|(_, there)| !there);
                let gone: Vec<Key> = gone.map(|(key, _)| key.clone()).collect();
                self.unnamed(session, &gone, list, out)?;
            }
            match ends.next.take() {
                Some(after) => ends = reader.more(session, anchor, after)?,
                None => break,
            }
        }
        self.former = Some(reader);
        Ok(())
    }

    /// Writes one value, or nothing if the resource no longer exists. Its `type` is that of a
    /// member, or says whether membership is direct (RFC 7643 sections 4.1.2 and 4.2).
    fn value(
        &mut self,
        session: &Session<'a>,
        (key, name, of_type): (&Key, Option<&DisplayName>, &str),
        list: &mut List<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        list.read += 1;
        if list.read > self.limit || out.len() > limits::RESPONSE_BYTES {
            return Err(self.too_many(list.anchor));
        }
        let Some(name) = name.filter(|name| name.is_active || !self.hides) else {
            return Ok(());
        };
        if self.places.iter().all(|(kind, _)| *kind != key.kind) {
            let place = place(session, &key.kind);
            self.places.push((key.kind.clone(), place));
        }
        let mut places = self.places.iter();
        let place = places.find(|(kind, _)| *kind == key.kind);
        let Some((_, Some(place))) = place else {
            return Ok(());
        };
        list.next(out);
        let form = self.form;
        out.push(b'{');
        if form.reference {
            out.extend_from_slice(b"\"$ref\":");
            out.extend_from_slice(place);
            let begun = out.len();
            json::write_text(out, &key.id);
            // The id continues the string that the URL began.
            out.remove(begun);
            out.push(b',');
        }
        if let Some(display) = name.display.as_ref().filter(|_| form.display) {
            member(out, "display", display);
        }
        if form.of_type {
            member(out, "type", of_type);
        }
        if form.value {
            member(out, "value", &key.id);
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b'}');
        Ok(())
    }

    fn too_many(&self, anchor: &Key) -> Error {
        let (attribute, limit) = (self.attribute, self.limit);
        let detail = format!(
            "`{attribute}` of {anchor} has more than {limit} values, or more than an answer may \
            have; \
             ask with excludedAttributes={attribute}"
        );
        Error::new(ErrorKind::TooMany, detail)
    }
}

/// The values of an attribute written so far.
struct List<'n> {
    anchor: &'n Key,
    name: &'n str,
    begun: bool,
    /// How many were read, including those that are not shown.
    read: usize,
}

impl List<'_> {
    /// Writes the separator before the next value.
    fn next(&mut self, out: &mut Vec<u8>) {
        if self.begun {
            out.push(b',');
            return;
        }
        self.begun = true;
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        json::write_text(out, self.name);
        out.extend_from_slice(b":[");
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    json::write_text(out, name);
    out.push(b':');
    json::write_text(out, value);
    out.push(b',');
}

/// Returns the URL of the resources of a kind, as a JSON string up to the id; `None` if the profile
/// no longer has the type.
fn place(session: &Session<'_>, kind: &str) -> Option<Vec<u8>> {
    let resource_type = session.admission.policy.registry.named(kind)?;
    let mut text = Vec::new();
    json::write_text(&mut text, &resource::location(resource_type, &session.origin.base_url, ""));
    text.pop();
    Some(text)
}
