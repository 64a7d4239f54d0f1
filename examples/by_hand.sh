#!/bin/sh
# Tuning by hand, and anything outside Python: here the objective is an awk program. Works in the folder in which it is started.
#
#     sh examples/by_hand.sh
set -eu

cat > bread.yaml <<'YAML'
parameters:
  heat:    {type: int, low: 150, high: 250, step: 5, default: 200}
  minutes: {type: int, low: 10, high: 60, default: 30}
  flour:   {type: categorical, choices: [wheat, rye]}
YAML

# The oven, the simulation, the person with a notebook: gets the configuration, prints a number.
bake() {
    awk -v heat="$1" -v minutes="$2" -v flour="$3" \
        'BEGIN { printf "%.2f", 9 - ((heat - 215) / 25) ^ 2 - ((minutes - 40) / 12) ^ 2 - (flour == "rye" ? 0.5 : 0) }'
}

# The value of one key of a JSON document, without help from other programs.
value() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p"; }

# The first ask makes the study. What is enqueued comes before any proposal.
one() {
    task=$(tunewright ask bread.db --space bread.yaml --metric taste --maximize --json)
    trial=$(echo "$task" | value trial)
    taste=$(bake "$(echo "$task" | value heat)" "$(echo "$task" | value minutes)" "$(echo "$task" | value flour)")
    tunewright tell bread.db "$trial" "taste=$taste" "oven=kitchen"
}

one
tunewright enqueue bread.db heat=220 minutes=35 --note "grandmother's way"
one
task=$(tunewright ask bread.db --json)
tunewright tell bread.db "$(echo "$task" | value trial)" --failed "the oven was cold"

tunewright best bread.db
echo "everything: tunewright show bread.db"
