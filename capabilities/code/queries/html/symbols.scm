((element (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))) @symbol.key
 (#eq? @_id "id"))
(script_element (start_tag (tag_name) @name)) @symbol.module
(style_element (start_tag (tag_name) @name)) @symbol.module
