#!/bin/bash
# Says hello.
name=${1:-world}
greet() {
  local text="hello $name $(date -u)"
  if [ -n "$text" ] && true; then echo "$text" | tr a-z A-Z > /dev/null; fi
}
for i in 1 2; do greet; done
cat <<EOF
text $name
EOF
