//! From tokens to a condition, by recursive descent:
//!
//! ```text
//! or      = and { "||" and }
//! and     = term { "&&" term }
//! term    = [ "!" ] ( "true" | "false" | key | "(" or ")" ) | test
//! test    = key ( "==" | "===" | "!=" | "!==" | "<" | "<=" | ">" | ">=" | "in" | "not" "in" ) [ value ]
//!         | key "=~" regex
//! value   = word | quoted | "true" | "false" | "in"
//! ```
//!
//! A missing value is the empty text. `!` applies to a key alone or to what is in parentheses, never to a test.

use super::{
    WhenError,
    ecma::EcmaRegex,
    eval::leading_number,
    expr::{Expr, Kind, Operand, Order, Test},
    lexer::{Lexer, Token},
};

/// How deep parentheses may be nested.
const MAX_DEPTH: usize = 250;

/// Reads a whole when-clause.
pub(super) fn parse(text: &str) -> Result<Expr, WhenError> {
    let mut lexer = Lexer::new(text);
    let (token, start) = lexer.next()?;
    let mut parser = Parser { lexer, token, start, depth: 0 };
    let expr = parser.or()?;
    match parser.token {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("'&&', '||' or the end")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token to read next, and the byte at which it starts.
    token: Token<'a>,
    start: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn or(&mut self) -> Result<Expr, WhenError> {
        let mut terms = vec![self.and()?];
        while self.take_if(Token::Or)? {
            terms.push(self.and()?);
        }
        Ok(Expr::any(terms))
    }

    fn and(&mut self) -> Result<Expr, WhenError> {
        let mut terms = vec![self.term()?];
        while self.take_if(Token::And)? {
            terms.push(self.term()?);
        }
        Ok(Expr::all(terms))
    }

    fn term(&mut self) -> Result<Expr, WhenError> {
        let is_negated = self.take_if(Token::Bang)?;
        let expr = match self.token {
            Token::True | Token::False => {
                let value = self.take()? == Token::True;
                Expr::Constant(value)
            }
            Token::Open => self.parenthesised()?,
            Token::Word(key) => {
                self.take()?;
                let kind = if is_negated { Kind::Truthy } else { return self.test(key) };
                Expr::Test(Test { key: key.to_owned(), is_negated: false, kind })
            }
            _ if is_negated => return Err(self.unexpected("a key, 'true', 'false' or '(' behind '!'")),
            _ => return Err(self.unexpected("a key, 'true', 'false', '!' or '('")),
        };
        Ok(if is_negated { expr.negated() } else { expr })
    }

    fn parenthesised(&mut self) -> Result<Expr, WhenError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(WhenError::TooDeep { column: self.lexer.column(self.start), limit: MAX_DEPTH });
        }
        self.take()?;
        let expr = self.or()?;
        if !self.take_if(Token::Close)? {
            return Err(self.unexpected("'&&', '||' or ')'"));
        }
        self.depth -= 1;
        Ok(expr)
    }

    /// What follows a key.
    fn test(&mut self, key: &str) -> Result<Expr, WhenError> {
        let operator = self.token;
        let is_negated = matches!(operator, Token::NotEqual | Token::Not);
        let kind = match operator {
            Token::Equal | Token::NotEqual => {
                self.take()?;
                match self.token {
                    // Unquoted, these ask whether the key is set, not what it equals.
                    Token::True | Token::False => {
                        let wanted = self.take()? == Token::True;
                        let is_negated = wanted == is_negated;
                        return Ok(Expr::Test(Test { key: key.to_owned(), is_negated, kind: Kind::Truthy }));
                    }
                    _ => Kind::Equals(self.value()?.to_owned()),
                }
            }
            Token::Less => self.comparison(Order::Less)?,
            Token::LessOrEqual => self.comparison(Order::LessOrEqual)?,
            Token::Greater => self.comparison(Order::Greater)?,
            Token::GreaterOrEqual => self.comparison(Order::GreaterOrEqual)?,
            Token::In | Token::Not => {
                self.take()?;
                if is_negated && !self.take_if(Token::In)? {
                    return Err(self.unexpected("'in' behind 'not'"));
                }
                Kind::In(self.value()?.to_owned())
            }
            Token::Matches => {
                self.take()?;
                Kind::Matches(Box::new(self.regex()?))
            }
            _ => Kind::Truthy,
        };
        Ok(Expr::Test(Test { key: key.to_owned(), is_negated, kind }))
    }

    fn comparison(&mut self, order: Order) -> Result<Kind, WhenError> {
        self.take()?;
        let text = self.value()?;
        let number = leading_number(text);
        let operand = if number.is_nan() { Operand::Text(text.to_owned()) } else { Operand::Number(number) };
        Ok(Kind::Compares(order, operand))
    }

    fn value(&mut self) -> Result<&'a str, WhenError> {
        let value = match self.token {
            Token::Word(value) | Token::Quoted(value) => value,
            Token::True => "true",
            Token::False => "false",
            Token::In => "in",
            _ => return Ok(""),
        };
        self.take()?;
        Ok(value)
    }

    fn regex(&mut self) -> Result<EcmaRegex, WhenError> {
        let Token::Regex(pattern, flags) = self.token else {
            return Err(self.unexpected("a regular expression between slashes"));
        };
        let regex = EcmaRegex::new(pattern, flags)
            .map_err(|reason| WhenError::Regex { column: self.lexer.column(self.start), reason })?;
        self.take()?;
        Ok(regex)
    }

    /// Goes on to the next token and gives the one passed.
    fn take(&mut self) -> Result<Token<'a>, WhenError> {
        let taken = self.token;
        (self.token, self.start) = self.lexer.next()?;
        Ok(taken)
    }

    fn take_if(&mut self, token: Token<'_>) -> Result<bool, WhenError> {
        let is_here = self.token == token;
        if is_here {
            self.take()?;
        }
        Ok(is_here)
    }

    fn unexpected(&self, expected: &'static str) -> WhenError {
        self.lexer.unexpected(self.start, expected)
    }
}
