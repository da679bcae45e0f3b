//! The palette: commands by name, the best match first, and forms for their arguments.

use crate::{
    form,
    rows::{Cell, Row},
    state::{CommandEntry, State},
};
use kernel::when::When;
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

/// How many of the commands called last come first.
const RECENT: usize = 5;

/// The roles of the rows that [`Palette::rows`] gives.
pub const ROLES: [&str; 7] = ["id", "title", "description", "capability", "keys", "reason", "recent"];

/// The palette's own state.
pub struct Palette {
    /// What has been written into it.
    pub filter: String,
    /// The ids of the commands called last, the newest first.
    recent: Vec<String>,
    matcher: Matcher,
}

impl Default for Palette {
    fn default() -> Self {
        Palette { filter: String::new(), recent: Vec::new(), matcher: Matcher::new(Config::DEFAULT) }
    }
}

impl Palette {
    /// Remembers that a command was called from the palette.
    pub fn called(&mut self, command: &str) {
        self.recent.retain(|id| id != command);
        self.recent.insert(0, command.to_owned());
        self.recent.truncate(RECENT);
    }

    /// The commands that fit what has been written, best first; all of them, the recent ones first, where nothing was.
    /// Those that cannot be called now come last.
    pub fn rows(&mut self, state: &State) -> Vec<Row> {
        let mut found: Vec<(bool, u32, &CommandEntry)> = Vec::new();
        let pattern = Pattern::parse(&self.filter, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        for command in &*state.commands {
            let name = format!("{} {} {}", command.title, command.capability, command.id);
            let score = pattern.score(Utf32Str::new(&name, &mut buffer), &mut self.matcher);
            let in_title = pattern.score(Utf32Str::new(&command.title, &mut buffer), &mut self.matcher);
            let available = unavailable(command, state).is_none();
            found.extend(score.map(|score| (available, score + 2 * in_title.unwrap_or(0), command)));
        }
        let place =
            |command: &CommandEntry| self.recent.iter().position(|id| *id == command.id).unwrap_or(RECENT);
        found.sort_by(|(can, a, one), (other_can, b, other)| {
            let by_name = || one.title.cmp(&other.title).then(one.id.cmp(&other.id));
            other_can.cmp(can).then(b.cmp(a)).then(place(one).cmp(&place(other))).then_with(by_name)
        });
        found.into_iter().map(|(_, _, command)| self.row(command, state)).collect()
    }

    fn row(&self, command: &CommandEntry, state: &State) -> Row {
        // Keys that bring arguments along do something more special.
        let plain = command.keys.iter().find(|key| key.arguments.is_empty());
        let keys = plain.map_or(String::new(), |key| key.keys.clone());
        let recent = self.filter.is_empty() && self.recent.contains(&command.id);
        Row {
            key: command.id.clone(),
            cells: vec![
                Cell::from(command.id.as_str()),
                Cell::from(command.title.as_str()),
                Cell::from(command.description.as_str()),
                Cell::from(command.capability.as_str()),
                Cell::from(keys),
                Cell::from(unavailable(command, state).unwrap_or_default()),
                Cell::Flag(recent),
            ],
        }
    }
}

/// Why a command cannot be called now; none if it can.
pub fn unavailable(command: &CommandEntry, state: &State) -> Option<String> {
    if command.requires("document") && state.active.is_none() {
        return Some("There is no document".to_owned());
    }
    let met = |when: &When| when.eval(&|key: &str| state.keys.get(key));
    let unmet = !command.when.is_empty() && !When::parse(&command.when).is_ok_and(|when| met(&when));
    unmet.then(|| format!("Only when {}", command.when))
}

/// Arguments that follow from what is in front or selected: asked for only where a command cannot do without.
const IMPLIED: [&str; 5] = ["node", "nodes", "parent", "after", "below"];

/// What is to be put in before a command is called. A key calls it where nothing is needed; from the palette, the form
/// is also there for what may be left out.
pub fn form(command: &CommandEntry, by_key: bool) -> Option<Vec<form::Field>> {
    let asked = |field: &form::Field| {
        field.name != "document" && (field.required || !IMPLIED.contains(&field.name.as_str()))
    };
    let fields: Vec<form::Field> = form::fields(&command.schema).into_iter().filter(asked).collect();
    // A name can be given later.
    let needed = |field: &form::Field| field.required || !(by_key || field.name == "name");
    fields.iter().any(needed).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn command(id: &str, title: &str, schema: Json) -> CommandEntry {
        CommandEntry {
            id: id.to_owned(),
            title: title.to_owned(),
            description: String::new(),
            capability: id.split('.').next().unwrap_or_default().to_owned(),
            keys: Vec::new(),
            when: String::new(),
            schema: schema.into(),
        }
    }

    fn state() -> State {
        let commands = vec![
            command("graphics.filter.apply", "Apply filter", json!({"required": ["document", "filter"]})),
            command("graphics.group.create", "Group", json!({"required": ["document"]})),
            command("document.import", "Import file", json!({"required": ["path"]})),
            command("history.undo", "Undo", json!({})),
        ];
        State { commands: commands.into(), ..State::default() }
    }

    fn ids(palette: &mut Palette, filter: &str) -> Vec<String> {
        palette.filter = filter.to_owned();
        palette.rows(&state()).into_iter().map(|row| row.key).collect()
    }

    #[test]
    fn commands_are_found_by_parts_of_their_names_and_the_recent_ones_come_first() {
        let mut palette = Palette::default();
        assert_eq!(ids(&mut palette, "imp"), ["document.import"]);
        assert_eq!(ids(&mut palette, "apfi")[0], "graphics.filter.apply");
        assert_eq!(ids(&mut palette, "group")[0], "graphics.group.create");
        assert_eq!(ids(&mut palette, "zzz"), [""; 0]);
        palette.called("history.undo");
        palette.called("document.import");
        assert_eq!(ids(&mut palette, "")[..3], ["document.import", "history.undo", "graphics.filter.apply"]);
    }

    #[test]
    fn a_command_on_a_document_waits_for_one() {
        let state = state();
        let reasons: Vec<bool> =
            state.commands.iter().map(|command| unavailable(command, &state).is_some()).collect();
        assert_eq!(reasons, [true, true, false, false]);
    }

    #[test]
    fn forms_ask_for_what_does_not_follow_from_the_selection() {
        let asked = |schema: Json, by_key: bool| {
            let fields = form(&command("a.b", "B", schema), by_key)?;
            Some(fields.into_iter().map(|field| field.name).collect::<Vec<_>>())
        };
        let blend =
            json!({"properties": {"document": {}, "nodes": {}, "mode": {}}, "required": ["document"]});
        assert_eq!(asked(blend.clone(), false), Some(vec!["mode".to_owned()]));
        assert_eq!(asked(blend, true), None);
        let group =
            json!({"properties": {"document": {}, "nodes": {}, "name": {}}, "required": ["document"]});
        assert_eq!(asked(group, false), None);
        let mask = json!({"properties": {"document": {}, "node": {}}, "required": ["document", "node"]});
        assert_eq!(asked(mask, true), Some(vec!["node".to_owned()]));
    }
}
