//! Editing text: paragraphs from plain strings, and changes of content that keep styles and positions.

use super::{
    paint::Fill,
    text::{Font, Text, TextAnchor, TextChunk, TextSpan, TextStyle},
};

/// The usual distance of baselines as a multiple of the font size.
const LINE_HEIGHT: f64 = 1.2;

impl Text {
    /// Text at a point, one line per line of `content`; the first baseline lies at `y`, the others 1.2 font
    /// sizes apart.
    pub fn point(
        content: &str,
        x: f64,
        y: f64,
        font: Font,
        size: f64,
        anchor: TextAnchor,
        fill: Fill,
    ) -> Self {
        let style = TextStyle { font, size, fill: Some(fill), ..TextStyle::default() };
        let mut text = Text { line_height: Some(size * LINE_HEIGHT), ..Text::default() };
        text.chunks = content
            .split('\n')
            .map(|line| TextChunk {
                x: Some(x),
                y: Some(y),
                anchor,
                path: None,
                spans: vec![TextSpan { text: line.to_owned(), style: style.clone() }],
            })
            .collect();
        text.place_lines();
        text
    }

    /// The content as plain text; the lines of a paragraph end in `\n`.
    pub fn content(&self) -> String {
        let lines = self
            .chunks
            .iter()
            .map(|chunk| chunk.spans.iter().map(|span| span.text.as_str()).collect::<String>());
        let separator = if self.line_height.is_some() { "\n" } else { "" };
        lines.collect::<Vec<_>>().join(separator)
    }

    /// Changes the content. What both contents begin and end with keeps its style, shifts and place; what is
    /// new takes the style of the character before it.
    ///
    /// A new line break makes a paragraph out of text in a single chunk; in text of several placed chunks it
    /// is a space.
    pub fn set_content(&mut self, content: &str) {
        if self.line_height.is_none()
            && content.contains('\n')
            && let [TextChunk { path: None, spans, .. }] = self.chunks.as_slice()
        {
            let size = spans.first().map_or(TextStyle::default().size, |span| span.style.size);
            self.line_height = Some(size * LINE_HEIGHT);
        }
        let mut cells = self.cells();
        let new: Vec<char> = content.chars().collect();
        let same_start = cells.iter().zip(&new).take_while(|(cell, new)| cell.character == **new).count();
        let most = cells.len().min(new.len()) - same_start;
        let same_end = cells
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take(most)
            .take_while(|(cell, new)| cell.character == **new)
            .count();
        let model = match same_start {
            0 => cells.first(),
            _ => cells.get(same_start - 1),
        };
        let model = model.copied().unwrap_or_default();
        let inserted = new[same_start..new.len() - same_end].iter().map(|character| Cell {
            character: *character,
            shift: (0.0, 0.0),
            ..model
        });
        cells.splice(same_start..cells.len() - same_end, inserted);
        self.rebuild(&cells);
    }

