#!/bin/bash
⟦count⟧=1
count() { echo "count $count ${count:-2} \$count"; }
other() { local count=3; echo "$count"; }
for i in 1 2; do count=$((count + i)); done
count "$count" 'count $count'
