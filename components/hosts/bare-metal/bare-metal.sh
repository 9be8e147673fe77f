#!/bin/sh
# Runs as root. Arguments: host, owner, start|stop|answers|silent|holds|rests|release, then options of that action.
# The script of an interrupted run keeps waiting on the host. The next run supersedes it, and the earlier script then
# ends without a change. Each stack has a folder on the host. Next to these folders, a file for each converted service
# contains the name of its stack. bare-metal.ts sets:
: "${unit?}" "${start_command?}" "${stop_command?}" "${alpa_host?}" "${port?}" "${stop_seconds?}" "${start_seconds?}" "${answer_seconds?}"

umask 077
where=$1 owner=$2 mode=$3
shift 3
words=" $* " head=
# All stacks of a host share $run, which has the id of the newest run. $kept has the records of this stack alone.
run=/run/alpa-auth-bare-metal kept=/etc/alpa-auth-bare-metal/$(printf '%s' "$owner" | sed 's/[^A-Za-z0-9._-]/,/g')
mark=/etc/alpa-auth-bare-metal/of-${unit:-commands}

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
asked() { case $words in *" $1 "*) return 0 ;; esac; return 1; }
now() { date +%s; }
my_turn() {
    [ "$(cat "$run/turn" 2>/dev/null)" = "$turn" ] || fail "a newer run has taken over this host. See the output of that run."
}
# Waits half a second, and then succeeds if $end has not passed.
more_time() {
    sleep 0.5
    my_turn
    [ "$(now)" -le "$end" ]
}

gpu_users() {
    command -v nvidia-smi >/dev/null || fail "nvidia-smi is missing, so it is unknown whether the GPUs are free. Install the driver's tools."
    said=$(timeout 30 nvidia-smi --query-compute-apps=pid --format=csv,noheader 2>&1) ||
        fail "nvidia-smi failed ($(echo "$said" | head -n 1)). Check the driver: dmesg | grep -i nvrm"
    # It may also print warnings with the number of a GPU, for example about a damaged infoROM.
    echo "$said" | tr -d ' \r' | grep -E '^[0-9]+$' | tr '\n' ' '
}
until_free() {
    end=$(($(now) + stop_seconds))
    while :; do
        users=$(gpu_users) || return 1
        [ -n "$users" ] || return 0
        more_time || fail "the GPUs were not free after $stop_seconds s, $1 (processes that use them: $users). Run: nvidia-smi; ps -fp <process>"
    done
}
. ../connected.sh
# Waits for running answers, which are connections to Alpa's port.
after_answers() {
    end=$(($(now) + answer_seconds))
    while connected "$(printf %04X "$port")" '[0-9A-F]{4}'; do more_time || return 0; done
}
# Sends a request without a prompt, which uses no GPU. Alpa rejects it, and the error tells whether the model is loaded.
say() {
    curl -sS --noproxy '*' --max-time 5 -H 'Content-Type: application/json' -d '{"model":"default"}' "http://127.0.0.1:$port/completions" 2>&1
}
loaded() {
    heard=$(say) || return 1
    case $heard in
    *"is not registered"* | *"No replica of model"*) return 1 ;;
    *'"type"'*) return 0 ;;
    esac
    return 1
}

runs() {
    if [ -n "$unit" ]; then
        systemctl is-active --quiet "$unit"
    else
        [ ! -e "$kept/stopped" ] || return 1
        # If the GPUs cannot be queried: this stack has not stopped Alpa, so Alpa counts as running.
        users=$(gpu_users 2>/dev/null) || return 0
        [ -n "$users" ]
    fi
}
# Whether the service is starting, for example since an interrupted run. Then it uses the GPUs itself.
starts() { [ -n "$unit" ] && [ "$(systemctl is-active "$unit" 2>/dev/null || :)" = activating ]; }
# Runs a command of the config. The command and its output may contain secrets, so both are only in files of root. It runs
# from a file, so that no process has it as an argument.
command_of() {
    printf '%s
' "$3" >"$run/command"
    ended=0
    timeout "$2" sh "$run/command" </dev/null >"$run/said" 2>&1 || ended=$?
    rm -f "$run/command"
    [ "$ended" = 0 ] || fail "the $1 command failed, or did not end within $2 s (exit code $ended). Read its output in $run/said."
}
halt() {
    if [ -n "$unit" ]; then
        timeout "$stop_seconds" systemctl stop "$unit" >/dev/null 2>&1 || fail "$unit did not stop within $stop_seconds s ($(systemctl is-active "$unit" 2>&1 || :)). Run: systemctl status $unit"
    elif [ ! -e "$kept/stopped" ]; then
        command_of stop "$stop_seconds" "$stop_command"
    fi
    : >"$kept/stopped"
}
# Id of the Ray run that this host has joined. A worker that has joined another run than the head's is restarted.
joined() { cat "$kept/run" 2>/dev/null || echo as-found; }
begin() {
    if [ -n "$head" ] && [ -e "$kept/run" ] && [ "$head" != "$(joined)" ] && runs; then halt; fi
    if ! runs; then
        starts || until_free "so Alpa was not started" || echo "Warning: the GPU check failed, so it is unknown whether the GPUs are free. Starting Alpa anyway."
        my_turn
        rm -f "$kept/free"
        if [ -n "$unit" ]; then
            systemctl reset-failed "$unit" >/dev/null 2>&1 || :
            timeout "$start_seconds" systemctl start "$unit" >/dev/null 2>&1 ||
                fail "$unit did not start within $start_seconds s (exit code $?). Run: journalctl -u $unit"
        else
            command_of start "$start_seconds" "$start_command"
        fi
        echo "$turn" >"$kept/run"
    fi
    rm -f "$kept/stopped" "$kept/free"
    if [ -n "$head" ]; then echo "$head" >"$kept/run"; fi
    at_boot
    echo "runs: $(joined)"
}
cease() {
    # An earlier run has stopped Alpa and seen the GPUs free. The component may use them now, so they are not checked.
    if [ -e "$kept/free" ] && ! runs; then
        at_boot
        echo "stopped before"
        return 0
    fi
    if asked after-answers; then after_answers; fi
    my_turn
    halt
    until_free "although Alpa has stopped" || exit 1
    : >"$kept/free"
    at_boot
    echo "stopped, GPUs free"
}
# Disables the start at boot, or enables it again if this script has disabled it.
at_boot() {
    [ -n "$unit" ] || return 0
    if asked boot=never; then
        if systemctl is-enabled --quiet "$unit" 2>/dev/null; then
            : >"$kept/enabled"
            systemctl disable "$unit" >/dev/null 2>&1 || fail "could not disable $unit. Run: systemctl disable $unit"
        fi
    elif [ -e "$kept/enabled" ]; then
        systemctl enable "$unit" >/dev/null 2>&1 || fail "could not enable $unit. Run: systemctl enable $unit"
        rm -f "$kept/enabled"
    fi
}

. ./checks.sh

for word in $words; do case $word in head=*) head=${word#head=} ;; esac; done
if [ "$mode" = release ]; then
    release
    exit
fi
check_host
mkdir -p "$run" "$kept" || fail "cannot create $kept (the disk is full or read-only). Free space there and run pulumi up again."
case $mode in start | stop) claim ;; esac
check_head
check_gpus
turn="$(now).$$"
echo "$turn" >"$run/turn"
case $mode in
start) begin ;;
stop) cease ;;
answers) answers ;;
silent) silent ;;
holds) holds ;;
rests) rests ;;
esac
