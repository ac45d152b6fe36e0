# SPDX-License-Identifier: BSD-3-Clause
# Bash completion for chkpt-mpi: our options up to the script, then files.
_chkpt_mpi() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -o | -f | -z | -W | -X | --output-dir | --run-id | --frequency | --interval | --min-obj-size | \
        --mode | --resume | --keep | --files | --copy-limit | --signal | --cut-timeout | \
        --deadline-margin | --trial-after | --stdout | --config | --torture | --torture-seed | --load-back)
        ((i++))
        ;;
      -m | -c | - | -- | [!-]*)
        compopt -o default
        return
        ;;
    esac
  done
  case $before in
    --mode) COMPREPLY=($(compgen -W "continue tracked" -- "$word")) ;;
    --resume) COMPREPLY=($(compgen -W "auto never must" -- "$word")) ;;
    --files) COMPREPLY=($(compgen -W "undo keep" -- "$word")) ;;
    --signal) COMPREPLY=($(compgen -W "USR1,USR2,TERM none" -- "$word")) ;;
    -o | --output-dir) COMPREPLY=($(compgen -d -- "$word")) ;;
    --stdout | --config | --load-back) COMPREPLY=($(compgen -f -- "$word")) ;;
    -f | -z | --run-id | --frequency | --interval | --min-obj-size | --keep | --copy-limit | --cut-timeout | --deadline-margin | --trial-after | --torture | --torture-seed) ;;
    *)
      if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "--output-dir --run-id --frequency --interval --min-obj-size --mode
          --resume --keep --files --stdout --copy-limit --signal --cut-timeout --deadline-margin --requeue --slurm-comment
          --verify-snapshots --trial-after --dry-run --torture --torture-seed --load-back --config --verbose
          --quiet --show-config --version --help -o -f -z -v -q -m -c" -- "$word"))
      else
        compopt -o default
      fi
      ;;
  esac
}
complete -F _chkpt_mpi chkpt-mpi
