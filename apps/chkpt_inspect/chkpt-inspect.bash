# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chkpt-inspect.

_chkpt_inspect() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local commands="summary list tree stack check"
  local options="--json --rank --depth --all --top --wide --help --version"
  COMPREPLY=()
  case $previous in
    -r|--rank) mapfile -t COMPREPLY < <(compgen -W "all 0 1 2 3" -- "$current"); return ;;
    --depth|-n|--top) return ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  if [[ $COMP_CWORD -eq 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  fi
  compopt -o filenames 2> /dev/null
  local path
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "$current")
}

complete -F _chkpt_inspect chkpt-inspect
