(strikethrough) @markup.strikethrough
(emphasis_delimiter) @punctuation.delimiter
