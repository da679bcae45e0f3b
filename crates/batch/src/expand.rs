//! Loops written out: a step with `for` becomes one step for each item.

use std::{collections::BTreeMap, sync::Arc};

use base::Diagnostic;
use kernel::when::When;
use serde_json::Value as Json;

use crate::{
    Item, Script, ScriptError, Step,
    read::{World, error},
    script::did_you_mean,
    template::{descend, references, resolve},
};

/// A step as it is written.
pub(crate) struct Written {
    pub id: String,
    pub command: String,
    pub args: Json,
    pub needs: Vec<String>,
    /// Whether the script says what it needs.
    pub stated_needs: bool,
    pub each: Option<BTreeMap<String, Json>>,
    pub when: Option<String>,
    pub retry: u32,
    pub timeout_s: Option<f64>,
    pub file: Arc<str>,
    pub line: usize,
}

impl Written {
    fn error(&self, message: impl Into<String>) -> ScriptError {
        error(&self.file, self.line, Some(self.id.clone()), message.into())
    }
}

/// The script with its loops written out.
pub(crate) fn expand(
    file: &str,
    hash: [u8; 32],
    vars: BTreeMap<String, Json>,
    steps: Vec<Written>,
    finally: Vec<Written>,
    world: &dyn World,
) -> Result<Script, ScriptError> {
    let mut script = Script {
        file: file.to_owned(),
        hash,
        vars,
        steps: Vec::with_capacity(steps.len() + finally.len()),
        main: 0,
        loops: BTreeMap::new(),
        warnings: Vec::new(),
    };
    for written in steps {
        write_out(&mut script, written, world)?;
    }
    script.main = script.steps.len();
    for written in finally {
        write_out(&mut script, written, world)?;
    }
    // Who needs a loop needs all of its steps.
    let Script { steps, loops, .. } = &mut script;
    for step in steps {
        let needs = std::mem::take(&mut step.needs);
        for need in needs {
            match loops.get(&need) {
                Some(members) => step.needs.extend(members.iter().cloned()),
                None => step.needs.push(need),
            }
        }
    }
    Ok(script)
}

fn write_out(script: &mut Script, written: Written, world: &dyn World) -> Result<(), ScriptError> {
    if written.id.is_empty() || written.id.contains(['.', '$', '{', '}', '[', ']']) {
        return Err(written.error("the id of a step is not empty, and has none of . $ { } [ ] in it"));
    }
    let when = written.when.as_deref().map(When::parse).transpose();
    let when = when.map_err(|trouble| written.error(format!("when: {trouble}")))?;
    let step = |id: String, needs: Vec<String>, item: Option<(String, Item, usize)>| Step {
        id,
        command: written.command.clone(),
        args: written.args.clone(),
        needs,
        when: when.clone(),
        retry: written.retry,
        timeout_s: written.timeout_s,
        item,
        file: written.file.clone(),
        line: written.line,
    };
    let Some(each) = &written.each else {
        script.steps.push(step(written.id.clone(), written.needs.clone(), None));
        return Ok(());
    };
    let mut names = each.iter();
    let (Some((name, over)), None) = (names.next(), names.next()) else {
        return Err(written.error("for has one name: {\"photo\": [\"a.jpg\", \"b.jpg\"]}"));
    };
    let items = items(script, &written, over, world)?;
    if items.is_empty() {
        let message = "the loop runs over nothing";
        let place = format!("{}:{}: step '{}'", written.file, written.line, written.id);
        script.warnings.push(Diagnostic::warning(&place, message));
    }
    let in_a_row = document_of_all(&written.args, name);
    let mut members: Vec<String> = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        // An item that is a step's result waits for that step alone, so that chains of loops run side by side.
        let mut needs = match &item {
            Item::Result(of) if !written.stated_needs => vec![of.clone()],
            Item::Result(of) => written.needs.iter().chain([of]).cloned().collect(),
            Item::Value(_) => written.needs.clone(),
        };
        needs.extend(members.last().filter(|_| in_a_row).cloned());
        let id = format!("{}[{at}]", written.id);
        script.steps.push(step(id.clone(), needs, Some((name.clone(), item, at))));
        members.push(id);
    }
    script.loops.insert(written.id.clone(), members);
    Ok(())
}

/// Whether all steps of a loop are about one document: then they run one after the other.
fn document_of_all(args: &Json, item: &str) -> bool {
    let document = args.get("document").and_then(Json::as_str);
    document.is_some_and(|text| !references(text).iter().any(|path| [item, "index"].contains(&path[0])))
}

/// The most steps that a loop is written out to by a number.
const MOST_COUNTED: u64 = 1_000_000;

/// What a loop runs over: a list, a variable that is one, a loop above, `{"glob": "in/*.jpg"}`, or `{"count": 48}`.
fn items(
    script: &Script,
    written: &Written,
    over: &Json,
    world: &dyn World,
) -> Result<Vec<Item>, ScriptError> {
    let known = |path: &[&str]| -> Result<Json, String> {
        match script.vars.get(path[0]) {
            Some(value) => descend(value, &path[1..]),
            None => {
                let known = script.vars.keys().chain(script.loops.keys()).map(String::as_str);
                let hint = did_you_mean(base::nearest(path[0], known));
                Err(format!("neither a variable nor a loop above{hint}"))
            }
        }
    };
    if let Some(text) = over.as_str()
        && let [path] = references(text).as_slice()
        && let Some(members) = script.loops.get(path[0]).filter(|_| path.len() == 1)
    {
        return Ok(members.iter().cloned().map(Item::Result).collect());
    }
    let over = resolve(over, &known).map_err(|unresolved| {
        written.error(format!("for: ${{{}}}: {}", unresolved.reference, unresolved.message))
    })?;
    match &over {
        Json::Array(items) => Ok(items.iter().cloned().map(Item::Value).collect()),
        Json::Object(map) if map.len() == 1 && map.get("glob").is_some_and(Json::is_string) => {
            let pattern = map["glob"].as_str().unwrap_or_default();
            let files = world.files(pattern);
            let files = files.map_err(|trouble| written.error(format!("for: '{pattern}': {trouble}")))?;
            Ok(files.into_iter().map(|file| Item::Value(file.into())).collect())
        }
        Json::Object(map) if map.len() == 1 && map.contains_key("count") => {
            let count = map["count"].as_u64().filter(|count| *count <= MOST_COUNTED).ok_or_else(|| {
                written.error(format!("for: count is a whole number up to {MOST_COUNTED}, not {}", map["count"]))
            })?;
            Ok((0..count).map(|number| Item::Value(number.into())).collect())
        }
        _ => Err(written.error(
            "for runs over a list, a variable that is one, a loop above, {\"glob\": \"in/*.jpg\"}, or {\"count\": 48}",
        )),
    }
}
