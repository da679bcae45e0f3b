(info_string) @label
(language) @label
[(task_list_marker_checked) (task_list_marker_unchecked)] @punctuation.special
(pipe_table_header (pipe_table_cell) @markup.bold)
(pipe_table_delimiter_row) @punctuation.special
(block_quote) @markup.quote
(block_quote_marker) @punctuation.special
