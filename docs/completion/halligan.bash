# SPDX-License-Identifier: Apache-2.0
# Bash completion for halligan: commands and options as `halligan --help` lists them, names of secrets
# never (they stand in the vault).

_halligan() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words commands
	commands=$(halligan --help 2>/dev/null | sed -n 's/^  \([a-z]*\( [a-z]\{2,\}\)\{0,1\}\) .*/\1/p')
	case $previous in
	--vault | --attestation-certs | --target-json | --out | --field | --value | --via)
		mapfile -t COMPREPLY < <(compgen -f -- "${current#*=}")
		return ;;
	esac
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(cut -d' ' -f1 <<<"$commands" | sort -u)
	elif [[ $current == -* ]]; then
		local command=${COMP_WORDS[1]}
		[[ ${COMP_WORDS[2]} == -* ]] || ! grep -q "^$command [a-z]" <<<"$commands" || command="$command ${COMP_WORDS[2]}"
		# shellcheck disable=SC2086
		words=$(halligan $command --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
	elif [ "$COMP_CWORD" -eq 2 ]; then
		words=$(sed -n "s/^${COMP_WORDS[1]} //p" <<<"$commands")
	fi
	mapfile -t COMPREPLY < <(compgen -W "${words:-}" -- "$current")
	[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -F _halligan halligan
