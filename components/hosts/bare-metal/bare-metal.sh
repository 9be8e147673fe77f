#!/bin/sh
# Runs as root. Arguments: host, owner, start|stop|answers|silent|holds|rests|release, and words that say more.
# The script of an interrupted run keeps waiting on the host. The next run supersedes it, and the earlier script then
# ends without a change. A host keeps the files of each stack in one folder; next to these folders, a file for each
# converted service names its stack. script.ts sets:
: "${unit?}" "${start_command?}" "${stop_command?}" "${alpa_host?}" "${port?}" "${stop_seconds?}" "${start_seconds?}" "${answer_seconds?}"

umask 077
where=$1 owner=$2 mode=$3
shift 3
words=" $* " head=
# Whose turn it is, all stacks of a host share; what one of them did to it, the others do not take for their own.
run=/run/alpa-auth-bare-metal kept=/etc/alpa-auth-bare-metal/$(printf '%s' "$owner" | sed 's/[^A-Za-z0-9._-]/,/g')
mark=/etc/alpa-auth-bare-metal/of-${unit:-commands}

fail() {
    printf '%s\n' "$where: $1" >&2
    exit 1
}
asked() { case $words in *" $1 "*) return 0 ;; esac; return 1; }
now() { date +%s; }
my_turn() {
    [ "$(cat "$run/turn" 2>/dev/null)" = "$turn" ] || fail "must be left to the run that came after this one. Look at what that one says."
}
# A moment, and whether there is more time until $end.
more_time() {
    sleep 0.5
    my_turn
    [ "$(now)" -le "$end" ]
}

gpu_users() {
    command -v nvidia-smi >/dev/null || fail "must have nvidia-smi, to see whether its GPUs are free. Install the driver's tools."
    said=$(timeout 30 nvidia-smi --query-compute-apps=pid --format=csv,noheader 2>&1) ||
        fail "must answer nvidia-smi ($(echo "$said" | head -n 1)). Look at the driver: dmesg | grep -i nvrm"
    # Beside numbers of processes it may print warnings, as of a damaged infoROM, that name a GPU by its number.
    echo "$said" | tr -d ' \r' | grep -E '^[0-9]+$' | tr '\n' ' '
}
until_free() {
    end=$(($(now) + stop_seconds))
    while :; do
        users=$(gpu_users) || return 1
        [ -n "$users" ] || return 0
        more_time || fail "must have its GPUs free within $stop_seconds s $1 (processes that hold them: $users). Look: nvidia-smi; ps -fp <process>"
    done
}
. ../connected.sh
# Requests that are being answered: connections that came to Alpa's port.
after_answers() {
    end=$(($(now) + answer_seconds))
    while connected "$(printf %04X "$port")" '[0-9A-F]{4}'; do more_time || return 0; done
}
# Alpa's port is open before its model is: it says so with 400. A request without a prompt costs it nothing.
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
        # Where nobody can tell, it was not stopped by us.
        users=$(gpu_users 2>/dev/null) || return 0
        [ -n "$users" ]
    fi
}
# Its service is on its way, as after a run that was cut off: then it is itself that holds the GPUs.
starts() { [ -n "$unit" ] && [ "$(systemctl is-active "$unit" 2>/dev/null || :)" = activating ]; }
# A command given in the settings. It may hold secrets, and so may what it says: both stay in root's files on the host. What it
# leaves running holds neither.
command_of() {
    printf '%s
' "$3" >"$run/command"
    ended=0
    timeout "$2" sh "$run/command" </dev/null >"$run/said" 2>&1 || ended=$?
    rm -f "$run/command"
    [ "$ended" = 0 ] || fail "the $1 command must succeed within $2 s (exit code $ended). Look: $run/said"
}
halt() {
    if [ -n "$unit" ]; then
        timeout "$stop_seconds" systemctl stop "$unit" >/dev/null 2>&1 || fail "$unit must stop within $stop_seconds s ($(systemctl is-active "$unit" 2>&1 || :)). Look: systemctl status $unit"
    elif [ ! -e "$kept/stopped" ]; then
        command_of stop "$stop_seconds" "$stop_command"
    fi
    : >"$kept/stopped"
}
# A run of Ray: the head says which it is, and a worker that joined another one knows nothing of it, and starts anew.
joined() { cat "$kept/run" 2>/dev/null || echo as-found; }
begin() {
    if [ -n "$head" ] && [ -e "$kept/run" ] && [ "$head" != "$(joined)" ] && runs; then halt; fi
    if ! runs; then
        starts || until_free "before Alpa may start" || echo "Nobody can see whether the GPUs are free: Alpa is started all the same."
        my_turn
        rm -f "$kept/free"
        if [ -n "$unit" ]; then
            systemctl reset-failed "$unit" >/dev/null 2>&1 || :
            timeout "$start_seconds" systemctl start "$unit" >/dev/null 2>&1 ||
                fail "$unit must start within $start_seconds s (exit code $?). Look: journalctl -u $unit"
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
    # Seen free once is enough: from then on the component may hold them.
    if [ -e "$kept/free" ] && ! runs; then
        at_boot
        echo "stopped before"
        return 0
    fi
    if asked after-answers; then after_answers; fi
    my_turn
    halt
    until_free "after Alpa has stopped" || exit 1
    : >"$kept/free"
    at_boot
    echo "stopped, GPUs free"
}
# What was enabled is so again when it comes back.
at_boot() {
    [ -n "$unit" ] || return 0
    if asked boot=never; then
        if systemctl is-enabled --quiet "$unit" 2>/dev/null; then
            : >"$kept/enabled"
            systemctl disable "$unit" >/dev/null 2>&1 || fail "must be able to disable $unit. Look: systemctl disable $unit"
        fi
    elif [ -e "$kept/enabled" ]; then
        systemctl enable "$unit" >/dev/null 2>&1 || fail "must be able to enable $unit. Look: systemctl enable $unit"
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
mkdir -p "$run" "$kept" || fail "must have room for $kept. Free space there and run pulumi up again."
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
