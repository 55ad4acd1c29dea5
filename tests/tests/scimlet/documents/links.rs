//! Where documents lead: links to files and headings, and paths that they name.

use std::path::Path;

use anyhow::{Context, ensure};

use super::markdown::{self, Document, root};

/// The folders that a path in the text begins with.
const FOLDERS: [&str; 5] = ["guest/", "host/", "tests/", "wit/", ".ci/"];

/// Every relative link leads to a file of the project, and to a heading where it names one.
pub(super) fn lead_somewhere() -> anyhow::Result<()> {
    let documents = markdown::all()?;
    ensure!(documents.len() > 10, "only {} documents", documents.len());
    let mut wrong = Vec::new();
    for document in &documents {
        for link in &document.links {
            if let Err(error) = follow(document, link, &documents) {
                wrong.push(format!("{}: `{link}`: {error}", document.name));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn follow(from: &Document, link: &str, documents: &[Document]) -> anyhow::Result<()> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = Path::new(&from.name).parent().context("no folder")?;
    let target = match path {
        "" => root().join(&from.name),
        path => root().join(folder).join(path),
    };
    let root = root().canonicalize()?;
    let target = target.canonicalize().context("there is no such file")?;
    let name = target.strip_prefix(&root).context("not in the project")?;
    if anchor.is_empty() {
        return Ok(());
    }
    let name = name.display().to_string();
    let document = documents.iter().find(|document| document.name == name);
    let anchors = &document.context("not a document with headings")?.anchors;
    ensure!(
        anchors.iter().any(|known| known == anchor),
        "there is no such heading, but {}",
        anchors.join(", ")
    );
    Ok(())
}

/// Every path in the text is one of the project.
pub(super) fn paths_are_there() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for document in markdown::all()? {
        let paths = document.codes.iter().filter(|code| is_path(code));
        let missing = paths.filter(|path| !root().join(path).exists());
        wrong.extend(missing.map(|path| format!("{}: no `{path}`", document.name)));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn is_path(code: &str) -> bool {
    let simple = |char: char| char.is_ascii_alphanumeric() || "/._-".contains(char);
    FOLDERS.iter().any(|folder| code.starts_with(folder)) && code.chars().all(simple)
}
