(section (atx_heading heading_content: (_) @name)) @symbol.heading
(setext_heading heading_content: (_) @name) @symbol.heading
