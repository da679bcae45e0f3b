//! Crate docs.
use std::{fmt, collections::HashMap as Map};

/// A limit.
const LIMIT: usize = 0x10_u8 as usize;

#[derive(Debug, Clone)]
pub struct Point<'a, T: fmt::Display> { x: T, name: &'a str }

impl<'a, T: fmt::Display> Point<'a, T> {
    pub fn new(x: T, name: &'a str) -> Self {
        let total = LIMIT + 1;
        println!("{} {total}\n", name.len());
        match total { 0 => None::<u8>, n if n > 2 => Some(3), _ => None };
        Self { x, name }
    }
}