    /// Puts the lines of a paragraph below each other, starting from the first.
    fn place_lines(&mut self) {
        let (Some(height), Some(first)) = (self.line_height, self.chunks.first()) else { return };
        let (x, y, anchor) = (first.x, first.y.unwrap_or(0.0), first.anchor);
        for (line, chunk) in self.chunks.iter_mut().enumerate() {
            (chunk.x, chunk.y, chunk.anchor) = (x, Some(y + height * line as f64), anchor);
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let at = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(0.0);
        let mut cells = Vec::new();
        let mut index = 0;
        for (chunk, content) in self.chunks.iter().enumerate() {
            if chunk > 0 && self.line_height.is_some() {
                let span = self.chunks[chunk - 1].spans.len().saturating_sub(1);
                cells.push(Cell { character: '\n', chunk: chunk - 1, span, ..Cell::default() });
            }
            for (span, content) in content.spans.iter().enumerate() {
                for character in content.text.chars() {
                    let shift = (at(&self.dx, index), at(&self.dy, index));
                    cells.push(Cell { character, chunk, span, shift, rotate: at(&self.rotate, index) });
                    index += 1;
                }
            }
        }
        cells
    }

    fn rebuild(&mut self, cells: &[Cell]) {
        let old = std::mem::take(&mut self.chunks);
        let style_of = |cell: &Cell| {
            let span = old.get(cell.chunk).and_then(|chunk| chunk.spans.get(cell.span));
            span.map(|span| span.style.clone()).unwrap_or_default()
        };
        let blank =
            |chunk: usize| TextChunk { spans: Vec::new(), ..old.get(chunk).cloned().unwrap_or_default() };
        let paragraph = self.line_height.is_some();
        let mut chunks: Vec<TextChunk> = Vec::new();
        let mut last: Option<Cell> = None;
        for cell in cells {
            let same_chunk = last.is_some_and(|last| paragraph || last.chunk == cell.chunk);
            if !same_chunk {
                chunks.push(blank(cell.chunk));
            }
            let line_break = paragraph && cell.character == '\n';
            if let Some(chunk) = chunks.last_mut() {
                let same_span = last.is_some_and(|last| (last.chunk, last.span) == (cell.chunk, cell.span));
                if !same_span || chunk.spans.is_empty() {
                    chunk.spans.push(TextSpan { text: String::new(), style: style_of(cell) });
                }
                if let (false, Some(span)) = (line_break, chunk.spans.last_mut()) {
                    span.text.push(cell.character);
                }
            }
            if line_break {
                let spans = vec![TextSpan { text: String::new(), style: style_of(cell) }];
                chunks.push(TextChunk { spans, ..blank(cell.chunk) });
            }
            last = Some(*cell);
        }
        if chunks.is_empty() {
            let spans = vec![TextSpan { text: String::new(), style: style_of(&Cell::default()) }];
            chunks.push(TextChunk { spans, ..blank(0) });
        }
        for chunk in &mut chunks {
            if chunk.spans.iter().any(|span| !span.text.is_empty()) {
                chunk.spans.retain(|span| !span.text.is_empty());
            }
        }
        self.chunks = chunks;
        let drawn = || cells.iter().filter(|cell| !(paragraph && cell.character == '\n'));
        self.dx = trimmed(drawn().map(|cell| cell.shift.0));
        self.dy = trimmed(drawn().map(|cell| cell.shift.1));
        self.rotate = trimmed(drawn().map(|cell| cell.rotate));
        self.place_lines();
    }
}

/// One character with the span that styles it.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    character: char,
    chunk: usize,
    span: usize,
    shift: (f64, f64),
    rotate: f64,
}

/// The list without the zeros at its end.
fn trimmed(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    let used = values.iter().rposition(|value| *value != 0.0).map_or(0, |last| last + 1);
    values.truncate(used);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styled(size: f64) -> TextStyle {
        TextStyle { size, ..TextStyle::default() }
    }

    #[test]
    fn a_paragraph_keeps_its_lines_apart_through_edits() {
        let mut text =
            Text::point("one\ntwo", 5.0, 20.0, Font::default(), 10.0, TextAnchor::Middle, Fill::default());
        for content in ["one\ntwo", "one\n\ntwo", "one", "", "a\nb\nc\n", "b"] {
            text.set_content(content);
            assert_eq!(text.content(), content);
            let baselines: Vec<_> = text.chunks.iter().map(|chunk| chunk.y).collect();
            let expected: Vec<_> =
                (0..content.split('\n').count()).map(|line| Some(20.0 + 12.0 * line as f64)).collect();
            assert_eq!(baselines, expected, "{content:?}");
            assert!(text.chunks.iter().all(|chunk| chunk.spans.iter().all(|span| span.style.size == 10.0)));
        }
    }

    #[test]
    fn an_edit_keeps_the_styles_and_shifts_around_it() {
        let span = |text: &str, size: f64| TextSpan { text: text.to_owned(), style: styled(size) };
        let mut text = Text {
            chunks: vec![
                TextChunk {
                    x: Some(1.0),
                    spans: vec![span("small", 8.0), span("large", 30.0)],
                    ..TextChunk::default()
                },
                TextChunk { x: Some(90.0), spans: vec![span("far", 8.0)], ..TextChunk::default() },
            ],
            dx: vec![0.0, 0.0, 0.0, 0.0, 0.0, 7.0],
            ..Text::default()
        };
        text.set_content("smaller-largefar");
        let spans: Vec<_> =
            text.chunks[0].spans.iter().map(|span| (span.text.as_str(), span.style.size)).collect();
        assert_eq!(spans, [("smaller-", 8.0), ("large", 30.0)]);
        assert_eq!(text.chunks[1].spans[0].text, "far");
        assert_eq!(text.dx, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]);
        text.set_content("far");
        assert_eq!((text.chunks.len(), text.chunks[0].x), (1, Some(90.0)));
    }
}
