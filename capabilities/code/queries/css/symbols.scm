(rule_set (selectors) @name) @symbol.selector
(media_statement . "@media" @name) @symbol.module
(keyframes_statement (keyframes_name) @name) @symbol.function
