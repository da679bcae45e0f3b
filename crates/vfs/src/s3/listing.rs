//! What S3 says in XML.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use roxmltree::{Document, Node, ParsingOptions};
use ureq::http::Method;

use super::request::{Connection, text};
use crate::{Entry, Fault, FileKind, Listing, RemoteFault, VfsPath};

/// Most names in one folder, and most answers that list them.
const NAMES: usize = 1_000_000;
const PAGES: usize = 10_000;
/// Most nodes of an answer: a thousand names with some elements and texts each.
const NODES: u32 = 100_000;

/// One answer to the question for a listing.
#[derive(Default)]
pub(super) struct Page {
    /// Keys of objects.
    pub(super) objects: Vec<Key>,
    /// Keys up to the next slash, of objects further down.
    pub(super) prefixes: Vec<Key>,
    /// What asks for the page after this one.
    next: Option<String>,
}

/// A key, or what can be shown of one that is no UTF-8.
pub(super) type Key = Result<String, String>;

impl Connection {
    /// At most `most` keys that begin with `prefix`, those of folders up to their slash; goes on from `next`.
    pub(super) fn page(&self, prefix: &str, most: usize, next: Option<&str>) -> Result<Page, Fault> {
        let most = most.to_string();
        let fixed = [
            ("delimiter", "/"),
            ("encoding-type", "url"),
            ("list-type", "2"),
            ("max-keys", &most),
            ("prefix", prefix),
        ];
        let query: Vec<_> = next.map(|next| ("continuation-token", next)).into_iter().chain(fixed).collect();
        page(&text(self.repeat(&Method::GET, None, &query, &[], &[])?)?)
    }

    /// The names beneath `prefix`, which is empty or ends in a slash; none where there are none at all.
    pub(super) fn list(&self, prefix: &str) -> Result<Option<Listing>, Fault> {
        let mut names = BTreeMap::new();
        let mut undecodable = Vec::new();
        let (mut next, mut found) = (None, false);
        for _ in 0..PAGES {
            let page = self.page(prefix, 1000, next.as_deref())?;
            let objects = page.objects.into_iter().map(|key| (key, FileKind::File));
            let folders = page.prefixes.into_iter().map(|key| (key, FileKind::Directory));
            for (key, kind) in folders.chain(objects) {
                found = true;
                let name = |key: &str| {
                    let name = key.strip_prefix(prefix)?;
                    Some(if kind == FileKind::Directory { name.strip_suffix('/')? } else { name }.to_owned())
                };
                match key.as_deref().map(name) {
                    Ok(Some(name)) if is_component(&name) => drop(names.insert(name, kind)),
                    // The folder's own mark.
                    Ok(Some(name)) if name.is_empty() && kind == FileKind::File => {}
                    Ok(Some(name)) => undecodable.push(name),
                    Ok(None) => return Err(odd("it lists another folder")),
                    Err(shown) => undecodable.push(shown.strip_prefix(prefix).unwrap_or(shown).to_owned()),
                }
            }
            if names.len() + undecodable.len() > NAMES {
                return Err(odd("it lists more than a million names"));
            }
            if page.next.is_none() {
                let entries = names.into_iter().map(|(name, kind)| Entry { name, kind }).collect();
                undecodable.sort();
                return Ok(found.then_some(Listing { entries, undecodable }));
            }
            if page.next == next {
                break;
            }
            next = page.next;
        }
        Err(odd("its listing does not end"))
    }
}

fn is_component(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && VfsPath::parse(name).is_ok_and(|path| path.as_str() == name)
}

fn odd(message: &str) -> Fault {
    RemoteFault::Protocol(message.to_owned()).into()
}

fn document(xml: &str) -> Result<Document<'_>, Fault> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(xml, options).map_err(|error| odd(&format!("its XML: {error}")))
}

fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default())
}

fn page(xml: &str) -> Result<Page, Fault> {
    let document = document(xml)?;
    let root = document.root_element();
    if root.tag_name().name() != "ListBucketResult" {
        return Err(odd("it is no listing"));
    }
    let encoded = child(root, "EncodingType") == Some("url");
    let key = |text: &str| match encoded {
        true => {
            let text = text.replace('+', " ");
            let bytes = percent_decode_str(&text).collect::<Vec<u8>>();
            String::from_utf8(bytes).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        false => Ok(text.to_owned()),
    };
    let keys = |element: &str, name: &str| -> Result<Vec<Key>, Fault> {
        let elements = root.children().filter(|child| child.tag_name().name() == element);
        elements.map(|node| Ok(key(child(node, name).ok_or_else(|| odd("a name is missing"))?))).collect()
    };
    let next = match child(root, "IsTruncated") {
        Some("true") => {
            let next = child(root, "NextContinuationToken").filter(|next| !next.is_empty());
            Some(next.ok_or_else(|| odd("it does not say how to go on"))?.to_owned())
        }
        _ => None,
    };
    Ok(Page { objects: keys("Contents", "Key")?, prefixes: keys("CommonPrefixes", "Prefix")?, next })
}

/// The text of an element of an answer whose root is called `root`.
pub(super) fn element(xml: &str, root: &str, name: &str) -> Result<String, Fault> {
    let document = document(xml)?;
    let found = document.root_element();
    if found.tag_name().name() != root {
        let code = child(found, "Code").unwrap_or("no reason");
        return Err(odd(&format!("{} ({code}) came for {root}", found.tag_name().name())));
    }
    child(found, name).map(str::to_owned).ok_or_else(|| odd(&format!("{root} has no {name}")))
}

/// Why a request failed, from an answer of failure: a code and a sentence.
pub(super) fn reason(xml: &str) -> String {
    let Ok(document) = document(xml) else { return "no reason".to_owned() };
    let said = ["Code", "Message"].into_iter().filter_map(|name| child(document.root_element(), name));
    said.collect::<Vec<_>>().join(": ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_where_the_answer_says_so() {
        let listing = |more: &str| {
            let xml = format!(
                "<ListBucketResult>{more}<Contents><Key>a%2Bb+%C3%A4</Key></Contents><Contents><Key>%FF</Key></Contents>\
                 <CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes></ListBucketResult>"
            );
            let page = page(&xml).unwrap();
            (page.objects, page.prefixes)
        };
        let folder = vec![Ok("d/".to_owned())];
        let decoded = vec![Ok("a+b ä".to_owned()), Err("\u{fffd}".to_owned())];
        assert_eq!(listing("<EncodingType>url</EncodingType>"), (decoded, folder.clone()));
        assert_eq!(listing(""), (vec![Ok("a%2Bb+%C3%A4".to_owned()), Ok("%FF".to_owned())], folder));
    }

    #[test]
    fn hostile_xml_is_a_fault() {
        let deep = format!("<ListBucketResult>{}", "<a>".repeat(1 << 20));
        let wide = format!("<ListBucketResult>{}</ListBucketResult>", "<a/>".repeat(200_000));
        let entity = "<!DOCTYPE a [<!ENTITY a 'x'>]><ListBucketResult>&a;</ListBucketResult>";
        let endless = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
        let nameless = "<ListBucketResult><Contents/></ListBucketResult>";
        for xml in [&deep, &wide, entity, endless, nameless, "", "<ListBucketResult>", "<Error/>"] {
            assert!(matches!(page(xml), Err(Fault::Remote(RemoteFault::Protocol(_)))), "{:.60}", xml);
        }
    }
}
