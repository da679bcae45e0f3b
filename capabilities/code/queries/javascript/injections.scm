((call_expression
  function: (identifier) @injection.language
  arguments: (template_string (string_fragment) @injection.content))
 (#set! injection.combined))
