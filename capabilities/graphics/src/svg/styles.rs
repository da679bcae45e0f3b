//! Which references elements have by attributes and by style sheets.

use base::{LimitExceeded, Limits};
use simplecss::{
    AttributeOperator, Declaration, DeclarationTokenizer, Element, PseudoClass, Selector, StyleSheet,
};
use usvg::roxmltree::{Document, Node};

use super::references::Role;

/// The most style rules in a file.
const MAX_RULES: u64 = 50_000;
/// The most tests of an element against a selector.
const MAX_MATCHES: u64 = 500_000_000;

/// The link of an element: `href`, or else the older `xlink:href`, to an element of the same file.
pub(super) fn href<'a>(element: Node<'a, '_>) -> Option<&'a str> {
    const XLINK: &str = "http://www.w3.org/1999/xlink";
    let plain = element.attributes().find(|a| a.name() == "href" && a.namespace().is_none());
    let link = plain
        .or_else(|| element.attributes().find(|a| a.name() == "href" && a.namespace() == Some(XLINK)))?;
    link.value().trim().strip_prefix('#')
}

/// The style rules that refer to elements.
pub(super) struct Sheet<'a> {
    rules: Vec<(Selector<'a>, Vec<Declaration<'a>>)>,
}

impl<'a> Sheet<'a> {
    /// The rules of a file's style sheets. Fails where matching them with `elements` elements would take too
    /// long.
    pub fn of(xml: &'a Document<'_>, elements: u64) -> Result<Self, LimitExceeded> {
        let styles =
            || xml.descendants().filter(|node| node.has_tag_name("style")).filter_map(|style| style.text());
        // Each block and each comma may start a rule.
        let rules: usize =
            styles().map(|text| text.bytes().filter(|byte| matches!(byte, b'{' | b',')).count()).sum();
        Limits::check("the number of style rules", rules as u64, MAX_RULES, "nodes")?;
        let matches = (rules as u64).saturating_mul(elements);
        Limits::check("the number of style rules times that of elements", matches, MAX_MATCHES, "nodes")?;
        let mut sheet = StyleSheet::new();
        styles().for_each(|text| sheet.parse_more(text));
        let rules = sheet.rules.into_iter().filter_map(|rule| {
            let referring: Vec<_> =
                rule.declarations.into_iter().filter(|d| d.value.contains("url(")).collect();
            (!referring.is_empty()).then_some((rule.selector, referring))
        });
        Ok(Sheet { rules: rules.collect() })
    }

    /// What an element refers to: the role and the id. Where attributes and rules differ, all count.
    pub fn references(&self, element: Node<'_, '_>) -> Vec<(Role, String)> {
        let mut out = Vec::new();
        let mut add = |name: &str, value: &str| {
            let role = match name {
                "fill" => Role::Fill,
                "stroke" => Role::Stroke,
                "marker" | "marker-start" | "marker-mid" | "marker-end" => Role::Marker,
                "clip-path" => Role::Clip,
                "mask" => Role::Mask,
                "filter" => Role::Filter,
                _ => return,
            };
            for part in value.split("url(").skip(1) {
                let link = part.split(')').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if let Some(id) = link.trim().strip_prefix('#') {
                    out.push((role, id.to_owned()));
                }
            }
        };
        for attribute in element.attributes() {
            match attribute.name() {
                "style" => {
                    for declaration in DeclarationTokenizer::from(attribute.value()) {
                        add(declaration.name, declaration.value);
                    }
                }
                name => add(name, attribute.value()),
            }
        }
        for (selector, declarations) in &self.rules {
            if selector.matches(&Styled(element)) {
                declarations.iter().for_each(|declaration| add(declaration.name, declaration.value));
            }
        }
        out
    }
}

/// An element as selectors see it.
struct Styled<'a, 'input>(Node<'a, 'input>);

impl Element for Styled<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Styled)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Styled)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        matches!(class, PseudoClass::FirstChild) && self.prev_sibling_element().is_none()
    }
}
