(pair key: (string) @property)
[":" ","] @punctuation.delimiter
["{" "}" "[" "]"] @punctuation.bracket
