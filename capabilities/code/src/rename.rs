//! Renaming: a definition and all that refers to it, and nothing else.

use std::ops::Range;

use crate::{
    Syntax,
    locals::{Locals, Meaning, Name},
};

/// Why a name cannot be changed. Places are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameError {
    /// The language tells nothing of names, or the text is too broken.
    NoLocals,
    /// No name stands there.
    NoName,
    /// The name is one of a member or of something that is imported, which other texts know by it.
    Member,
    /// The name is defined elsewhere.
    Unknown,
    /// This is no name, or a word of the language.
    Invalid,
    /// What stands there would mean something else.
    Collision(usize),
}

/// What to replace for a new name of what is named at a byte: ranges of bytes and what is to stand there, in order.
///
/// # Errors
/// See [`RenameError`].
pub fn rename(syntax: &Syntax, byte: usize, new: &str) -> Result<Vec<(Range<usize>, String)>, RenameError> {
    if !is_name(new) || syntax.language().grammar().id_for_node_kind(new, false) != 0 {
        return Err(RenameError::Invalid);
    }
    let locals = Locals::of(syntax).ok_or(RenameError::NoLocals)?;
    let here = |range: &Range<usize>| range.start <= byte && byte < range.end;
    let touches = |range: &Range<usize>| range.end == byte;
    let place = |fits: &dyn Fn(&Range<usize>) -> bool| locals.names.iter().position(|name| fits(&name.range));
    let at = place(&here).or_else(|| place(&touches)).ok_or(RenameError::NoName)?;
    let before = locals.meanings(&|_| false, "");
    let meaning = match before.get(at) {
        Some(Meaning::Local(definition)) => Meaning::Local(*definition),
        Some(Meaning::Member) => return Err(RenameError::Member),
        _ => return Err(RenameError::Unknown),
    };
    let is_renamed = |index: usize| before.get(index) == Some(&meaning);
    let after = locals.meanings(&is_renamed, new);
    let mut names = locals.names.iter().zip(before.iter().zip(&after));
    if let Some((name, _)) = names.find(|(_, (before, after))| before != after) {
        return Err(RenameError::Collision(name.range.start));
    }
    let old = locals.names.get(at).map(|name| name.text.as_str());
    // The words of a macro mean what they mean where it is used, unless they are its own parameters.
    let is_met = |(name, found): &(&Name, &Meaning)| {
        let is_named_so = name.elsewhere && old == Some(name.text.as_str());
        is_named_so && **found != meaning && !locals.is_of_own_scope(name, **found)
    };
    if let Some((name, _)) = locals.names.iter().zip(&before).find(is_met) {
        return Err(RenameError::Collision(name.range.start));
    }
    let renamed =
        locals.names.iter().enumerate().filter(|(index, name)| is_renamed(*index) && name.text != new);
    let edit = |name: &Name| {
        let text = if name.shorthand { format!("{}: {new}", name.text) } else { new.to_owned() };
        (name.range.clone(), text)
    };
    Ok(renamed.map(|(_, name)| edit(name)).collect())
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && characters.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
