//! A listing as a page that stands alone.

use std::{collections::BTreeSet, fmt::Write};

use super::{Lines, escape};

/// The page. The same text gives the same bytes.
pub fn write(lines: &Lines<'_>, title: &str, numbers: bool) -> String {
    let theme = lines.theme;
    let (mut body, mut used) = (String::with_capacity(lines.text.len_bytes() * 2), BTreeSet::new());
    let digits = lines.digits();
    for (index, parts) in lines.iter().enumerate() {
        if numbers {
            // Writing to a string does not fail, here and below.
            let _ = write!(body, "<span class=\"line-number\">{:>digits$}  </span>", index + 1);
        }
        for (scope, text) in parts {
            match scope {
                Some(scope) => {
                    used.insert(scope);
                    let _ = write!(body, "<span class=\"{}\">", class(scope));
                    escape(&text, &mut body);
                    body.push_str("</span>");
                }
                None => escape(&text, &mut body),
            }
        }
        body.push('\n');
    }
    let mut styles = String::new();
    for (scope, style) in used.iter().filter_map(|scope| theme.scopes.get_key_value(*scope)) {
        let bold = if style.bold { "; font-weight: bold" } else { "" };
        let italic = if style.italic { "; font-style: italic" } else { "" };
        let _ = writeln!(styles, ".{} {{ color: {}{bold}{italic} }}", class(scope), style.colour);
    }
    if numbers {
        let _ = writeln!(styles, ".line-number {{ color: {}; user-select: none }}", theme.line_numbers);
    }
    let mut shown = String::new();
    escape(title, &mut shown);
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{shown}</title>\n<style>\n\
         body {{ margin: 1em; color: {}; background: {} }}\n\
         pre {{ font-family: monospace; tab-size: 4 }}\n{styles}</style>\n</head>\n<body>\n<pre>\n{body}</pre>\n</body>\n\
         </html>\n",
        theme.foreground, theme.background
    )
}

fn class(scope: &str) -> String {
    scope.replace('.', "-")
}
