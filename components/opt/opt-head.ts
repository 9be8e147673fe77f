import { ANY_PORT, CONNECTED } from "../hosts/connected";

/** Port of Alpa in the head's pod: a constant of Alpa's. */
export const ALPA_PORT = 20001;
/** Port of Ray's GCS. */
export const GCS_PORT = 6379;

/**
 * What the head's container runs besides Ray. It waits until every node has joined, starts Alpa, and ends when Alpa has
 * ended or a node has been away for half a minute: Alpa does not notice, and answers nothing from then on. With it the
 * container ends and is started again, and the model is loaded anew.
 */
const WATCH = `
import os, subprocess, sys, time
import ray

nodes = int(os.environ["ALPA_NODES"])
ray.init(address="auto", namespace="alpa_auth_watch", log_to_driver=False)

def alive():
    return sum(1 for node in ray.nodes() if node["Alive"])

while alive() < nodes:
    time.sleep(2)
alpa = subprocess.Popen(["/bin/bash", "-c", os.environ["ALPA_COMMAND"]])
missed = 0
while alpa.poll() is None and missed < 6:
    time.sleep(5)
    missed = missed + 1 if alive() < nodes else 0
sys.exit("Alpa has ended" if alpa.poll() is not None else "a node of Ray is away")
`;

/**
 * Ray in the background, and what ends first ends the container. As its first process, a shell would not hear that it has
 * to end. The operator gives Ray's own command in a variable.
 */
export const HEAD_SCRIPT = `trap 'exit 143' TERM
ulimit -n 65536
eval "$KUBERAY_GEN_RAY_START_CMD" &
until ray health-check --address "127.0.0.1:${GCS_PORT}" >/dev/null 2>&1; do
    kill -0 $! 2>/dev/null || exit 1
    sleep 2
done
python3 -u -c "$ALPA_WATCH" &
wait -n
exit 1`;

/** Variables of the head's container. */
export function headVariables(nodes: number, command: string): { name: string; value: string }[] {
    return [
        { name: "ALPA_NODES", value: `${nodes}` },
        { name: "ALPA_COMMAND", value: command },
        { name: "ALPA_WATCH", value: WATCH.trim() },
    ];
}

/**
 * Whether Alpa answers with its model loaded. Its port is open before that, and it says so with 400; a request without a
 * prompt is refused before it costs anything.
 */
export const LOADED = `
import json, sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:${ALPA_PORT}/completions", b'{"model": "default"}', {"Content-Type": "application/json"})
try:
    heard = urllib.request.urlopen(request, timeout=4).read()
except urllib.error.HTTPError as error:
    heard = error.read()
message = str(json.loads(heard).get("message", ""))
sys.exit(1 if "is not registered" in message or "No replica of model" in message else 0)
`.trim();

/**
 * Lets running answers finish before the pod goes: nothing new comes once it is on its way out, since no Service leads to
 * it any more.
 * @param seconds longest time, in seconds
 */
export function afterAnswers(seconds: number, port = ALPA_PORT): string {
    return whileConnected(seconds, hex(port), ANY_PORT);
}

/**
 * Keeps a worker for as long as its head runs: an answer under way needs the GPUs of all nodes, and the operator tells all
 * pods of a RayCluster to go at the same time.
 * @param seconds longest time, in seconds
 */
export function afterHead(seconds: number, port = GCS_PORT): string {
    return whileConnected(seconds, ANY_PORT, hex(port));
}

/** The end of the script comes with the end of the last connection of these two ports. */
function whileConnected(seconds: number, local: string, remote: string): string {
    return `${CONNECTED}\nfor i in $(seq ${seconds}); do connected '${local}' '${remote}' || exit 0; sleep 1; done`;
}

function hex(port: number): string {
    return port.toString(16).toUpperCase().padStart(4, "0");
}
