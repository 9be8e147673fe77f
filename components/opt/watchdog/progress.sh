#!/bin/bash
# Functions for bash that check whether Alpa makes progress. Alpa has no health endpoint: after the end of its batch loop, its
# port is still open, and it still rejects invalid requests. Two kinds of requests show progress:
#  - One without a prompt. Alpa's worker rejects it between two batches, since nothing else in the worker runs while it computes.
#    So a delayed answer means that a batch has ended, however long the queue of completions is.
#  - A completion of one token, sent only if the first answer was not delayed. It waits in the queue of callers' completions,
#    and requests of the first kind continue meanwhile.
# @PORT@: Alpa's port. @MODEL@: its model name as JSON, quoted as one word of the shell. @IDLE_SECONDS@, @STUCK_SECONDS@: see
# progress.ts. Pods of Alpa have this text: changing a command restarts Alpa.

LC_ALL=C
alpa_port=@PORT@ idle_seconds=@IDLE_SECONDS@ stuck_seconds=@STUCK_SECONDS@
model=@MODEL@
no_prompt="{\"model\":$model}"
# The rest as Alpa has it by default, since it computes a batch with the values of its last request (a FIXME of its worker).
completion="{\"model\":$model,\"prompt\":\"a\",\"max_tokens\":1}"
# An answer within so many seconds was not delayed by a batch.
at_once=0.5
# By connection: what has been read of the first line of its answer.
begun=()
# Alpa may close a connection while a request is written.
trap '' PIPE

# Sends a request; its connection is $opened.
send() {
    { exec {opened}<>"/dev/tcp/127.0.0.1/$alpa_port"; } 2>/dev/null || return 1
    begun[opened]=""
    { printf 'POST /completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' "${#1}" "$1" >&"$opened"; } 2>/dev/null || :
}
hang_up() {
    local connection=$1
    exec {connection}>&-
}
# Waits at most $2 seconds for the answer on connection $1, and sets $answer. 1: there is none yet; 2: the connection ended.
answered() {
    local text status=0
    IFS= read -r -t "$2" -u "$1" text || status=$?
    begun[$1]+=$text # a host that is busy may read a line in two parts
    ((status <= 128)) || return 1
    ((status == 0)) || return 2
    answer=${begun[$1]}
    IFS= read -r -d '' -t 5 -u "$1" text || :
    answer+=" $text"
}
# shellcheck disable=SC2034 # read by the scripts that include this one
conclude() { state=$1 why=$2; }

# A request without a prompt. 0: answered at once; 1: after a batch; 2: $state is known.
look() {
    local connection status=0 since=$SECONDS delayed=0
    send "$no_prompt" || { conclude absent "nothing listens on port $alpa_port"; return 2; }
    connection=$opened
    answered "$connection" "$at_once" || status=$?
    while ((status == 1)); do
        delayed=1
        if ((SECONDS - since >= stuck_seconds)); then
            hang_up "$connection"
            conclude stuck "one batch has taken more than $stuck_seconds s"
            return 2
        fi
        status=0
        answered "$connection" 1 || status=$?
    done
    hang_up "$connection"
    if ((status == 2)); then
        conclude absent "port $alpa_port closed a connection without an answer"
        return 2
    fi
    case $answer in *"is not registered"* | *"No replica of model"*)
        conclude loading "the model is not loaded"
        return 2
        ;;
    esac
    return "$delayed"
}
# A completion, until it is answered, or nothing ends any more.
complete() {
    local connection status looked progress=$SECONDS
    send "$completion" || { conclude absent "nothing listens on port $alpa_port"; return; }
    connection=$opened
    while status=0; answered "$connection" "$at_once" || status=$?; ((status == 1)); do
        looked=0
        look || looked=$?
        ((looked != 1)) || progress=$SECONDS
        if ((looked != 2)) && ((SECONDS - progress >= idle_seconds)); then
            conclude stuck "a completion waits for an answer, and no batch has run for $idle_seconds s: the batch loop has ended"
            looked=2
        fi
        if ((looked == 2)); then
            hang_up "$connection"
            return
        fi
    done
    hang_up "$connection"
    case $status:$answer in
    2:*) conclude absent "port $alpa_port closed a connection without an answer" ;;
    0:"HTTP/1.1 200 "*) conclude answers "a completion was answered" ;;
    *) conclude rejected "Alpa rejects a completion: $(printf '%s' "${answer#*$'\r\n\r\n'}" | tr -d '\r\n' | head -c 200)" ;;
    esac
}
# Sets $state, and $why it is that:
#   answers   a completion was answered, or a batch has ended
#   stuck     there is no progress: restart Alpa
#   loading   the model is not loaded
#   absent    nothing listens, or it ends connections
#   rejected  Alpa rejects the completion, so nothing is known
watch_alpa() {
    local looked=0
    look || looked=$?
    case $looked in
    0) complete ;;
    1) conclude answers "a batch has ended" ;;
    esac
}
