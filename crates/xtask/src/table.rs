//! A table of text in aligned columns, as Markdown reads it.

/// Rows under headings. Columns whose heading begins with a space are aligned to the right.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with headings only.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect());
    }

    /// The table, one line per row, with a line under the headings.
    pub fn markdown(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let right = |column: usize| cell(&self.rows[0], column).starts_with(' ');
        let width = |column: usize| {
            self.rows.iter().map(|row| cell(row, column).trim().chars().count()).max().unwrap_or(0).max(3)
        };
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let line = |of: &dyn Fn(usize) -> String| {
                (0..columns).map(of).map(|cell| format!("| {cell} ")).collect::<String>()
            };
            text += &line(&|column| {
                let (cell, width) = (cell(row, column).trim().to_owned(), width(column));
                if right(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            text += "|\n";
            if index == 0 {
                text += &line(&|column| {
                    let rule = "-".repeat(width(column) - 1);
                    if right(column) { format!("{rule}:") } else { format!("{rule}-") }
                });
                text += "|\n";
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["what", " ms"]);
        table.row(["a|b".into(), "12.5".into()]);
        table.row(["größer".into()]);
        let expected = "| what   |   ms |\n| ------ | ---: |\n| a\\|b   | 12.5 |\n| größer |      |\n";
        assert_eq!(table.markdown(), expected);
    }
}
