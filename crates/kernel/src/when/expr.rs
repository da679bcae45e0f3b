//! The condition as a tree: kept flat and free of constants, negated at its leaves, and written back.

use std::{collections::BTreeSet, fmt};

use super::{ecma::EcmaRegex, eval::PrintedNumber};

/// A condition.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    Constant(bool),
    Test(Test),
    /// At least two; no constant and no `All` among them.
    All(Vec<Expr>),
    /// At least two; no constant and no `Any` among them.
    Any(Vec<Expr>),
}

/// One test of one key.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) key: String,
    pub(super) is_negated: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `key`
    Truthy,
    /// `key == 'value'`
    Equals(String),
    /// `key in 'other key'`
    In(String),
    /// `key =~ /pattern/flags`
    Matches(Box<EcmaRegex>),
    /// `key < value`. Never negated: what is no number fails a test and its opposite.
    Compares(Order, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The right-hand side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Number(f64),
    /// What does not begin with a number; nothing compares with it.
    Text(String),
}

impl Expr {
    /// All of these hold.
    pub(super) fn all(terms: Vec<Expr>) -> Expr {
        Expr::flattened(terms, true)
    }

    /// One of these holds.
    pub(super) fn any(terms: Vec<Expr>) -> Expr {
        Expr::flattened(terms, false)
    }

    /// The condition that holds when this one does not, by De Morgan's laws.
    pub(super) fn negated(self) -> Expr {
        match self {
            Expr::Constant(value) => Expr::Constant(!value),
            Expr::Test(test) => Expr::Test(test.negated()),
            Expr::All(terms) => Expr::Any(terms.into_iter().map(Expr::negated).collect()),
            Expr::Any(terms) => Expr::All(terms.into_iter().map(Expr::negated).collect()),
        }
    }

    /// Adds the keys of all tests.
    pub(super) fn collect_keys<'a>(&'a self, keys: &mut BTreeSet<&'a str>) {
        match self {
            Expr::Constant(_) => {}
            Expr::Test(test) => {
                keys.insert(&test.key);
                if let Kind::In(other) = &test.kind {
                    keys.insert(other);
                }
            }
            Expr::All(terms) | Expr::Any(terms) => terms.iter().for_each(|term| term.collect_keys(keys)),
        }
    }

    /// The terms under one `All` (else one `Any`), whose neutral constant is true (false).
    fn flattened(terms: Vec<Expr>, is_all: bool) -> Expr {
        let mut flat = Vec::with_capacity(terms.len());
        for term in terms {
            match term {
                Expr::Constant(value) if value == is_all => {}
                Expr::Constant(_) => return term,
                Expr::All(inner) if is_all => flat.extend(inner),
                Expr::Any(inner) if !is_all => flat.extend(inner),
                _ => flat.push(term),
            }
        }
        match (flat.len(), is_all) {
            (0, _) => Expr::Constant(is_all),
            (1, _) => flat.remove(0),
            (_, true) => Expr::All(flat),
            (_, false) => Expr::Any(flat),
        }
    }
}

impl Test {
    fn negated(self) -> Test {
        match self.kind {
            Kind::Compares(order, operand) => {
                Test { kind: Kind::Compares(order.opposite(), operand), ..self }
            }
            _ => Test { is_negated: !self.is_negated, ..self },
        }
    }
}

impl Order {
    fn opposite(self) -> Order {
        match self {
            Order::Less => Order::GreaterOrEqual,
            Order::LessOrEqual => Order::Greater,
            Order::Greater => Order::LessOrEqual,
            Order::GreaterOrEqual => Order::Less,
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (terms, separator) = match self {
            Expr::Constant(value) => return value.fmt(f),
            Expr::Test(test) => return test.fmt(f),
            Expr::All(terms) => (terms, " && "),
            Expr::Any(terms) => (terms, " || "),
        };
        for (index, term) in terms.iter().enumerate() {
            if index > 0 {
                f.write_str(separator)?;
            }
            match term {
                Expr::Any(_) => write!(f, "({term})")?,
                _ => term.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.kind, self.is_negated) {
            (Kind::Truthy, false) => f.write_str(key),
            (Kind::Truthy, true) => write!(f, "!{key}"),
            (Kind::Equals(value), false) => write!(f, "{key} == '{value}'"),
            (Kind::Equals(value), true) => write!(f, "{key} != '{value}'"),
            (Kind::In(other), false) => write!(f, "{key} in '{other}'"),
            (Kind::In(other), true) => write!(f, "{key} not in '{other}'"),
            (Kind::Matches(regex), false) => write!(f, "{key} =~ {regex}"),
            (Kind::Matches(regex), true) => write!(f, "!({key} =~ {regex})"),
            (Kind::Compares(order, Operand::Number(number)), _) => {
                write!(f, "{key} {} {}", order.symbol(), PrintedNumber(*number))
            }
            (Kind::Compares(order, Operand::Text(text)), _) => write!(f, "{key} {} '{text}'", order.symbol()),
        }
    }
}
