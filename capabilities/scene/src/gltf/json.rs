//! Values of a JSON file that know where they are.

use serde_json::{Map, Value};

use crate::ReadError;

/// A value and where it is.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub value: &'a Value,
    /// A JSON pointer.
    pub place: String,
}

pub(super) type Read<T> = Result<T, ReadError>;

impl<'a> At<'a> {
    pub fn root(value: &'a Value) -> Self {
        At { value, place: String::new() }
    }

    /// The error that says what is wrong here.
    pub fn error(&self, problem: impl Into<String>) -> ReadError {
        ReadError::json(&self.place, problem)
    }

    /// The error that says what is wrong with a property, which need not be there.
    pub fn error_in(&self, key: &str, problem: impl Into<String>) -> ReadError {
        ReadError::json(self.place_of(key), problem)
    }

    /// Where a property is.
    pub fn place_of(&self, key: &str) -> String {
        format!("{}/{}", self.place, key.replace('~', "~0").replace('/', "~1"))
    }

    pub fn object(&self) -> Read<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.error("an object is needed"))
    }

    pub fn get(&self, key: &str) -> Option<At<'a>> {
        self.value.as_object()?.get(key).map(|value| At { value, place: self.place_of(key) })
    }

    /// A property that must be there.
    pub fn need(&self, key: &str) -> Read<At<'a>> {
        self.get(key).ok_or_else(|| self.error(format!("{key} is missing")))
    }

    /// An extension of this object.
    pub fn extension(&self, name: &str) -> Option<At<'a>> {
        self.get("extensions")?.get(name)
    }

    /// The entries of an object, which must have some.
    pub fn entries(&self) -> Read<Vec<(&'a str, At<'a>)>> {
        let map = self.object()?;
        if map.is_empty() {
            return Err(self.error("it may not be empty"));
        }
        Ok(map.iter().map(|(key, value)| (key.as_str(), At { value, place: self.place_of(key) })).collect())
    }

    /// The items of a list, which must have some.
    pub fn items(&self) -> Read<Vec<At<'a>>> {
        let items = self.value.as_array().ok_or_else(|| self.error("a list is needed"))?;
        if items.is_empty() {
            return Err(self.error("it may not be empty"));
        }
        Ok(items
            .iter()
            .enumerate()
            .map(|(i, value)| At { value, place: format!("{}/{i}", self.place) })
            .collect())
    }

    /// The items of a list of objects that may be absent.
    pub fn objects(&self, key: &str) -> Read<Vec<At<'a>>> {
        let Some(list) = self.get(key) else { return Ok(Vec::new()) };
        let items = list.items()?;
        items.iter().try_for_each(|item| item.object().map(drop))?;
        Ok(items)
    }

    pub fn string(&self) -> Read<&'a str> {
        self.value.as_str().ok_or_else(|| self.error("a text is needed"))
    }

    /// A text that may be absent.
    pub fn text(&self, key: &str) -> Read<Option<&'a str>> {
        self.get(key).map(|at| at.string()).transpose()
    }

    /// The name; empty when there is none.
    pub fn name(&self) -> Read<String> {
        Ok(self.text("name")?.unwrap_or_default().to_owned())
    }

    pub fn flag(&self, key: &str) -> Read<bool> {
        let Some(at) = self.get(key) else { return Ok(false) };
        at.value.as_bool().ok_or_else(|| at.error("true or false is needed"))
    }

    pub fn unsigned(&self) -> Read<u64> {
        let whole =
            |number: f64| (number >= 0.0 && number.fract() == 0.0 && number < 9e15).then_some(number as u64);
        if !self.value.is_number() {
            return Err(self.error("a whole number is needed"));
        }
        self.value
            .as_u64()
            .or_else(|| self.value.as_f64().and_then(whole))
            .ok_or_else(|| self.error(format!("{} is no whole number of at least 0", self.value)))
    }

    /// A whole number of 32 bits.
    pub fn unsigned_u32(&self) -> Read<u32> {
        let number = self.unsigned()?;
        u32::try_from(number).map_err(|_| self.error(format!("{number} is out of range")))
    }

    /// A whole number within bounds; the default when there is none.
    pub fn unsigned_or(&self, key: &str, default: u64, least: u64, most: u64) -> Read<u64> {
        let Some(at) = self.get(key) else { return Ok(default) };
        let number = at.unsigned()?;
        if number < least || number > most {
            return Err(at.error(format!("{number} is out of range")));
        }
        Ok(number)
    }

    pub fn number(&self) -> Read<f64> {
        let number = self.value.as_f64().ok_or_else(|| self.error("a number is needed"))?;
        if !(number as f32).is_finite() {
            return Err(self.error(format!("{number} is too large")));
        }
        Ok(number)
    }

    /// A number within bounds that may be absent.
    pub fn number_in(&self, key: &str, least: f64, most: f64) -> Read<Option<f32>> {
        let Some(at) = self.get(key) else { return Ok(None) };
        let number = at.number()?;
        if number < least || number > most {
            return Err(at.error(format!("{number} is out of range")));
        }
        Ok(Some(number as f32))
    }

    /// `N` numbers within bounds that may be absent.
    pub fn numbers_in<const N: usize>(&self, key: &str, least: f64, most: f64) -> Read<Option<[f32; N]>> {
        let Some(at) = self.get(key) else { return Ok(None) };
        let items = at.items()?;
        if items.len() != N {
            return Err(at.error(format!("{N} numbers are needed, not {}", items.len())));
        }
        let mut out = [0.0; N];
        for (slot, item) in out.iter_mut().zip(&items) {
            let number = item.number()?;
            if number < least || number > most {
                return Err(item.error(format!("{number} is out of range")));
            }
            *slot = number as f32;
        }
        Ok(Some(out))
    }

    /// `N` numbers that may be absent.
    pub fn numbers<const N: usize>(&self, key: &str) -> Read<Option<[f32; N]>> {
        self.numbers_in(key, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The place in a list of `count` that this number names.
    pub fn index(&self, count: usize) -> Read<usize> {
        let index = self.unsigned()?;
        usize::try_from(index)
            .ok()
            .filter(|index| *index < count)
            .ok_or_else(|| self.error(format!("there is no number {index}; there are {count}")))
    }

    /// A property that names a place in a list of `count`.
    pub fn reference(&self, key: &str, count: usize) -> Read<Option<usize>> {
        self.get(key).map(|at| at.index(count)).transpose()
    }

    /// A property that names a place in a list of `count` and must be there.
    pub fn need_reference(&self, key: &str, count: usize) -> Read<usize> {
        self.need(key)?.index(count)
    }

    /// Places in a list of `count`, none twice.
    pub fn references(&self, key: &str, count: usize) -> Read<Vec<usize>> {
        let Some(at) = self.get(key) else { return Ok(Vec::new()) };
        let mut seen = rustc_hash::FxHashSet::default();
        let items = at.items()?;
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let index = item.index(count)?;
            if !seen.insert(index) {
                return Err(item.error(format!("{index} is there twice")));
            }
            out.push(index);
        }
        Ok(out)
    }
}
