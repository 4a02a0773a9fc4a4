#!/usr/bin/env bats
# Completion, as the operator has it: a line and a TAB, typed into a real shell.

load lib

setup_file() {
	unset "${!ANCHORE_ADMIN_@}"
	export PATH=${ANCHORE_ADMIN%/*}:$PATH
	timeout 20 "$ANCHORE_ADMIN" completion bash >"$BATS_FILE_TMPDIR/bash"
	timeout 20 "$ANCHORE_ADMIN" completion zsh >"$BATS_FILE_TMPDIR/zsh"
}

setup() {
	HERE=$BATS_TEST_TMPDIR/here
	mkdir -p "$HERE/folder"
	touch "$HERE/file"
}

# typed SHELL LINE...: the lines, each with a TAB; $output is what the shell shows.
typed() {
	if [ "$1" = zsh ] && ! command -v zsh >/dev/null; then
		lacking "zsh is not installed"
	fi
	run timeout 120 python3 "$BATS_TEST_DIRNAME/complete.py" "$1" "$HERE" "$BATS_FILE_TMPDIR/$1" "${@:2}"
	if [ "$status" -ne 0 ]; then
		show "complete.py failed"
		return 1
	fi
}

# become SHELL [TYPED RESULT]...: each line is completed so far, = after a long option or not.
become() {
	local shell=$1 pair=0 asked=() results=() stand
	shift
	while [ $# -gt 0 ]; do
		asked+=("$1")
		results+=("$2")
		shift 2
	done
	typed "$shell" "${asked[@]}"
	mapfile -t stand < <(sed -n 's/.*<\(.*\)>$/\1/p' <<<"$output")
	[ ${#stand[@]} -eq ${#asked[@]} ]
	for pair in "${!asked[@]}"; do
		if [ "${stand[pair]%=}" != "${results[pair]}" ]; then
			show "typed '${asked[pair]}', wanted '${results[pair]}', got '${stand[pair]}'"
			return 1
		fi
	done
}

# offered WORD...: each stands in what was shown.
offered() {
	local word
	for word in "$@"; do
		if ! grep -Eq -- "(^|[[:space:]])$word([[:space:]]|\$)" <<<"$output"; then
			show "$word is not offered"
			return 1
		fi
	done
}

not_offered() {
	local word
	for word in "$@"; do
		if (offered "$word") 2>/dev/null; then
			show "$word is offered"
			return 1
		fi
	done
}

# The first column of what the help says between two headings.
help_names() {
	timeout 20 "$ANCHORE_ADMIN" --help --verbose | sed -n "/^$1/,/^\$/p" | sed -nE "s/$2/\\1/p"
}

@test "every command and every option that the help has" {
	local shell
	for shell in bash zsh; do
		typed "$shell" 'anchore-admin '
		mapfile -t names < <(help_names 'Commands:' '^  ([a-z]+).*' | sort -u)
		[ ${#names[@]} -gt 8 ]
		offered "${names[@]}"
		typed "$shell" 'anchore-admin snapshot '
		mapfile -t names < <(help_names 'Commands:' '^  snapshot ([a-z]+).*')
		[ ${#names[@]} -gt 3 ]
		offered "${names[@]}"
		typed "$shell" 'anchore-admin backup --'
		mapfile -t names < <(help_names 'Options of every command:' '^  .* (--[a-z-]+).*')
		[ ${#names[@]} -gt 20 ]
		offered "${names[@]}" --incremental
		not_offered --undo --dontask --to
	done
}

@test "commands, wherever the options stand" {
	local shell
	for shell in bash zsh; do
		become "$shell" \
			'anchore-admin up' 'anchore-admin upgrade ' \
			'anchore-admin -q --jobs 2 --store /nowhere snapshot ver' \
			'anchore-admin -q --jobs 2 --store /nowhere snapshot verify ' \
			'anchore-admin db --db-connect postgresql://x:y@db:5432/z up' \
			'anchore-admin db --db-connect postgresql://x:y@db:5432/z upgrade ' \
			'anchore-admin help ba' 'anchore-admin help backup ' \
			'anchore-admin backup up' 'anchore-admin backup up'
	done
}

@test "options, and none after --" {
	local shell
	for shell in bash zsh; do
		become "$shell" \
			'anchore-admin backup --inc' 'anchore-admin backup --incremental ' \
			'anchore-admin upgrade --inc' 'anchore-admin upgrade --inc'
		typed "$shell" 'anchore-admin db upgrade --d'
		offered --database --db-connect --dontask --dry-run
		become "$shell" 'anchore-admin restore -- --und' 'anchore-admin restore -- --und'
	done
}

@test "values: words, files and folders" {
	local shell
	for shell in bash zsh; do
		become "$shell" \
			'anchore-admin downgrade --by e' 'anchore-admin downgrade --by edges ' \
			'anchore-admin upgrade --dry-run=s' 'anchore-admin upgrade --dry-run=sql ' \
			'anchore-admin completion z' 'anchore-admin completion zsh ' \
			'anchore-admin --config fi' 'anchore-admin --config file ' \
			'anchore-admin --config=fi' 'anchore-admin --config=file ' \
			'anchore-admin -c fi' 'anchore-admin -c file ' \
			'anchore-admin backup --store f' 'anchore-admin backup --store folder/' \
			'anchore-admin init f' 'anchore-admin init folder/' \
			'anchore-admin restore fi' 'anchore-admin restore file '
	done
}

@test "versions, from the graph of the deployment" {
	local shell
	cat >"$HERE/anchore-admin.yaml" <<-YAML
		migrations: $SRCDIR/sql
	YAML
	for shell in bash zsh; do
		typed "$shell" 'anchore-admin upgrade --to 0.2.'
		offered 0.2.0 0.2.1 0.2.2 0.2.3 0.2.4
		not_offered 0.0.7 0.3.0
		typed "$shell" "anchore-admin -c /dev/null --migrations $SRCDIR/sql graph path 0.0.1"
		offered 0.0.10 0.0.16
		typed "$shell" 'anchore-admin -c /dev/null --migrations folder graph path 0.0.1'
		not_offered 0.0.10
	done
	typed bash 'anchore-admin restore latest:0.0.1'
	offered 0.0.10 0.0.16
}

@test "snapshots, from the store" {
	local shell id
	id=$(timeout 20 "$ANCHORE_ADMIN" snapshot list --store "$SRCDIR/snapshots" -c /dev/null |
		sed -nE 's/^([0-9a-f]{12}) .*/\1/p' | head -n 1)
	[ -n "$id" ]
	for shell in bash zsh; do
		become "$shell" \
			"anchore-admin snapshot pin --store $SRCDIR/snapshots ${id:0:8}" \
			"anchore-admin snapshot pin --store $SRCDIR/snapshots $id " \
			'anchore-admin restore lat' 'anchore-admin restore latest '
	done
}

@test "services, from the settings" {
	local shell
	cat >"$HERE/anchore-admin.yaml" <<-YAML
		services:
		  - {name: catalog, argv: [/bin/true]}
		  - {name: apiext, argv: [/bin/true]}
	YAML
	for shell in bash zsh; do
		typed "$shell" 'anchore-admin service stop '
		offered catalog apiext
		become "$shell" 'anchore-admin service logs -f --lines 5 apiext cat' \
			'anchore-admin service logs -f --lines 5 apiext catalog '
	done
}

@test "what is typed is never run" {
	local shell
	for shell in bash zsh; do
		# shellcheck disable=SC2016
		typed "$shell" 'anchore-admin --store "$(touch ran)" --migrations `touch ran` -c ;touch\ ran restore '
		# shellcheck disable=SC2016
		typed "$shell" 'anchore-admin --store $(touch${IFS}ran) snapshot show '
		[ ! -e "$HERE/ran" ]
	done
}

@test "the command itself" {
	run --separate-stderr timeout 20 "$ANCHORE_ADMIN" completion fish
	[ "$status" -eq 2 ]
	contains "$stderr" "no completion for 'fish'" 'hint: .*completion bash'
	run --separate-stderr timeout 20 "$ANCHORE_ADMIN" completion
	[ "$status" -eq 2 ]
	run --separate-stderr timeout 20 "$ANCHORE_ADMIN" completion bash --json
	python3 -c 'import json, sys; print(json.load(sys.stdin)["script"], end="")' <<<"$output" |
		cmp - "$BATS_FILE_TMPDIR/bash"
	timeout 60 shellcheck "$BATS_FILE_TMPDIR/bash"
	# Settings that are wrong do not hinder it.
	ANCHORE_ADMIN_CONFIG=/nowhere timeout 20 "$ANCHORE_ADMIN" completion zsh >/dev/null
}
