//! The project's Markdown files, and what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Folders that hold what was installed or built.
const FOREIGN: [&str; 5] = ["target", "node_modules", "dist", "found", "artifacts"];

/// One file.
pub(super) struct Document {
    /// The path, relative to the project's root.
    pub name: String,
    pub text: String,
    /// The anchors of the headings, as GitHub makes them.
    pub anchors: Vec<String>,
    /// The targets of the links.
    pub links: Vec<String>,
    /// Inline code.
    pub codes: Vec<String>,
    pub blocks: Vec<Block>,
    /// The text of the first paragraph behind the title.
    pub opening: String,
}

/// A block of code between fences.
pub(super) struct Block {
    pub language: String,
    pub text: String,
}

/// The project's root.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All documents, by name.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn all() -> anyhow::Result<Vec<Document>> {
    let (mut folders, mut found) = (vec![root()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_foreign = name.starts_with('.') || FOREIGN.contains(&name.as_ref());
            if path.is_dir() && !is_foreign {
                folders.push(path);
            } else if name.ends_with(".md") && path.is_file() {
                found.push(read(&path)?);
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The document of this name.
///
/// # Errors
/// If there is none.
pub(super) fn named(name: &str) -> anyhow::Result<Document> {
    read(&root().join(name))
}

fn read(path: &Path) -> anyhow::Result<Document> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let name = path.strip_prefix(root()).unwrap_or(path);
    let mut document = Document {
        name: name.display().to_string(),
        text: text.clone(),
        anchors: Vec::new(),
        links: Vec::new(),
        codes: Vec::new(),
        blocks: Vec::new(),
        opening: String::new(),
    };
    let mut reading = Reading::default();
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        reading.event(&mut document, event);
    }
    Ok(document)
}

/// The elements that are open at the present event of the parser.
#[derive(Default)]
struct Reading {
    heading: Option<String>,
    block: Option<Block>,
    paragraphs: usize,
    in_paragraph: bool,
}

impl Reading {
    fn event(&mut self, document: &mut Document, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { .. }) => self.heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let heading = self.heading.take().unwrap_or_default();
                document.anchors.push(anchor(&heading, &document.anchors));
            }
            Event::Start(Tag::Paragraph) => self.in_paragraph = true,
            Event::End(TagEnd::Paragraph) => {
                self.in_paragraph = false;
                self.paragraphs += 1;
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let text = String::new();
                self.block = Some(Block { language, text });
            }
            Event::End(TagEnd::CodeBlock) => document.blocks.extend(self.block.take()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.to_string());
            }
            Event::Text(text) => self.text(document, &text),
            Event::Code(code) => {
                self.text(document, &code);
                document.codes.push(code.to_string());
            }
            Event::SoftBreak | Event::HardBreak => self.text(document, " "),
            _ => {}
        }
    }

    fn text(&mut self, document: &mut Document, text: &str) {
        if let Some(block) = &mut self.block {
            block.text.push_str(text);
        } else if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        } else if self.in_paragraph && self.paragraphs == 0 {
            document.opening.push_str(text);
        }
    }
}

/// A heading's anchor on GitHub: in lower case, without punctuation, blanks as hyphens; numbered
/// where it is not the first of its kind.
fn anchor(heading: &str, before: &[String]) -> String {
    let kept = |char: &char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_');
    let anchor: String = heading.to_lowercase().chars().filter(kept).collect();
    let anchor = anchor.replace(' ', "-");
    let same = before.iter().filter(|known| **known == anchor).count();
    match same {
        0 => anchor,
        same => format!("{anchor}-{same}"),
    }
}
